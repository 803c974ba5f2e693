/** The part of the page's data that the setting reads: the schema and words of this checkout. */
import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { PageData, ScenarioData } from "../src/types";

const root = path.resolve(process.cwd(), "..", "..", "..");
const json = (name: string) => JSON.parse(fs.readFileSync(path.join(root, name), "utf8"));

export const data = {
  schema: json("scenarios/scenario.schema.json"),
  words: json("sim/page/words.json"),
  functions: {
    names: ["relationship", "learning", "planning", "review", "logistics"],
    presets: {
      reference: { relationship: 0.25, learning: 0.25, planning: 0.15, review: 0.15, logistics: 0.2 },
      relationship_first: { relationship: 0.6, learning: 0.1, planning: 0.1, review: 0.05, logistics: 0.15 },
      training: { relationship: 0, learning: 1, planning: 0, review: 0, logistics: 0 },
      working_session: { relationship: 0.1, learning: 0.1, planning: 0.35, review: 0.3, logistics: 0.15 },
    },
  },
  parameters: [],
  outcomes: [],
} as unknown as PageData;

export function shipped(name: string): ScenarioData {
  return parse(fs.readFileSync(path.join(root, "scenarios", `${name}.yaml`), "utf8"));
}

export const shippedNames = fs
  .readdirSync(path.join(root, "scenarios"))
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => name.slice(0, -5));
