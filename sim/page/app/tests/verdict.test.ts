/** Every possible verdict is written once, and checked to be whole, true and short. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compared, spendOf, verdict, leastSure } from "../src/words/verdict";
import { comparison, data, input, outcomes, resources, type Wanted } from "./fixtures_results";
import type { TargetAnswer, Verdict } from "../src/types";

const STATES: Verdict[] = ["better", "worse", "about the same", "not clear yet"];
const BUDGETS = ["met", "not", "none"] as const;
const TARGETS: TargetAnswer["met"][][] = [
  [], ["met"], ["by the estimate"], ["not met"], ["met", "met"], ["met", "not met"], ["not met", "not met"],
  ["by the estimate", "met"], ["met", "met", "not met"],
];

function* every(): Generator<Wanted> {
  for (const { name: outcome, better } of outcomes)
    for (const one of better === "neither" ? (["higher", "lower", ...STATES.slice(2)] as Verdict[]) : STATES)
      for (const two of STATES)
        for (const budget of BUDGETS)
          for (const targets of TARGETS)
            for (const log of [false, true]) yield { outcome, states: [one, two], budget, targets, log };
}

function sentences(text: string): string[] {
  return text.split(/(?<=[.!?]) (?=[A-Z“0-9])/);
}

function readable(text: string, where: string) {
  assert.doesNotMatch(text, /undefined|null|NaN|[{}]|\bobject\b/, where);
  assert.doesNotMatch(text, / {2}| [.,;:]|\.\.|,,|^[a-z]/, where);
  for (const sentence of sentences(text)) {
    assert.match(sentence, /^[A-Z“0-9][^]*\.$/, `${where}: ${sentence}`);
    assert.ok(sentence.split(/\s+/).length <= 40, `${where}: ${sentence.split(/\s+/).length} words: ${sentence}`);
  }
}

test("a verdict is said for every state, and is readable", () => {
  let count = 0;
  for (const wanted of every()) {
    const { headline, text } = verdict(input(wanted));
    const where = JSON.stringify(wanted);
    readable(headline, where);
    text.forEach((one) => readable(one, where));
    assert.ok(text.length <= 5, where);
    count += 1;
  }
  assert.ok(count > 4000);
});

test("no verdict contradicts itself or its facts", () => {
  for (const wanted of every()) {
    const { headline, text } = verdict(input(wanted));
    const all = [headline, ...text].join(" ");
    const where = `${JSON.stringify(wanted)}: ${all}`;
    assert.equal(/within the budget|less than half of the budget/.test(all), wanted.budget === "met", where);
    assert.equal(/more than the budget/.test(all), wanted.budget === "not", where);
    const has = (state: string) => wanted.targets.includes(state as TargetAnswer["met"]);
    assert.equal(/missed/.test(all), has("not met"), where);
    assert.equal(/only just|not all of them safely/.test(all), !has("not met") && has("by the estimate"), where);
    assert.equal(/as often as required/.test(all), wanted.targets.length > 0 && wanted.targets.every((one) => one === "met"), where);
    assert.equal(/assistance stopped now|from now on/.test(all), wanted.log, where);
    assert.equal(/without assistance/.test(all), !wanted.log, where);
    const states = new Set(wanted.states);
    assert.equal(/not clear yet/.test(all), states.has("not clear yet"), where);
    assert.equal(/no real difference|about the same/.test(all), states.has("about the same"), where);
    if (!states.has("worse")) assert.doesNotMatch(all, /worse/, where);
    if (!states.has("better")) assert.doesNotMatch(all, /better|gain in/, where);
    assert.equal(/A year after/.test(all), wanted.states[0] === "better", where);
    const joined = headline.match(/\b(but|and) (the plan|the target|all|1 of|\d of)/);
    if (joined && wanted.budget !== "none" && wanted.targets.length) {
      const good = !has("not met") && !has("by the estimate");
      assert.equal(joined[1] === "and", good === (wanted.budget === "met"), where);
    }
  }
});

test("the numbers of a verdict are those of the answer", () => {
  const made = input({ outcome: "integration", states: ["better", "better"], budget: "met", targets: ["by the estimate"], log: false });
  const { headline, text } = verdict(made);
  assert.equal(
    headline,
    "This plan brings integration to 0.42 by December 2028 instead of 0.27 without assistance, and trust to 0.42 " +
      "instead of 0.27. The plan takes less than half of the budget, but the target is only just reached.",
  );
  assert.deepEqual(text, [
    "In 9 of 10 plausible worlds the difference in integration lies between +0.07 and +0.24.",
    "A year after the last contact about four fifths of the gain in integration is left.",
    "The target, integration of 0.40 or more in December 2028, is reached in 143 of 200 runs (66 to 77 %); 7 of 10 are required.",
    "The centre pays $138,000 a year, and $150,000 in the dearest year, of a budget of $700,000.",
    "The answer turns most on how far one contact moves trust, which is an assumption.",
  ]);
});

test("a budget is held against the dearest year and the payer it names", () => {
  const wanted: Wanted = { outcome: "trust", states: ["better", "better"], budget: "met", targets: [], log: false };
  const made = input(wanted);
  made.file.budget = { a_year: 140_000, of: "centre" };
  assert.equal(spendOf(made.answer, made.file.budget).state, "not");
  assert.match(verdict(made).text.join(" "), /\$150,000 in the dearest year, which is \$10,000 more than the budget/);
  made.file.budget = { a_year: 364_000, of: "all" };
  assert.equal(spendOf(made.answer, made.file.budget).state, "met");
  assert.match(verdict(made).text.join(" "), /The centre and the regions together pay \$352,000 a year/);
});

test("average and dearest year: which of them the budget holds is said, in the headline and in the sentence of the cost", () => {
  const wanted: Wanted = { outcome: "trust", states: ["better", "better"], budget: "met", targets: [], log: false };
  const said = (limit: number, years: number[], weeks: number) => {
    const made = input(wanted);
    made.answer.planned = { ...made.answer.planned, weeks, total: resources({ centre: years.reduce((a, b) => a + b, 0) }), years: years.map((centre) => resources({ centre })) };
    made.file.budget = { a_year: limit, of: "centre" };
    const { headline, text } = verdict(made);
    [headline, ...text].forEach((one) => readable(one, String(limit)));
    return [spendOf(made.answer, made.file.budget).state, headline.split(". ")[1], text.find((one) => one.includes("pays"))];
  };
  // Over 78 weeks, 100,000 in the first year and 60,000 in half a year are 106,667 a year on average.
  assert.deepEqual(said(103_000, [100_000, 60_000], 78), [
    "met", "The plan stays within the budget in every year.",
    "The centre pays at most $100,000 in any year, of a budget of $103,000; the average of $106,667 a year is higher only because the last year is not a whole one.",
  ]);
  assert.deepEqual(said(140_000, [150_000, 126_000], 104), [
    "not", "The plan costs more than the budget in its dearest year.",
    "The centre pays $138,000 a year on average, less than the budget of $140,000, but $150,000 in the dearest year, which is $10,000 more than the budget.",
  ]);
  assert.deepEqual(said(130_000, [150_000, 126_000], 104).slice(0, 2), ["not", "The plan costs more than the budget."]);
  assert.deepEqual(said(160_000, [138_000, 138_000], 104).slice(0, 2), ["met", "The plan stays within the budget."]);
});

test("without dates weeks are told; without contacts the plan says what to do", () => {
  const wanted: Wanted = { outcome: "trust", states: ["better", "about the same"], budget: "none", targets: [], log: false };
  assert.match(verdict(input({ ...wanted, dated: false })).headline, /by week 104 instead of/);
  for (const log of [false, true]) {
    const { headline, text } = verdict(input({ ...wanted, log, contacts: false }));
    assert.match(headline, log ? /same as stopping now/ : /no contacts yet/);
    [headline, ...text].forEach((one) => readable(one, "empty"));
  }
});

test("where the interval of worlds is not told, single runs are", () => {
  const wanted: Wanted = { outcome: "trust", states: ["better", "better"], budget: "none", targets: [], log: false, told: false };
  assert.match(verdict(input(wanted)).text[0], /9 of 10 single runs .* between \+0\.05 and \+0\.25/);
});

test("what the answer turns on has its grade; nothing is said where nothing is clear", () => {
  const wanted: Wanted = { outcome: "trust", states: ["better", "better"], budget: "none", targets: [], log: false };
  const said = (driver: string | null) => verdict(input({ ...wanted, driver })).text.join(" ");
  assert.match(said("learning_rate"), /how quickly people learn in a contact, which was measured in other fields only/);
  assert.match(said("response_base"), /measured in this field/);
  assert.match(said("working_week"), /turns most on hours of a full working week\./);
  assert.doesNotMatch(said(null), /turns most/);
});

test("the least sure target is the one that is told", () => {
  const made = input({ outcome: "trust", states: ["better", "better"], budget: "none", targets: ["met", "not met"], log: false });
  assert.equal(leastSure(made.answer.targets)!.met, "not met");
  assert.match(verdict(made).text.join(" "), /The least sure target, integration of 0.40 or more .* in 60 of 200 runs/);
});

test("every plan has a sentence beside the reference, on all outcomes asked", () => {
  const names = ["trust", "integration", "workload"];
  for (const a of STATES) for (const b of STATES) for (const c of STATES) {
    const made = comparison(names, [a, b, c]);
    const { file } = input({ outcome: "trust", states: ["better", "better"], budget: "none", targets: ["met"], log: false });
    const said = compared(data, file, made, "B", names);
    said.forEach((one) => readable(one, `${a} ${b} ${c}`));
    const all = said.join(" ");
    for (const state of STATES) {
      const wanted = [a, b, c].includes(state);
      assert.equal(all.includes(state), wanted, all);
    }
    if (new Set([a, b, c]).size > 1) for (const name of names) assert.ok(all.includes(name), all);
    assert.match(all, /the centre pays \$30,000 a year less, and the target is reached in 170 of 200 runs, as often as with “A”/);
    assert.match(compared(data, file, made, "A", names)[0], /“A” is the plan that the others are compared with/);
  }
});
