/** The desk never shows a number of another document, begins what is missing, and stops what is no longer wanted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "../src/study/desk";
import type { Plan, PlanAnswer, PlansFile } from "../src/types";
import { data as page, input } from "./fixtures_results";
import settings from "../../../../scenarios/scenario.schema.json";

const data = { ...page, schema: settings, functions: { names: [], presets: {} }, parameters: [] } as any;

interface Call {
  plan: string;
  hours: number;
  signal: AbortSignal;
  urgent: boolean;
  progress?: (answer: PlanAnswer) => void;
  resolve: (answer: PlanAnswer) => void;
  reject: (fault: Error) => void;
}

function hoursOf(plan: Plan): number {
  return plan.scenario.dosage[0].hours;
}

/** A stand-in for Answers: it records requests, and answers when the test says so. */
class Asked {
  calls: Call[] = [];
  kept = new Map<string, PlanAnswer>();
  data = data;

  have(plan: Plan): PlanAnswer | null {
    return this.kept.get(String(hoursOf(plan))) ?? null;
  }

  answer(plan: Plan, _file: PlansFile, options: any): Promise<PlanAnswer> {
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener("abort", () => reject(new DOMException("Stopped.", "AbortError")));
      this.calls.push({ plan: plan.name, hours: hoursOf(plan), resolve, reject, ...options });
    });
  }

  scenarioOf(): never {
    throw new Error("no comparison in this test");
  }
}

function answerOf(runs: number): PlanAnswer {
  const { answer } = input({ outcome: "trust", states: ["better", "better"], budget: "none", targets: [], log: false });
  return { ...answer, runs };
}

function fileOf(hours: number[], open = 0): PlansFile {
  return {
    codose: "plans", version: 1, open: `plan ${open}`, reference: null, currency: "$",
    budget: { a_year: null, of: "centre" }, targets: [],
    plans: hours.map((one, place) => ({
      name: `plan ${place}`,
      scenario: { name: `plan ${place}`, dosage: [{ mode: "video", every_weeks: 2, hours: one }] },
    })),
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("an answer is shown as it grows, and is final at the end", async () => {
  const asked = new Asked();
  let drawn = 0;
  const desk = new Desk(asked as any, data, () => (drawn += 1));
  const file = fileOf([1]);
  desk.show(file);
  assert.deepEqual(desk.state(file), { answer: null, comparison: null, busy: true, error: null });
  asked.calls[0].progress!(answerOf(50));
  assert.equal(desk.state(file).answer!.runs, 50);
  assert.equal(desk.state(file).busy, true);
  asked.calls[0].resolve(answerOf(200));
  await settled();
  assert.equal(desk.state(file).answer!.runs, 200);
  assert.equal(desk.state(file).busy, false);
  assert.equal(drawn, 2);
  desk.show(file);
  assert.equal(asked.calls.length, 1, "the same document asks nothing again");
});

test("a move stops what runs, and nothing old stands under the new plan", async () => {
  const asked = new Asked();
  const desk = new Desk(asked as any, data, () => undefined);
  const before = fileOf([1]);
  const after = fileOf([2]);
  desk.show(before);
  asked.calls[0].progress!(answerOf(50));
  assert.equal(desk.state(after).answer, null, "not even before the new plan is begun");
  desk.show(after);
  assert.equal(asked.calls[0].signal.aborted, true);
  asked.calls[0].progress!(answerOf(100));
  await settled();
  assert.deepEqual(desk.state(after), { answer: null, comparison: null, busy: true, error: null });
  asked.calls[1].resolve(answerOf(200));
  await settled();
  assert.equal(desk.state(after).answer!.runs, 200);
  assert.equal(asked.calls[1].urgent, true);
});

test("what was made before is there at once", () => {
  const asked = new Asked();
  asked.kept.set("2", answerOf(200));
  const desk = new Desk(asked as any, data, () => undefined);
  const file = fileOf([2]);
  assert.equal(desk.state(file).answer!.runs, 200);
  assert.equal(desk.state(file).answer!.plan, "plan 0");
  assert.equal(desk.state(file).busy, false, "it is whole, before anything is begun");
  desk.show(file);
  assert.equal(asked.calls.length, 0);
  assert.equal(desk.state(file).busy, false);
});

test("a failure is said, and tried again when asked", async () => {
  const asked = new Asked();
  const desk = new Desk(asked as any, data, () => undefined);
  const file = fileOf([1]);
  desk.show(file);
  asked.calls[0].reject(new Error("The worker is gone."));
  await settled();
  assert.equal(desk.state(file).error, "The worker is gone.");
  assert.equal(desk.state(file).busy, false);
  desk.again(file);
  assert.equal(desk.state(file).error, null);
  asked.calls[1].resolve(answerOf(200));
  await settled();
  assert.equal(desk.state(file).answer!.runs, 200);
});

test("a plan with a mistake is not run: the mistake is said", () => {
  const asked = new Asked();
  const desk = new Desk(asked as any, data, () => undefined);
  const file = fileOf([-3]);
  desk.show(file);
  assert.equal(asked.calls.length, 0);
  assert.match(desk.state(file).error!, /hours/);
  assert.equal(desk.state(file).busy, false);
});
