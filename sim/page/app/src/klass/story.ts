/** Stories as data (sim/page/stories.json), and what is computed for them from runs: the right choices,
 * the numbers that are revealed, and the person and week in which a story's term acted most. */
import { drivers, type Driver } from "../study/stats";
import type { Rules } from "./replay";
import { callAgain, type Cause, type Change, type ContactSeen, type Replay, type State } from "./replay";
import type { Layout } from "./tables";
import { fixed, signed } from "./why";

export type Side = "left" | "right";
export const SIDES: readonly Side[] = ["left", "right"];

export interface Look {
  side: Side;
  outcome: string;
  week: number;
}

/** A number, a mean of runs, arithmetic of these, or ["on", expression]: its value with all switches on. */
export type Expression = number | Look | ["on", Expression] | [string, Expression, Expression];

export interface Rule {
  value?: Expression;
  cuts?: Expression[]; // choice i holds from cut i - 1 up to cut i
  largest?: Expression[]; // choice i holds where its value is the largest
}

export interface Shown {
  outcome: string;
  week: number;
  from: number; // the week that is called "start"
}

export interface Acted {
  side: Side;
  state: State;
  cause: Cause;
  from: number;
  to: number;
  without?: { rule: string; argument: string; value: number };
}

export interface Step {
  text: string;
  question: string;
  choices: string[];
  rule: Rule;
  says: string[]; // for each choice, the reply to those who chose it
  show: Shown[];
  outcome: State | "open" | "load"; // the outcome that is drawn
  look: Acted;
  off?: string[]; // keys of switches that are off
}

export interface StorySide {
  name: string;
  line: string; // the word at the end of this side's line in the chart
  changes: Record<string, any>;
}

export interface Switch {
  key: string;
  name: string;
  parameters: Record<string, number>;
}

export interface Story {
  key: string;
  title: string;
  minutes: number;
  aim: string;
  misconception: string;
  scenario: Record<string, any>;
  sides: [StorySide, StorySide];
  steps: Step[];
  switches?: Switch[];
  discuss: string;
}

/** The scenario of a side with some switches off. */
export function scenarioOf(story: Story, side: Side, off: readonly string[] = []): Record<string, any> {
  const { changes } = story.sides[side === "left" ? 0 : 1];
  const taken = (story.switches ?? []).filter((one) => off.includes(one.key));
  return {
    ...story.scenario,
    ...changes,
    parameters: Object.assign(
      {}, story.scenario.parameters, changes.parameters, ...taken.map((one) => one.parameters)),
  };
}

// --- means of many runs ------------------------------------------------------------------------------------

/** Means over the replicates of each set, of shape (sets,); NaN where no run has a value. */
export interface Means {
  sets: number;
  of(side: Side, outcome: string, week: number): Float64Array;
}

export function evaluate(expression: Expression, set: number, means: Means, on: Means | null): number {
  if (typeof expression === "number") return expression;
  if (!Array.isArray(expression)) {
    return means.of(expression.side, expression.outcome, expression.week)[set];
  }
  if (expression[0] === "on") return evaluate(expression[1], set, on ?? means, on);
  const [operation, a, b] = expression as [string, Expression, Expression];
  const [x, y] = [evaluate(a, set, means, on), evaluate(b, set, means, on)];
  switch (operation) {
    case "+": return x + y;
    case "-": return x - y;
    case "*": return x * y;
    case "/": return x / y;
    default: throw new Error(`A story has an operation that there is not: ${operation}.`);
  }
}

/** The choice that holds in a set and the value that decides it; the index is -1 where that value is NaN. */
export function choiceIn(rule: Rule, set: number, means: Means, on: Means | null): { index: number; value: number } {
  if (rule.largest) {
    const values = rule.largest.map((one) => evaluate(one, set, means, on));
    if (values.some(Number.isNaN)) return { index: -1, value: NaN };
    const best = Math.max(...values);
    const index = values.indexOf(best);
    return { index, value: best - Math.max(...values.filter((_, i) => i !== index)) };
  }
  const value = evaluate(rule.value!, set, means, on);
  if (Number.isNaN(value)) return { index: -1, value };
  return { index: rule.cuts!.filter((cut) => evaluate(cut, set, means, on) <= value).length, value };
}

/** The share of the sets in which a choice must hold to be the right one. */
export const HOLDS = 0.8;

export interface Right {
  index: number; // the right choice; equal to the number of choices where the answer is "it depends"
  most: number; // the choice that holds most often
  counts: number[]; // in how many sets each choice holds
  sets: number; // sets that have a value
  driver: Driver | null; // the parameter that moves the value most, where the answer depends
}

/** The choice that holds in at least the share HOLDS of the sets, else "it depends". */
export function rightChoice(
  step: Step, means: Means, on: Means | null, names: readonly string[], columns: readonly Float64Array[],
): Right {
  const counts = step.choices.map(() => 0);
  const values = new Float64Array(means.sets);
  for (let set = 0; set < means.sets; set += 1) {
    const { index, value } = choiceIn(step.rule, set, means, on);
    values[set] = value;
    if (index >= 0) counts[index] += 1;
  }
  const sets = counts.reduce((sum, one) => sum + one, 0);
  const most = counts.indexOf(Math.max(...counts));
  const certain = sets > 0 && counts[most] >= HOLDS * sets;
  const driver = certain ? null : (drivers(columns, names, values)[0] ?? null);
  return { index: certain ? most : step.choices.length, most, counts, sets, driver };
}

// --- reveals ---------------------------------------------------------------------------------------------------

export interface RevealSide {
  start: string; // "" for a total, or where there is no value at the start
  end: string;
  change: string;
}

export interface Reveal {
  outcome: string;
  week: number;
  from: number;
  digits: number;
  left: RevealSide;
  right: RevealSide;
  difference: string;
}

const SMALL = 0.02;

function meanOf(values: Float64Array): number {
  const known = [...values].filter((one) => !Number.isNaN(one));
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}

type Kind = "level" | "total" | "rate";
type Ends = { start: number; end: number };

/** The numbers of a reveal. Levels are rounded first and differences taken of these, so that the printed numbers add up. */
export function reveals(
  shown: readonly Shown[], means: Means, kindOf: (outcome: string) => Kind,
): Reveal[] {
  const ends = shown.map((one) => SIDES.map((side): Ends => ({
    start: meanOf(means.of(side, one.outcome, one.from)),
    end: meanOf(means.of(side, one.outcome, one.week)),
  })));
  // All levels have the same number of digits, so that equal starts print as equal text.
  const moves = shown.flatMap((one, i) => (kindOf(one.outcome) === "total" ? [] : movesOf(ends[i])));
  const levels = moves.some((one) => Math.abs(one) < SMALL) ? 3 : 2;
  return shown.map((one, i) => {
    const [left, right] = ends[i];
    const total = kindOf(one.outcome) === "total";
    const digits = !total ? levels : Math.abs(right.end - left.end) < 3 ? 1 : 0;
    const rounded = (x: number) => Number(x.toFixed(digits));
    const told = ({ start, end }: Ends): RevealSide => {
      const last = fixed(end, digits);
      if (total || Number.isNaN(start)) return { start: "", end: last, change: "" };
      const change = signed(rounded(end) - rounded(start), digits);
      return { start: fixed(start, digits), end: last, change };
    };
    return {
      outcome: one.outcome, week: one.week, from: one.from, digits,
      left: told(left), right: told(right),
      difference: signed(rounded(right.end) - rounded(left.end), digits),
    };
  });
}

function movesOf([left, right]: Ends[]): number[] {
  const all = [left.end - left.start, right.end - right.start, right.end - left.end];
  return all.filter((one) => !Number.isNaN(one));
}

// --- the most telling person and week ------------------------------------------------------------------------

export interface Telling {
  side: Side;
  week: number;
  region: number;
  post: number;
  change: Change;
  amount: number; // the change that the story's term made; the whole change where the story names no term
}

/** The person and week in which the term of a story acted most; a person counts only where present. */
export function mostTelling(
  acted: Acted, replay: Replay, rules: Rules, layout: Pick<Layout, "functions">,
): Telling | null {
  let best: Telling | null = null;
  for (const seen of replay.weeks.slice(acted.from, acted.to + 1)) {
    for (const change of seen.changes) {
      if (change.state !== acted.state || change.cause !== acted.cause) continue;
      if (change.contact >= 0 && !wasThere(change, seen.contacts[change.contact])) continue;
      const { call } = change;
      const amount = acted.without && call
        ? call.value - callAgain(rules, layout, call, acted.without).value
        : change.after - change.before;
      // Where other terms outweigh this one, the whole change has the other sign and would mislead.
      if (amount * (change.after - change.before) < 0) continue;
      if (best === null || Math.abs(amount) > Math.abs(best.amount)) {
        best = {
          side: acted.side, week: seen.week, region: change.region, post: change.post, change, amount,
        };
      }
    }
  }
  return best;
}

const wasThere = (change: Change, contact: ContactSeen): boolean =>
  change.post < 0 || contact.present.includes(change.post);
