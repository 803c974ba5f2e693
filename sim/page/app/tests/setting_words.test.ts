import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { say } from "../src/setting/say";
import { lineOf, monthNumber } from "../src/setting/words";
import { data, shipped, shippedNames } from "./setting_data";

const base = { name: "x", start_date: "2027-01-04", horizon_weeks: 156 };
const visit = { mode: "onsite", every_weeks: 13, hours: 4, last_week: 104 };
const video = { mode: "video", every_weeks: 2, hours: 1.5, last_week: 104 };

test("series side by side, an event, and how long", () => {
  const plan = {
    ...base,
    dosage: [video, { ...visit, every_weeks: 26 }],
    shocks: [{ kind: "provider_leaves", week: 27, provider: "provider_1" }],
  };
  assert.equal(
    lineOf(plan, data),
    "Video every 2 weeks, 1.5 h; a visit twice a year, 4 h; for 24 months; a provider leaves in July 2027",
  );
});

test("phases of a mode are one after another, each with what is new in it", () => {
  const plan = {
    ...base,
    dosage: [
      { ...visit, last_week: 52 },
      { ...video, every_weeks: 4, last_week: 52 },
      { ...visit, every_weeks: 26, first_week: 53 },
      { ...video, every_weeks: 6, first_week: 53 },
    ],
    shocks: [{ kind: "provider_leaves", week: 53, provider: "Ann" }],
  };
  assert.equal(
    lineOf(plan, data),
    "A visit every quarter, 4 h, then, from January 2028, twice a year; " +
      "video every 4 weeks, 1.5 h, then, from January 2028, every 6 weeks; for 24 months; Ann leaves in January 2028",
  );
});

test("two series of a mode at the same time are told as two", () => {
  const plan = { ...base, dosage: [visit, { ...visit, every_weeks: 52, hours: 8 }] };
  assert.equal(lineOf(plan, data), "A visit every quarter, 4 h; a visit once a year, 8 h; for 24 months");
});

test("what does not go all through says from when to when", () => {
  const plan = { ...base, dosage: [video, { ...visit, first_week: 27, last_week: 78 }] };
  assert.equal(
    lineOf(plan, data),
    "Video every 2 weeks, 1.5 h; a visit every quarter, 4 h, from July 2027 to June 2028; for 24 months",
  );
});

test("without a start date months of the plan are counted", () => {
  const plan = { name: "x", dosage: [{ ...video, last_week: 52 }, { ...video, hours: 1, first_week: 53 }] };
  assert.equal(lineOf(plan, data), "Video every 2 weeks, 1.5 h, then, from year 2, 1 h; for 24 months");
  assert.deepEqual([1, 5, 27, 53, 105].map(monthNumber), [1, 1, 7, 13, 25]);
});

test("no assistance, and what a log leaves", () => {
  const rows = [{ week: 39, region: "region_1", mode: "video", hours: 1 }];
  assert.equal(lineOf({ name: "x" }, data), "No assistance");
  assert.equal(
    lineOf({ name: "x", contact_log: { rows } }, data),
    "9 months of logged contacts so far; then no more assistance",
  );
  const on = { name: "x", contact_log: { rows }, dosage: [{ ...video, first_week: 40, last_week: 91 }] };
  assert.equal(lineOf(on, data), "9 months of logged contacts so far; video every 2 weeks, 1.5 h; for 12 months");
});

test("one contact, timing, taper, what is done and who decides", () => {
  const one = { ...visit, first_week: 7, last_week: 7 };
  assert.equal(
    lineOf({ ...base, dosage: [one, { ...video, taper: 0.5, timing: "on_demand", functions: "training", co_creation: 0 }] }, data),
    "One visit of 4 h in February 2027; video when a region asks, every 2 weeks on average, 1.5 h falling to 0.75 h, " +
      "training only, the provider decides; for 24 months",
  );
});

test("events of every kind, and weeks without contacts", () => {
  const plan = {
    ...base,
    dosage: [video],
    shocks: [
      { kind: "dosage_cut", week: 53, factor: 0.5 },
      { kind: "staff_leave", week: 10, share: 0.4, region: "region_2" },
      { kind: "demand_rise", week: 20, until_week: 30, by: 0.2 },
      { kind: "dosage_cut", week: 70, until_week: 71, factor: 0 },
    ],
    skip: { months: [7], dates: ["2027-12-24 to 2028-01-02"] },
  };
  assert.equal(
    lineOf(plan, data),
    "Video every 2 weeks, 1.5 h; for 24 months; 40 % of the staff of Region 2 leave in March 2027; " +
      "more demand on the staff of every region from May 2027 to July 2027; " +
      "hours cut by 50 % from January 2028 to December 2029; 1 more event; no contacts in July; holidays left out",
  );
});

test("every shipped scenario has a whole line: each of its modes, no hole, no name of a word", () => {
  const modes: Record<string, RegExp> = { onsite: /visit/i, video: /video/i, phone: /phone/i, email: /e-mail/i };
  for (const name of shippedNames) {
    const scenario = shipped(name);
    const line = lineOf(scenario, data);
    assert.doesNotMatch(line, /[{}]|setting\.|undefined|NaN/, name);
    for (const one of scenario.dosage ?? []) assert.match(line, modes[one.mode], name);
  }
});

test("how often is told as it is used, to the digit", () => {
  for (const weeks of [1, 2, 4, 4.5, 13, 25.49, 26, 52]) {
    const line = lineOf({ ...base, dosage: [{ ...video, every_weeks: weeks }] }, data);
    const named: Record<number, string> = { 1: "every week", 13: "every quarter", 26: "twice a year", 52: "once a year" };
    assert.ok(line.includes(named[weeks] ?? `every ${weeks} weeks`), line);
  }
});

test("every sentence that the setting asks for is in the table of words", () => {
  const folder = path.resolve(process.cwd(), "src", "setting");
  const missing: string[] = [];
  for (const name of fs.readdirSync(folder).filter((one) => /\.tsx?$/.test(one))) {
    const text = fs.readFileSync(path.join(folder, name), "utf8");
    for (const [, way] of text.matchAll(/\bt\(\s*"([a-z_.0-9]+)"/g)) {
      if (say(data.words, `setting.${way}`) === `setting.${way}`) missing.push(`${name}: ${way}`);
    }
  }
  assert.deepEqual(missing, []);
});
