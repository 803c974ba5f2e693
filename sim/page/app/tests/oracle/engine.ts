/** Makes scenarios, jobs, planned costs and runs as the page does: node engine.mjs CASES.json; see
 * tests/test_page_engine.py. */
import fs from "node:fs";
import * as complete from "../../src/model/complete";
import type { Layout } from "../../src/model/engine";
import { makeJob } from "../../src/model/job";
import { startRunner } from "../../src/study/runner";
import type { RunRequest } from "../../src/types";
import { threads } from "../threads";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const layout: Layout = JSON.parse(fs.readFileSync(asked.layout, "utf8"));
const wasm = new Uint8Array(fs.readFileSync(asked.wasm));
const whole = complete.completer(asked.data);
const runner = await startRunner(asked.data, { layout, wasm }, { workers: 2, start: threads() });
const base64 = (bytes: ArrayBufferLike): string => Buffer.from(bytes).toString("base64");

async function answer(one: any): Promise<unknown> {
  const scenario = whole(one.scenario);
  const weeks = Array.from({ length: scenario.horizon_weeks }, (_, i) => i + 1);
  const sets = one.run === undefined ? [] : runner.sets.within(scenario).slice(0, one.run.sets);
  const request: RunRequest = { scenario, seed: scenario.seed, ...one.run, sets };
  const runs = one.run === undefined ? null : await runner.run(request);
  return {
    scenario: JSON.stringify(scenario),
    job: base64(makeJob(runner.engine, scenario, BigInt(one.seed), one.stagger, one.weeks).buffer),
    planned: runner.planned(scenario),
    own: base64(runner.sets.own(scenario).buffer),
    derived: {
      region_names: complete.regionNames(scenario),
      provider_names: complete.providerNames(scenario),
      staff_counts: complete.staffCounts(scenario),
      assignment: complete.assignment(scenario),
      hours_each: complete.hoursEach(scenario),
      logged_weeks: complete.loggedWeeks(scenario),
      plan_start: complete.planStart(scenario),
      end_of_ta: complete.endOfTa(scenario),
      has_ta: complete.hasTa(scenario),
      end_stopping_now: complete.endOfTa(complete.stoppingNow(scenario)),
      end_without_ta: complete.endOfTa(complete.withoutTa(scenario)),
      days: weeks.map((week) => complete.dayOf(scenario, week) ?? ""),
      pauses: complete.pauses(scenario).map((one) => [one.week, one.until_week]),
    },
    runs: runs && {
      places: runs.places,
      made: runs.made,
      failed: runs.failed,
      values: base64(runs.values.buffer),
      weekly: runs.weekly && base64(runs.weekly.buffer),
    },
  };
}

const found = [];
for (const one of asked.cases) found.push(await answer(one));
runner.close();
process.stdout.write(JSON.stringify(found));
