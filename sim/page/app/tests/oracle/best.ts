/** Makes searches and maps as the page does: node best.mjs CASES.json; see tests/test_page_best.py. */
import fs from "node:fs";
import { completer } from "../../src/model/complete";
import type { Layout } from "../../src/model/engine";
import { startRunner } from "../../src/study/runner";
import { type Row, Search } from "../../src/study/search";
import { Space } from "../../src/study/space";
import { Surface } from "../../src/study/surface";
import { threads } from "../threads";
import { encoded } from "./json";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const layout: Layout = JSON.parse(fs.readFileSync(asked.layout, "utf8"));
const wasm = new Uint8Array(fs.readFileSync(asked.wasm));
const whole = completer(asked.data);

async function answer(one: any): Promise<unknown> {
  const runner = await startRunner(asked.data, { layout, wasm }, { workers: one.workers ?? 2, start: threads() });
  const scenario = whole(one.scenario);
  const common = { runner, sets: runner.sets.within(scenario), replicates: one.replicates, seed: scenario.seed, tables: asked.data };
  const began = performance.now();
  const found = one.map ? await map(one, scenario, common) : await search(one, scenario, common, began);
  runner.close();
  return { ...found, seconds: (performance.now() - began) / 1000 };
}

async function search(one: any, scenario: any, common: any, began: number): Promise<any> {
  const space = new Space(scenario, one.levers);
  const search = new Search({ ...common, space, outcomes: asked.data.outcomes, most: one.most });
  let first = 0;
  search.subscribe(() => {
    if (!first && search.get().rows.length) first = (performance.now() - began) / 1000;
  });
  await search.ask(one.goal, { scenario, choice: space.own });
  const found = search.get();
  const told = (row: Row) => ({ ...row, scenario: undefined, data: space.dataOf(row.choice, one.scenario) });
  return {
    ...found,
    first,
    rows: found.rows.map(told),
    frontier: found.frontier.map(told),
    others: found.others.map(told),
    own: found.own && { ...found.own, scenario: undefined },
    nearest: undefined,
    kinds: found.kinds.map((kind: any) => ({ ...kind, row: kind.row && told(kind.row), nearest: kind.nearest && told(kind.nearest) })),
  };
}

async function map(one: any, scenario: any, common: any): Promise<any> {
  const { outcome, target, when, budget, every, hours, mode } = one.map;
  const about = asked.data.outcomes.find((each: any) => each.name === outcome);
  const surface = new Surface({ ...common, scenario, mode, every, hours, about, when, target, budget });
  await surface.go();
  return surface.get();
}

const found = [];
for (const one of asked.cases) found.push(await answer(one));
process.stdout.write(encoded(found));
