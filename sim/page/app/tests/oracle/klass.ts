/** Replays and answers of the class for jobs that Python wrote: node klass.mjs CASES.json; see tests/test_page_class.py. */
import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { replayJob } from "../../src/klass/open";
import type { State } from "../../src/klass/replay";
import { mostTelling, reveals, rightChoice, type Means } from "../../src/klass/story";
import { Why } from "../../src/klass/why";
import { columnOf, encoded } from "./json";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
await import(pathToFileURL(asked.script).href);
const { Engine, readJob } = (globalThis as any).codoseEngine;
const layout = JSON.parse(fs.readFileSync(asked.layout, "utf8"));
const engine = await Engine.load(fs.readFileSync(asked.wasm), layout);
const why = new Why(asked.equations, engine.rules, (argument) => argument);

const PERSON: State[] = ["trust", "accountability", "knowledge", "integration"];
const SITE: State[] = ["provider_accountability", "context", "routines"];
const siteNames: Record<string, "record" | "context" | "routines"> =
  { provider_accountability: "record", context: "context", routines: "routines" };

function replayed(one: any): unknown {
  const job = new Uint8Array(fs.readFileSync(one.job));
  const found = replayJob(engine, readJob, job, columnOf(one.set), one.replicate);
  const accounts: any[] = [];
  if (one.accounts) {
    for (const seen of found.weeks.slice(1)) {
      const before = found.weeks[seen.week - 1];
      seen.regions.forEach((region, r) => {
        const add = (state: State, post: number, start: number, end: number) => {
          const changes = seen.changes.filter((x) => x.region === r && x.post === post);
          const { digits, start: shown, end: last, told } = why.account(state, changes, start, end);
          accounts.push({
            where: `week ${seen.week} post ${post} ${state}`, digits, start, end,
            shownStart: shown, shownEnd: last,
            told: told.map((x) => ({
              shown: x.shown, amount: x.amount,
              lines: x.lines.map(({ numbers, value }) => [numbers, value]),
            })),
          });
        };
        region.people.forEach((person, post) => {
          for (const state of PERSON) {
            const was = before.regions[r].people[post] as any;
            add(state, post, was[state], (person as any)[state]);
          }
        });
        for (const state of SITE) {
          const name = siteNames[state];
          add(state, -1, before.regions[r][name], region[name]);
        }
      });
    }
  }
  const count = (list: { what: string; count: number }[], what: string) =>
    list.filter((x) => x.what === what).reduce((sum, x) => sum + x.count, 0);
  return {
    differences: found.differences.slice(0, 5),
    weeks: found.weeks.length,
    events: found.weeks.map((seen) => ({
      held: seen.contacts.filter((x) => x.status === "held" || x.status === "nobody").length,
      present: seen.contacts.reduce((sum, x) => sum + x.present.length, 0),
      failed_provider: seen.contacts.filter((x) => x.status === "provider").length,
      failed_region: seen.contacts.filter((x) => x.status === "region").length,
      made: count(seen.promises, "made"),
      kept: count(seen.promises, "kept"),
      broken: count(seen.promises, "broken"),
      lapsed: count(seen.promises, "lapsed"),
      leavers: seen.left.length,
      provider_left: found.providers.filter((one) => seen.providersLeft.includes(one)).length,
    })),
    accounts,
    telling: (one.looks ?? []).map((look: any) => {
      const best = mostTelling(look, found, engine.rules, layout);
      return best && { week: best.week, post: best.post, amount: best.amount };
    }),
  };
}

/** given: {left: {outcome: {week: [a mean for each set]}}, right: ...}. */
const meansOf = (given: any): Means => ({
  sets: asked.sets,
  of: (side, outcome, week) => columnOf(given[side][outcome][week]),
});

function told(one: any): unknown {
  const means = meansOf(one.means);
  const on = one.on ? meansOf(one.on) : null;
  return {
    right: rightChoice(one.step, means, on, asked.names, asked.columns.map(columnOf)),
    reveals: reveals(one.step.show, means, (outcome) => asked.kinds[outcome]),
  };
}

process.stdout.write(encoded({
  replays: (asked.replays ?? []).map(replayed),
  steps: (asked.steps ?? []).map(told),
}));
