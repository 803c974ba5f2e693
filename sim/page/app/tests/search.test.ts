import assert from "node:assert/strict";
import { test } from "node:test";
import { Prices, taken } from "../src/study/prices";
import { type Found, type Goal, Search } from "../src/study/search";
import { endOfTa } from "../src/model/complete";
import { type Choice, type Kind, keyOf, KINDS, type Levers, Space } from "../src/study/space";
import type { Scenario } from "../src/types";
import { FormulaRunner, OUTCOMES, plannedOf, scenario, series, SETS, TABLES, worthOf } from "./best_fixture";

const SMALL: Levers = {
  calls: ["video", "phone"], callEvery: [2, 4], callHours: [1, 2], visitEvery: [13], visitHours: [2, 4], together: [], months: [],
};
const OWN = scenario([series("onsite", 13, 4), series("video", 4, 1)]);

function searchOf(runner: FormulaRunner, whole: Scenario = OWN, levers?: Partial<Levers>, most?: number): [Search, Space] {
  const space = new Space(whole, levers);
  const search = new Search({ runner, space, outcomes: OUTCOMES, sets: SETS, replicates: 4, seed: 1, tables: TABLES as never, most });
  return [search, space];
}

const goal = (at_least: number | null, a_year: number | null, of: "centre" | "all" = "centre"): Goal => ({
  targets: at_least === null ? [] : [{ outcome: "trust", at_least, when: "end_of_ta", sure: 0.7 }],
  budget: { a_year, of },
  outcome: "trust",
  when: "end_of_ta",
});

async function found(asked: Goal, runner = new FormulaRunner(), whole = OWN, levers?: Partial<Levers>, most?: number): Promise<Found> {
  const [search, space] = searchOf(runner, whole, levers, most);
  await search.ask(asked, { scenario: whole, choice: space.own });
  return search.get();
}

/** The cheapest of all candidates whose worth by the formula, without chance, exceeds the target by `ahead`. */
function cheapestByFormula(space: Space, level: number, ahead: number): { choice: Choice; spend: number } {
  const all = KINDS.flatMap((kind) => [...space.choices(kind)]).map((choice) => {
    const whole = space.scenarioOf(choice);
    return { choice, spend: taken(plannedOf(whole), "centre").spend, worth: worthOf(whole) };
  });
  const holding = all.filter((one) => one.worth >= level + ahead).sort((a, b) => a.spend - b.spend);
  return holding[0];
}

test("without chance the cheapest plan that holds a target is that of a full enumeration", async () => {
  const quiet = new FormulaRunner(2, 0);
  const [, space] = searchOf(quiet, OWN, SMALL);
  for (const level of [0.45, 0.5, 0.53]) {
    const answer = await found(goal(level, null), quiet, OWN, SMALL);
    const best = cheapestByFormula(space, level, 0);
    assert.equal(answer.phase, "done");
    assert.equal(answer.rows[0].key, keyOf(best.choice), `level ${level}`);
    assert.equal(answer.rows[0].taken.spend, best.spend);
  }
});

test("a space too large to run in full: within a hundredth of the cheapest, or the cheapest", async () => {
  const quiet = new FormulaRunner(2, 0);
  const [, space] = searchOf(quiet);
  for (const level of [0.45, 0.55]) {
    const answer = await found(goal(level, null), quiet);
    const best = cheapestByFormula(space, level, 0);
    assert.ok(answer.tried < answer.priced / 4, `${answer.tried} of ${answer.priced}`);
    assert.ok(answer.rows[0].holds);
    assert.ok(answer.rows[0].taken.spend <= best.spend * 1.1, `${answer.rows[0].taken.spend} against ${best.spend}`);
  }
});

test("nothing that is reported costs more than the budget in any year, whoever pays", async () => {
  for (const of of ["centre", "all"] as const)
    for (const limit of [9_000, 30_000, 90_000]) {
      const answer = await found(goal(0.45, limit, of));
      for (const row of [...answer.rows, ...answer.frontier, ...answer.others])
        for (const year of plannedOf(row.scenario).years) assert.ok((of === "centre" ? year.centre : year.money) <= limit);
    }
});

test("every kind of plan is listed, or it is said why not", async () => {
  for (const limit of [2_000, 12_000, null])
    for (const level of limit === 12_000 ? [0.4, 0.55, 0.9, null] : [0.55]) {
      const answer = await found(goal(level, limit));
      assert.deepEqual(answer.kinds.map((one) => one.kind), KINDS);
      for (const one of answer.kinds) {
        assert.notEqual(one.said, "searching");
        if (one.said === "listed") assert.ok(answer.rows.some((row) => row.key === one.row.key));
        if (one.said === "over") assert.ok(one.row.holds && one.row.taken.most > (limit as number));
        if (one.said === "dear") assert.ok(one.cheapest > (limit as number));
      }
    }
});

test("a kind over the budget is named with the cheapest that holds, near that of a full enumeration", async () => {
  const quiet = new FormulaRunner(2, 0);
  const [, space] = searchOf(quiet);
  const answer = await found(goal(0.5, 8_000), quiet);
  const visits = answer.kinds.find((one) => one.kind === "onsite");
  assert.equal(visits?.said, "over");
  const all = [...space.choices("onsite")].map((choice) => space.scenarioOf(choice));
  const least = Math.min(...all.filter((one) => worthOf(one) >= 0.5).map((one) => taken(plannedOf(one), "centre").spend));
  if (visits?.said === "over") assert.ok(visits.row.taken.spend <= least * 1.1, `${visits.row.taken.spend} against ${least}`);
});

test("with chance, what is listed holds on chance that the search has not seen", async () => {
  const runner = new FormulaRunner(2, 0.2);
  const answer = await found(goal(0.5, 60_000), runner);
  assert.ok(answer.rows.length >= 3);
  for (const row of answer.rows) {
    assert.ok(row.reached[0].share.p >= 0.7);
    assert.equal(row.reached[0].share.runs, 80);
  }
  const chance = (shown: boolean) => runner.asked.filter((one) => (one.sets.length === 20 && one.replicates === 4) === shown).flatMap(
    (one) => one.sets.map((_, set) => ((one.first as number) + set) * one.replicates));
  assert.ok(Math.max(...chance(true)) < 80 && Math.min(...chance(false)) >= 80);
});

test("the answer does not depend on the number of workers or on who finishes first", async () => {
  const uneven = (request: { scenario: Scenario }) => JSON.stringify(request.scenario.dosage).length % 5;
  const answers = [];
  for (const runner of [new FormulaRunner(1), new FormulaRunner(2, 0.1, uneven), new FormulaRunner(7, 0.1, uneven)])
    answers.push(await found(goal(0.5, 30_000), runner));
  const plain = (one: Found) => ({ ...one, runs: 0 });
  assert.deepEqual(plain(answers[1]), plain(answers[0]));
  assert.deepEqual(plain(answers[2]), plain(answers[0]));
});

test("the frontier holds no plan that another beats", async () => {
  const answer = await found(goal(null, 50_000));
  assert.ok(answer.frontier.length >= 4);
  answer.frontier.reduce((before, row) => {
    assert.ok(row.taken.spend >= before.taken.spend && row.level > before.level);
    return row;
  });
});

test("without a target the best use is the plan with most of the outcome within the money", async () => {
  const quiet = new FormulaRunner(2, 0);
  const [, space] = searchOf(quiet);
  const limit = 20_000;
  const all = KINDS.flatMap((kind) => [...space.choices(kind)]).map((choice) => space.scenarioOf(choice));
  const most = Math.max(...all.filter((one) => taken(plannedOf(one), "centre").most <= limit).map(worthOf));
  const answer = await found(goal(null, limit), quiet);
  assert.ok(most - answer.frontier[answer.frontier.length - 1].level < 0.01);
});

test("of an outcome of which less is better, a target is reached from below", async () => {
  const asked: Goal = { ...goal(null, 50_000), outcome: "workload", targets: [{ outcome: "workload", at_least: 0.5, when: "end_of_ta", sure: 0.7 }] };
  const answer = await found(asked);
  assert.ok(answer.rows.length > 0);
  for (const row of answer.rows) assert.ok(row.level < 0.5);
});

test("a search that is stopped leaves nothing running and keeps what it found; it goes on where it was", async () => {
  const runner = new FormulaRunner(2, 0.1, () => 3);
  const [search, space] = searchOf(runner);
  const own = { scenario: OWN, choice: space.own };
  const work = search.ask(goal(0.5, 30_000), own);
  await new Promise<void>((resolve) => {
    const leave = search.subscribe(() => {
      if (search.get().tried < 20) return;
      leave();
      search.stop();
      resolve();
    });
  });
  await work;
  assert.equal(runner.running, 0);
  assert.equal(search.get().phase, "stopped");
  const before = runner.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(runner.asked.length, before);
  await search.ask(goal(0.5, 30_000), own);
  const continued = search.get();
  const fresh = await found(goal(0.5, 30_000));
  assert.equal(continued.phase, "done");
  assert.ok(continued.rows[0].taken.spend <= 1.1 * fresh.rows[0].taken.spend);
});

test("another budget asks for no run that was made already", async () => {
  const runner = new FormulaRunner();
  const [search, space] = searchOf(runner);
  const own = { scenario: OWN, choice: space.own };
  await search.ask(goal(0.5, 30_000), own);
  await search.ask(goal(0.5, 20_000), own);
  const marks = runner.asked.map((one) => JSON.stringify([one.scenario.dosage, one.sets.length, one.replicates, one.first]));
  const again = marks.length - new Set(marks).size;
  assert.ok(again <= 1, `${again} runs twice`); // the plan itself may be among the candidates
  for (const row of search.get().rows) assert.ok(row.taken.most <= 20_000);
});

test("an engine that fails is said, once, and ends the search", async () => {
  const runner = new FormulaRunner();
  runner.fail = "the worker was killed";
  const answer = await found(goal(0.5, 30_000), runner);
  assert.equal(answer.phase, "error");
  assert.equal(answer.error, "the worker was killed");
  assert.equal(runner.running, 0);
});

test("prices of candidates are those of the whole plan", async () => {
  const space = new Space(scenario([series("onsite", 13, 4, { first_week: 3 }), series("video", 4, 1)]));
  const prices = new Prices(space, plannedOf);
  const some = KINDS.flatMap((kind) => [...space.choices(kind)]).filter((_, place) => place % 97 === 0);
  for (const choice of some)
    for (const of of ["centre", "all"] as const) {
      const exact = prices.exactly(space.scenarioOf(choice), of);
      const quick = prices.of(choice, of);
      assert.ok(Math.abs(quick.spend - exact.spend) <= 1e-9 * exact.spend);
      assert.ok(Math.abs(quick.most - exact.most) <= 1e-9 * exact.most);
      assert.ok(Math.abs(quick.centre - exact.centre) <= 1e-9 * exact.centre);
    }
});

test("a candidate keeps all of the plan but its contacts", () => {
  const log = { rows: [{ week: 30, region: "region_1", mode: "video", hours: 1 }] };
  const whole = scenario(
    [series("email", 1, 0.2, { first_week: 31, last_week: 130 }), series("video", 4, 1, { first_week: 31, last_week: 130, taper: 0.5, invited: 0.4 })],
    { contact_log: log, shocks: [{ kind: "provider_leaves", week: 60, provider: "provider_1" }] },
  );
  const space = new Space(whole);
  const choice: Choice = { call: "phone", callEvery: 2, callHours: 1, visitEvery: 26, visitHours: 3, together: 0.9, months: 12 };
  const made = space.scenarioOf(choice);
  const { dosage, ...rest } = made;
  const { dosage: _, ...before } = whole;
  assert.deepEqual(rest, before);
  assert.deepEqual(dosage.map((one) => [one.mode, one.every_weeks, one.hours, one.first_week, one.last_week]), [
    ["email", 1, 0.2, 31, 82], ["onsite", 26, 3, 31, 82], ["phone", 2, 1, 31, 82],
  ]);
  assert.equal(endOfTa(made), 82);
  assert.equal(dosage[1].co_creation, 0.9);
});

test("the plan itself is a candidate where it has one rhythm, and none where it has phases", () => {
  const space = new Space(OWN);
  assert.deepEqual(space.scenarioOf(space.own as Choice), OWN);
  assert.ok([...space.choices("onsite+video")].some((one) => keyOf(one) === keyOf(space.own as Choice)));
  const odd = new Space(scenario([series("video", 5, 1.25)]));
  assert.ok(odd.levers.callEvery.includes(5) && odd.levers.callHours.includes(1.25));
  const phased = new Space(scenario([series("video", 2, 1, { last_week: 52 }), series("video", 4, 1, { first_week: 53 })]));
  assert.equal(phased.own, null);
  assert.deepEqual(phased.simplifies, ["rows"]);
  const tapered = new Space(scenario([series("video", 2, 1.5, { taper: 0.5 }), series("onsite", 13, 4)]));
  assert.deepEqual(tapered.simplifies, []); // candidates taper too
  const early = new Space(scenario([series("video", 2, 1), series("onsite", 13, 4, { last_week: 52 })]));
  assert.deepEqual(early.simplifies, ["ends"]);
  assert.deepEqual(new Space(scenario([series("video", 2, 1, { timing: "irregular" })])).simplifies, ["chance"]);
  assert.deepEqual(new Space(scenario([series("email", 2, 1)])).simplifies, []);
  const kinds = new Set<Kind>(KINDS.filter((kind) => [...phased.choices(kind)].length));
  assert.equal(kinds.size, KINDS.length);
});

test("what a file says of a candidate leaves out defaults and keeps the rest of the file", () => {
  const space = new Space(OWN);
  const choice: Choice = { call: "video", callEvery: 2, callHours: 1.5, visitEvery: null, visitHours: null, together: null, months: null };
  const data = space.dataOf(choice, { name: "mine", question: "why?", seed: 3, dosage: [] });
  assert.deepEqual(data, { name: "mine", question: "why?", seed: 3, dosage: [{ mode: "video", every_weeks: 2, hours: 1.5, last_week: 104 }] });
});

test("a setting is the same after a candidate was used, and another when prices or people are", () => {
  const before = new Space(OWN);
  const choice: Choice = { call: "phone", callEvery: 2, callHours: 1.5, visitEvery: 13, visitHours: 2, together: null, months: null };
  const order = (one: Scenario) => new Space(one).setting;
  assert.equal(order({ ...OWN, dosage: [series("onsite", 26, 2), series("video", 1, 2)] }), before.setting);
  assert.equal(order(before.scenarioOf(choice)), before.setting);
  assert.equal(order(before.scenarioOf({ ...choice, visitEvery: null, visitHours: null })), before.setting);
  assert.notEqual(order({ ...OWN, regions: { count: 3 } }), before.setting);
  assert.notEqual(order({ ...before.scenarioOf(choice), horizon_weeks: 208 }), before.setting);
});
