/** The page's runner in Node, on threads, with the data that Python wrote for the page. */
import fs from "node:fs";
import path from "node:path";
import { type Completer, completer } from "../../src/model/complete";
import { type PageRunner, startRunner } from "../../src/study/runner";
import type { PageData } from "../../src/types";
import { threads } from "../threads";

export interface InNode {
  data: PageData;
  runner: PageRunner;
  complete: Completer;
}

/** Starts a runner. file: the JSON file of PageData; shipped: the folder of the engine. */
export async function pageRunner(file: string, shipped: string): Promise<InNode> {
  const data: PageData = JSON.parse(fs.readFileSync(file, "utf8"));
  const layout = JSON.parse(fs.readFileSync(path.join(shipped, "layout.json"), "utf8"));
  const wasm = fs.readFileSync(path.join(shipped, "engine.wasm"));
  const runner = await startRunner(data, { layout, wasm }, { workers: 2, start: threads() });
  return { data, runner, complete: completer(data) };
}
