import assert from "node:assert/strict";
import { test } from "node:test";
import { withLog } from "../src/model/log";
import * as edits from "../src/setting/edits";
import { monthsBetween, weeksOf, wholeMonths } from "../src/setting/weeks";
import { data, shipped } from "./setting_data";
import { Chance, drawnEdits, drawnPlan } from "./setting_plans";

const schema = data.schema;

function frozen<T>(value: T): T {
  if (value && typeof value === "object") {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

/** Every single value by its path; an empty list counts as a missing one. */
function leaves(value: any, path = ""): Map<string, string> {
  if (value === null || typeof value !== "object") return new Map([[path, JSON.stringify(value) ?? "undefined"]]);
  return new Map(Object.entries(value).flatMap(([name, one]) => [...leaves(one, path ? `${path}.${name}` : name)]));
}

function changedPaths(before: any, after: any): string[] {
  const [was, is] = [leaves(before), leaves(after)];
  const all = new Set([...was.keys(), ...is.keys()]);
  return [...all].filter((path) => was.get(path) !== is.get(path));
}

test("an edit changes what it names, and nothing else", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const chance = new Chance(seed);
    const plan = frozen(drawnPlan(chance));
    for (const { name, run, may } of drawnEdits(plan, data, chance)) {
      const changed = changedPaths(plan, run(plan));
      const other = changed.filter((path) => !may.some((one) => path === one || path.startsWith(`${one}.`)));
      assert.deepEqual(other, [], `${name}, seed ${seed}`);
    }
  }
});

test("moving the end moves the series that end there, and no phase that ends earlier", () => {
  const plan = frozen({
    name: "phases",
    horizon_weeks: 156,
    dosage: [
      { mode: "onsite", every_weeks: 13, hours: 4, last_week: 52 },
      { mode: "video", every_weeks: 4, hours: 1.5, last_week: 52 },
      { mode: "onsite", every_weeks: 26, hours: 4, first_week: 53, last_week: 104 },
      { mode: "video", every_weeks: 6, hours: 1.5, first_week: 53, last_week: 104 },
    ],
  });
  assert.deepEqual(edits.endRange(plan, schema), { minimum: 53, maximum: 156 });
  const longer = edits.setEnd(plan, 130, schema);
  assert.deepEqual(longer.dosage.map((one: any) => one.last_week), [52, 52, 130, 130]);
  assert.deepEqual(edits.setEnd(longer, 104, schema), plan);
});

test("fewer regions drop what is said of the others, and only that", () => {
  const plan = frozen({
    name: "regions",
    regions: { count: 12, candidates: 12, selection: "all", overrides: { region_3: { staff: 9 }, region_7: { leadership: 0.4 } } },
    shocks: [
      { kind: "staff_leave", week: 9, share: 0.2, region: "region_7" },
      { kind: "staff_leave", week: 9, share: 0.2 },
    ],
  });
  const fewer = edits.setRegionCount(plan, 6, schema);
  assert.deepEqual(fewer.regions.overrides, { region_3: { staff: 9 } });
  assert.deepEqual(fewer.shocks, [{ kind: "staff_leave", week: 9, share: 0.2 }]);
  assert.equal(fewer.regions.names, undefined);
});

test("a split phase has the same hours, to the hundredth, in each of its weeks", () => {
  const hours = (one: any, week: number) => {
    const last = one.last_week;
    const first = one.first_week ?? 1;
    return one.hours * (1 + ((one.taper ?? 1) - 1) * ((week - first) / Math.max(1, last - first)));
  };
  const { dosage } = shipped("planning");
  for (const week of [2 + 3, 27, 53, 104]) {
    const plan = frozen({ name: "x", horizon_weeks: 156, dosage });
    const split = edits.splitSeries(plan, 1, week, schema).dosage;
    assert.deepEqual([split[1].last_week, split[2].first_week, split[2].last_week], [week - 1, week, 104]);
    for (let at = dosage[1].first_week; at <= 104; at += 1) {
      const part = at < week ? split[1] : split[2];
      assert.ok(Math.abs(hours(part, at) - hours(dosage[1], at)) < 0.02, `week ${at}, split at ${week}`);
    }
  }
});

test("an own mix is 100 % whatever is moved, and the others keep their proportions", () => {
  const chance = new Chance(5);
  let mix: Record<string, number> = { relationship: 25, learning: 25, planning: 15, review: 15, logistics: 20 };
  for (let i = 0; i < 2000; i += 1) {
    const name = chance.of(Object.keys(mix));
    const value = chance.whole(-5, 105);
    mix = edits.mixedTo(mix, name, value);
    assert.equal(Object.values(mix).reduce((sum, one) => sum + one, 0), 100);
    assert.equal(mix[name], Math.max(0, Math.min(100, value)));
    assert.ok(Object.values(mix).every((one) => Number.isInteger(one) && one >= 0));
  }
  assert.deepEqual(edits.mixedTo({ a: 50, b: 30, c: 20 }, "a", 0), { a: 0, b: 60, c: 40 });
});

test("a preset's shares as whole percent, and back", () => {
  for (const preset of Object.values(data.functions.presets)) {
    const percents = edits.percentsOf(preset, data.functions.names);
    const shares = edits.sharesOfPercents(percents);
    for (const name of data.functions.names) assert.ok(Math.abs((shares[name] ?? 0) - (preset[name] ?? 0)) < 1e-12);
  }
});

test("a start month is its first Monday; a day that lies in it is kept", () => {
  const plan = { name: "x", start_date: "2027-01-06" };
  assert.equal(edits.setStartMonth(plan, 2027, 0), plan);
  assert.equal(edits.setStartMonth(plan, 2027, 1).start_date, "2027-02-01");
  assert.equal(edits.setStartMonth(plan, 2028, 0).start_date, "2028-01-03");
});

test("a plan that begins later keeps every date, and a log before it moves no phase", () => {
  const plan = frozen({
    name: "x",
    start_date: "2027-01-04",
    horizon_weeks: 104,
    dosage: [{ mode: "video", every_weeks: 4, hours: 1, last_week: 52 }],
    shocks: [{ kind: "dosage_cut", week: 10, factor: 0 }],
  });
  const later = edits.shiftPlan(plan, 10, schema);
  assert.equal(later.start_date, plan.start_date); // the caller sets the date of week 1 from the log
  const rows = [{ date: "2026-10-28", region: "region_1", mode: "video", hours: 1 }];
  const logged = withLog(plan, { rows, dated: true }, data);
  assert.deepEqual(logged.said.map((one) => one.way), ["log_earlier"]);
  assert.equal(logged.scenario.start_date, "2026-10-26");
  assert.deepEqual(logged.scenario.dosage, later.dosage);
  assert.deepEqual(logged.scenario.dosage[0], { mode: "video", every_weeks: 4, hours: 1, first_week: 11, last_week: 62 });
  assert.equal(logged.scenario.horizon_weeks, 114);
  assert.equal(logged.scenario.shocks[0].week, 20);
});

test("months are whole weeks, those of a calendar begin in their month, and together they are the plan", () => {
  for (let months = 1; months <= 240; months += 1) assert.equal(wholeMonths(weeksOf(months)), months);
  for (const start of [null, new Date(Date.UTC(2027, 0, 4)), new Date(Date.UTC(2026, 7, 31))]) {
    const marks = monthsBetween(520, start);
    assert.equal(marks[0].first, 1);
    assert.equal(marks[marks.length - 1].last, 520);
    marks.slice(1).forEach((one, i) => assert.equal(one.first, marks[i].last + 1));
  }
});
