import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers, Unsound, meets, restsOn, shownOutcomes } from "../src/study/answer";
import { compareOf } from "../src/study/compare";
import { RunPair, counted } from "../src/study/pair";
import { regionRows } from "../src/study/regions";
import { gridOf, share } from "../src/study/stats";
import type {
  OutcomeAbout, PageData, Plan, PlanAnswer, Planned, PlansFile, Resources, RunOptions, RunRequest, Runner, Runs, Scenario,
  ScenarioData,
} from "../src/types";

const SETS = 12;
const REPLICATES = 3;
const NAMES = ["trust", "integration", "workload", "provider_hours", "staff_hours", "cost"];

function outcome(name: string): OutcomeAbout {
  const total = ["provider_hours", "staff_hours", "cost"].includes(name);
  return {
    name, label: name, unit: "", meaning: "", kind: total ? "total" : "level", overall: total ? "sum" : "mean", low: 0,
    high: total ? null : 1, better: total || name === "workload" ? "less" : "more", headline: name === "trust",
  };
}

const base64 = (values: Float64Array): string => Buffer.from(values.buffer).toString("base64");

const data = {
  outcomes: NAMES.map(outcome),
  parameters: [
    { name: "trust_step", grade: "assumption" }, { name: "hour_scale", grade: "B" }, { name: "year", grade: "definition" },
  ],
  sets: {
    count: SETS, replicates: REPLICATES, varied: ["trust_step"],
    values: base64(Float64Array.from({ length: SETS * 3 }, (_, i) => (i % 3 === 0 ? i / 100 : 1))),
  },
  t: [null, ...Array.from({ length: 60 }, () => 1.7)],
  z: 1.645,
} as unknown as PageData;

const NOTHING: Resources = {
  contacts: 0, visits: 0, contact_hours: 0, preparation_hours: 0, travel_hours: 0, staff_hours: 0, provider_hours: 0,
  centre: 0, regions: 0, money: 0,
};

/** A runner whose runs finish when the test says so. Trust rises with the hours of the first series and with the set. */
class Held implements Runner {
  workers = 1;
  asked: { request: RunRequest; options: RunOptions; runs: Runs; finish: () => void; part: (rounds: number, sets?: [number, number]) => void }[] = [];
  failing = new Set<number>();

  constructor(private readonly atOnce = false) {}

  run(request: RunRequest, options: RunOptions = {}): Promise<Runs> {
    const regions = request.scenario.regions.names as string[];
    const places = [...regions, "overall"];
    const count = request.sets.length * request.replicates;
    const size = request.weeks.length * places.length * NAMES.length;
    const weeks = request.scenario.horizon_weeks + 1;
    const weekly = request.weekly ?? [];
    const runs: Runs = {
      sets: request.sets.length, replicates: request.replicates, weeks: request.weeks, places, outcomes: NAMES,
      values: new Float64Array(count * size).fill(NaN),
      weekly: new Float64Array(count * weeks * weekly.length).fill(NaN), made: 0, failed: 0,
    };
    const fill = (rounds: number, [first, end] = [0, request.sets.length]) => {
      for (let run = 0; run < count; run++) {
        const set = Math.floor(run / request.replicates);
        if (run % request.replicates >= rounds || set < first || set >= end) continue;
        const failed = this.failing.has(run);
        const value = (name: string, week: number, place: number) => {
          if (failed) return NaN;
          if (["provider_hours", "staff_hours", "cost"].includes(name)) return week * (place + 1);
          const hours = request.scenario.dosage[0]?.hours ?? 0;
          return 0.2 + (week / 1000) * hours * (1 + set / 100) + 0.001 * place + 0.0001 * ((run * 7) % 5);
        };
        let at = run * size;
        for (const week of request.weeks) {
          places.forEach((_, place) => NAMES.forEach((name) => (runs.values[at++] = value(name, week, place))));
        }
        at = run * weeks * weekly.length;
        for (let week = 0; week < weeks; week++) {
          for (const name of weekly) runs.weekly![at++] = value(name, week, places.length - 1);
        }
      }
      runs.made = (end - first) * rounds;
    };
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener("abort", () => reject(options.signal!.reason));
      const finish = () => {
        fill(request.replicates);
        resolve(runs);
      };
      const part = (rounds: number, sets?: [number, number]) => {
        fill(rounds, sets);
        options.progress?.(runs);
      };
      this.asked.push({ request, options, runs, finish, part });
      if (this.atOnce) finish();
    });
  }

  planned(): Planned {
    const one = { ...NOTHING, contacts: 4, centre: 10, regions: 5, money: 15 };
    return { total: one, years: [one], spent: NOTHING, weeks: 40, by_provider: [{ name: "provider_1", hours: [8], has: 52 }] };
  }

  close(): void {}
}

function scenario(name: string, hours: number, more: Record<string, unknown> = {}): ScenarioData {
  return {
    name, seed: 1, horizon_weeks: 104, parameters: {}, contact_log: null, shocks: [], background_trend: 0,
    regions: { candidates: 2, count: 2, selection: "all", staff: 5, overrides: {}, names: ["lakes", "coast"] },
    providers: { count: 1, names: null, assignment: null, weekly_hours: 20 }, costs: { staff_hour: 2 },
    dosage: hours ? [{ mode: "video", hours, first_week: 1, last_week: 40 }] : [], ...more,
  };
}

const plan = (name: string, hours: number, more = {}): Plan => ({ name, scenario: scenario(name, hours, more) });

function file(...plans: Plan[]): PlansFile {
  return {
    codose: "plans", version: 1, open: plans[0].name, reference: null, currency: "$", budget: { a_year: null, of: "all" },
    targets: [{ outcome: "integration", at_least: 0.23, when: "end_of_ta", sure: 0.7 }], plans,
  };
}

const answersOf = (runner: Runner) => new Answers(runner, data, (said) => said as Scenario, () => []);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Waits until all work that does not depend on runs is done. */
async function settled(): Promise<void> {
  for (let count = 0; count < 50; count++) await turn();
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

test("an answer is made once: again, undone and renamed it is there at once", async () => {
  const runner = new Held(true);
  const answers = answersOf(runner);
  const [a, b] = [plan("A", 1), plan("B", 2)];
  const doc = file(a, b);
  assert.equal(answers.have(a, doc), null);
  const first = await answers.answer(a, doc);
  assert.equal(runner.asked.length, 2); // one request with assistance and one without
  await answers.answer(b, doc);
  assert.equal(runner.asked.length, 3); // plan B shares the runs without assistance
  assert.deepEqual(answers.have(a, doc), first);
  const renamed = { name: "A again", scenario: { ...a.scenario, name: "other", description: "words" } };
  assert.deepEqual(await answers.answer(renamed, doc), { ...first, plan: "A again" });
  assert.equal(runner.asked.length, 3);
});

test("a target of its own makes another answer from the same runs", async () => {
  const runner = new Held(true);
  const answers = answersOf(runner);
  const one = plan("A", 1);
  const doc = file(one);
  const first = await answers.answer(one, doc);
  const strict = { ...doc, targets: [{ ...doc.targets[0], at_least: 0.9 }] };
  assert.equal(answers.have(one, strict), null);
  const second = await answers.answer(one, strict);
  assert.equal(runner.asked.length, 2);
  assert.deepEqual([first.targets[0].met, second.targets[0].met], ["met", "not met"]);
  assert.equal(second.targets[0].share.hits, 0);
});

/** An answer under way whose runs are made by hand: with assistance and without. */
async function begun() {
  const runner = new Held();
  const answers = answersOf(runner);
  const drafts: PlanAnswer[] = [];
  const one = plan("A", 1);
  const made = answers.answer(one, file(one), { progress: (draft) => drafts.push(draft) });
  await settled();
  const [own, other] = runner.asked;
  return { drafts, made, own, other };
}

test("drafts come from the first run of every set, and say that they are drafts", async () => {
  const { drafts, made, own, other } = await begun();
  own.part(1);
  await settled();
  assert.equal(drafts.length, 0); // the runs without assistance are not there yet
  other.part(1);
  await until(() => drafts.length > 0);
  assert.deepEqual([drafts.length, drafts[0].stands, drafts[0].runs], [1, false, SETS]);
  own.part(2);
  await settled();
  assert.equal(drafts.length, 1); // the runs without assistance have one replicate only
  other.part(2);
  await until(() => drafts.length > 1);
  assert.equal(drafts[1].runs, 2 * SETS);
  own.finish();
  other.finish();
  const whole = await made;
  assert.deepEqual([whole.stands, whole.runs, whole.failed, drafts.length], [true, SETS * REPLICATES, 0, 2]);
});

test("a draft needs runs that are there on both sides, whichever came first", async () => {
  const { drafts, made, own, other } = await begun();
  const half = SETS / 2;
  own.part(1, [0, half]);
  other.part(1, [half, SETS]); // as many runs, but of other sets
  await settled();
  assert.equal(drafts.length, 0);
  other.part(1, [0, half]);
  await until(() => drafts.length > 0);
  assert.equal(drafts[0].runs, half);
  own.finish();
  other.finish();
  assert.ok((await made).stands);
});

test("what is called off ends, and tells nothing any more", async () => {
  const runner = new Held();
  const answers = answersOf(runner);
  const stop = new AbortController();
  const drafts: PlanAnswer[] = [];
  const one = plan("A", 1);
  const doc = file(one);
  const made = answers.answer(one, doc, { signal: stop.signal, progress: (draft) => drafts.push(draft) });
  await settled();
  stop.abort();
  await assert.rejects(made, { name: "AbortError" });
  runner.asked.forEach((each) => each.part(1));
  await settled();
  assert.equal(drafts.length, 0);
  assert.ok(runner.asked.every((each) => each.options.signal!.aborted));
  assert.equal(answers.have(one, doc), null);
  const again = answers.answer(one, doc);
  await settled();
  runner.asked.slice(2).forEach((each) => each.finish());
  assert.ok((await again).stands);
});

test("runs that another one waits for go on", async () => {
  const runner = new Held();
  const answers = answersOf(runner);
  const [a, b] = [plan("A", 1), plan("B", 2)];
  const doc = file(a, b);
  const stop = new AbortController();
  const first = answers.answer(a, doc, { signal: stop.signal });
  const second = answers.answer(b, doc);
  await settled();
  assert.equal(runner.asked.length, 3);
  const [own, world, other] = runner.asked;
  stop.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.deepEqual([own, world, other].map((one) => one.options.signal!.aborted), [true, false, false]);
  world.finish();
  other.finish();
  assert.ok((await second).stands);
});

test("a failure is told, and tried again when it is asked again", async () => {
  const answers = answersOf(new (class extends Held {
    private tries = 0;
    override run(request: RunRequest, options?: RunOptions): Promise<Runs> {
      this.tries += 1;
      return this.tries <= 2 ? Promise.reject(new Error("A worker died.")) : super.run(request, options);
    }
  })(true));
  const one = plan("A", 1);
  await assert.rejects(answers.answer(one, file(one)), /A worker died/);
  assert.ok((await answers.answer(one, file(one))).stands);
});

test("failed runs are left out and counted", async () => {
  const runner = new Held(true);
  runner.failing = new Set([0, 1, 2, 7]);
  const one = plan("A", 1);
  const answer = await answersOf(runner).answer(one, file(one));
  const runs = SETS * REPLICATES - 4;
  assert.deepEqual([answer.runs, answer.failed, answer.targets[0].share.runs], [runs, 4, runs]);
  const trust = answer.levels.find((level) => level.outcome === "trust" && level.place === "overall")!;
  assert.deepEqual([trust.gain.n, trust.gain.runs, trust.gain.sets], [runs, SETS * REPLICATES, SETS - 1]);
});

test("what is shown: places, hours, spend, drivers, what lasts", async () => {
  const one = plan("A", 1);
  const answer = await answersOf(new Held(true)).answer(one, file(one));
  assert.deepEqual(answer.at, { start: 0, now: null, end_of_ta: 40, year_after: 92, horizon: 104 });
  assert.deepEqual(answer.points, [0, 40, 92, 104]);
  assert.deepEqual(answer.places, ["lakes", "coast", "overall", "worst", "spread"]);
  assert.deepEqual(regionRows(answer, "trust", 40).map((row) => row.region), ["lakes", "coast"]);
  // Over 52 weeks, cost and staff hours grow by 3 a week each, and an hour costs 2.
  assert.deepEqual(answer.expected.years, [{ money: 156, centre: -156, regions: 312 }]);
  assert.equal(answer.expected.money, 312);
  // The regions use 1 and 2 hours a week, 3 x 52 in the year; the provider has 52 a year, so 40 in the plan's 40 weeks.
  assert.deepEqual(answer.used, [{ name: "provider_1", hours: [156], has: 52 }]);
  assert.equal(answer.busy[0], 156 / 40);
  assert.deepEqual(answer.drivers[0], { outcome: "trust", parameter: "trust_step", rho: 1, clear: true });
  assert.ok(Math.abs(answer.lasting[0].share! - 92 / 40) < 1e-9);
  assert.deepEqual(answer.rests, { numbers: 2, assumptions: 1, grades: { assumption: 1, B: 1 } });
  const [course] = answer.courses;
  assert.deepEqual([course.outcome, course.weeks.length, course.p50.length], ["trust", 105, 105]);
  assert.ok(course.chance_low!.every((low, week) => low <= course.mean[week] && low >= course.p05[week] - 0.2));
});

test("a target of which less is better is met from below; touching it is meeting it; nothing does not", () => {
  const counts = new Uint8Array([1, 1, 1, 1, 0]);
  const values = gridOf([0.3, 0.1 + 0.2, 0.31, NaN, 0.1], 1);
  const target = { outcome: "workload", at_least: 0.3, when: "horizon", sure: 0.5 } as const;
  assert.deepEqual([...meets(target, outcome("workload"), values, counts).values], [1, 1, 0, 0, NaN]);
  assert.deepEqual([...meets(target, outcome("trust"), values, counts).values], [1, 1, 1, 0, NaN]);
  const { hits, runs } = share(meets(target, outcome("workload"), values, counts), data);
  assert.deepEqual([hits, runs], [2, 4]);
});

test("definitions are no numbers that could be known", () => {
  assert.deepEqual(restsOn(data).numbers, 2);
  assert.deepEqual(shownOutcomes(data, file(plan("A", 1)).targets).map((one) => one.name), ["trust", "integration"]);
});

test("every plan against the reference, which need not be the first", async () => {
  const runner = new Held(true);
  const answers = answersOf(runner);
  const doc = { ...file(plan("A", 1), plan("B", 2), plan("C", 1)), reference: "B" };
  const seen: number[] = [];
  const found = await compareOf(doc, answers, { progress: (part) => seen.push(part.plans.length) });
  assert.deepEqual([found.reference, found.stands, seen], ["B", true, [1, 2]]);
  assert.deepEqual(found.plans.map((one) => one.plan), ["B", "A", "C"]);
  const trust = found.differences.filter((one) => one.outcome === "trust" && one.point === "end_of_ta");
  assert.deepEqual(trust.map((one) => [one.plan, one.paired.verdict]), [["A", "worse"], ["C", "worse"]]);
  assert.deepEqual({ ...trust[0], plan: "" }, { ...trust[1], plan: "" });
  assert.equal(runner.asked.length, 3); // A, B and the shared runs without assistance; C equals A
  assert.deepEqual(found.limits, []);
  assert.deepEqual(await compareOf(doc, answers), found);
});

test("what limits a comparison is said", async () => {
  const other = { ...scenario("", 1).regions, staff: 9, names: ["coast", "hills"] };
  const doc = file(
    plan("A", 1), plan("short", 1, { horizon_weeks: 90, costs: { staff_hour: 3 } }), plan("others", 1, { regions: other }),
    plan("broken", 3),
  );
  const bad = [{ path: ["dosage"], text: "dosage: 3 h are too many" }];
  const answers = new Answers(new Held(true), data, (said) => said as Scenario, (said) => (said.dosage[0].hours === 3 ? bad : []));
  const found = await compareOf(doc, answers);
  assert.equal(found.horizon, 90);
  assert.deepEqual(found.limits, [
    { what: "horizons", weeks: [{ plan: "A", weeks: 104 }, { plan: "short", weeks: 90 }], common: 90 },
    { what: "prices", plan: "short", fields: ["staff_hour"] },
    { what: "people", plan: "others", fields: ["staff"] },
    { what: "unusable", plan: "broken", problems: bad },
  ]);
  const gains = found.differences.filter((one) => one.gains);
  assert.deepEqual([...new Set(gains.map((one) => one.plan))], ["others"]);
  assert.deepEqual([...new Set(gains.map((one) => one.week))], [40, 104]);
  assert.deepEqual([...new Set(found.regions.filter((one) => one.gains).map((one) => one.place))], ["coast"]);
  await assert.rejects(answers.answer(doc.plans[3], doc), Unsound);
});

test("after a log stopping now is what a plan is compared with", async () => {
  const runner = new Held(true);
  const log = { rows: [{ week: 7, region: "lakes", mode: "video", hours: 1 }] };
  const one = plan("A", 1, { contact_log: log, dosage: [{ mode: "video", hours: 1, first_week: 8, last_week: 40 }] });
  const answer = await answersOf(runner).answer(one, file(one));
  assert.deepEqual([answer.against, answer.at.now, answer.points], ["stopping now", 7, [0, 7, 40, 92, 104]]);
  assert.deepEqual(runner.asked[1].request.scenario.contact_log, log);
  assert.deepEqual(runner.asked[1].request.scenario.dosage, []);
  const ended = plan("B", 0, { contact_log: log });
  assert.equal((await answersOf(new Held(true)).answer(ended, file(ended))).against, "without assistance");
});

test("runs count where they were made and did not fail on either side", () => {
  const runs = (values: number[]): Runs => ({
    sets: 2, replicates: 2, weeks: [0], places: ["overall"], outcomes: ["cost"], values: Float64Array.from(values), weekly: null,
    made: 4, failed: 0,
  });
  const [a, b] = [runs([0, 1, NaN, 3]), runs([NaN, 1, 2, 4])];
  assert.deepEqual([...counted(a, b)], [0, 1, 0, 1]);
  assert.deepEqual([...new RunPair(b, a).gain("cost", 0).values], [NaN, 0, NaN, 1]);
});
