/** Reads, writes and checks documents as the page does, for Python's tests; see tests/test_page_documents.py. */
import fs from "node:fs";
import { check, isObject } from "../../src/model/check";
import { MOST_BYTES, plansText, planText, readFile, readText } from "../../src/model/files";
import { withLog } from "../../src/model/log";
import { checkPlansFile } from "../../src/model/plans_check";
import { didYouMean } from "../../src/model/python_text";
import { readYaml, writeYaml } from "../../src/model/yaml_text";
import { encoded } from "./json";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

/** A value in a form that JSON keeps exactly, such as numbers as text. */
function told(value: any): any {
  if (typeof value === "number") return { number: String(value) };
  if (Array.isArray(value)) return value.map(told);
  if (typeof value === "object" && value !== null)
    return { mapping: Object.entries(value).map(([name, one]) => [name, told(one)]) };
  if (typeof value === "string") return `text ${value}`; // marks texts, so that the text "Infinity" is not read as a number
  return value === null ? { null: true } : value;
}

async function answer(one: any): Promise<unknown> {
  switch (one.what) {
    case "read": {
      const reading = readYaml(one.text);
      return { data: reading.data === undefined ? "nothing" : told(reading.data), problems: reading.problems };
    }
    case "write":
      return writeYaml(one.data, one.source ?? undefined);
    case "check": {
      const reading = readYaml(one.text);
      const found = [...reading.problems];
      if (reading.data !== undefined) found.push(...check(reading.data, asked.page, reading));
      return found.map((problem) => ({ line: problem.line ?? 0, text: problem.text }));
    }
    case "plans": {
      const reading = readYaml(one.text, MOST_BYTES);
      const found = [...reading.problems];
      if (isObject(reading.data)) found.push(...checkPlansFile(reading.data, asked.page, reading));
      else if (reading.data !== undefined) found.push({ path: [], text: "no mapping" });
      return found.map((problem) => ({ line: problem.line ?? 0, text: problem.text }));
    }
    case "again": {
      const read = readText(one.text, "plans.yaml", asked.page);
      return read.kind === "plans" ? plansText(read.file) : read.kind === "plan" ? planText(read.plan) : read;
    }
    case "plans_text":
      return plansText(one.file);
    case "log": {
      const read = await readFile({ name: one.name, bytes: new TextEncoder().encode(one.text) }, asked.page, null, "log", one.map);
      return read.kind === "log" ? withLog(one.scenario, read.log, asked.page).scenario : read;
    }
    case "near":
      return didYouMean(one.word, one.options);
  }
  throw new Error(`what is ${one.what}?`);
}

process.stdout.write(encoded(await Promise.all(asked.cases.map(answer))));
