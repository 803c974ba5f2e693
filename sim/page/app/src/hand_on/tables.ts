/** Results on the screen as tables for Excel: units are in the headings, the plan's name is in every row. */
import { periods } from "../results/Cost";
import { readable } from "../setting/read";
import { startText } from "../results/shared";
import type { Comparison, PageData, Plan, PlanAnswer, PlansFile } from "../types";
import { hasLog, outcomeOf, targetText } from "../words/verdict";
import { firstDay, isoDay, upper } from "../words/text";
import { type Cell, csvText } from "./csv";

export interface TableInput {
  data: PageData;
  file: PlansFile;
  plan: Plan;
  answer: PlanAnswer;
  comparison: Comparison | null;
  say: (way: string, values?: Record<string, string | number>) => string;
}

function head({ say, answer, file }: TableInput, names: string[]): string[] {
  const other = say(`results.over_time.${hasLog(answer) ? "stopping" : "without"}`);
  return names.map((name) => say(`hand_on.columns.${name}`, { other, currency: file.currency }));
}

function day(input: TableInput, week: number): string {
  const start = startText(input.plan);
  return start ? isoDay(firstDay(Math.max(1, week), start)) : "";
}

/** Every outcome at every point in time, for all regions together and for each region. */
export function outcomesTable(input: TableInput): string {
  const { answer, data } = input;
  const names = [
    "plan", "outcome", "unit", "region", "week", "date", "mean", "low", "middle", "high", "without", "gain", "gain_low",
    "gain_high", "verdict", "runs",
  ];
  const rows = answer.levels.map((one): Cell[] => [
    answer.plan, outcomeOf(data, one.outcome).label, outcomeOf(data, one.outcome).unit, readable(one.place, data.words), one.week,
    day(input, one.week), one.mean, one.p05, one.p50, one.p95, one.without, one.gain.mean, one.gain_p05, one.gain_p95,
    one.gain.verdict, answer.runs,
  ]);
  return csvText(head(input, names), rows);
}

/** Outcomes over time, week by week. */
export function coursesTable(input: TableInput): string {
  const { answer, data } = input;
  const names = ["plan", "outcome", "unit", "week", "date", "low", "middle", "high", "other_low", "other_middle", "other_high"];
  const rows = answer.courses.flatMap((course) =>
    course.weeks.map((week, at): Cell[] => [
      answer.plan, outcomeOf(data, course.outcome).label, outcomeOf(data, course.outcome).unit, week, day(input, week),
      course.p05[at], course.p50[at], course.p95[at], course.other_p05[at], course.other_p50[at], course.other_p95[at],
    ]),
  );
  return csvText(head(input, names), rows);
}

/** Cost by period and payer. */
export function costTable(input: TableInput): string {
  const { plan, answer, say } = input;
  const names = [
    "plan", "period", "center", "regions", "together", "expected_center", "expected_regions", "contacts", "visits",
    "provider_hours", "staff_hours",
  ];
  const rows = periods(plan, answer, say).map(({ name, span, planned, expected }): Cell[] => [
    answer.plan, span ? `${name}: ${span}` : name, planned.centre, planned.regions, planned.money, expected?.centre,
    expected?.regions, planned.contacts, planned.visits, planned.provider_hours, planned.staff_hours,
  ]);
  return csvText(head(input, names), rows);
}

/** Plans compared with the reference plan: differences, cost, targets; null without a comparison. */
export function comparedTable(input: TableInput): string | null {
  const { comparison, data, file, plan } = input;
  if (!comparison) return null;
  const names = ["plan", "reference", "outcome", "unit", "region", "week", "difference", "difference_low", "difference_high", "verdict", "runs"];
  const differences = [...comparison.differences, ...(comparison.regions ?? [])].map((one): Cell[] => [
    one.plan, comparison.reference, outcomeOf(data, one.outcome).label, outcomeOf(data, one.outcome).unit, readable(one.place, data.words),
    one.week, one.paired.mean, one.paired.low, one.paired.high, one.paired.verdict, one.paired.runs,
  ]);
  const costs = comparison.plans.flatMap((one): Cell[][] => [
    [one.plan, "", head(input, ["center"])[0], file.currency, "", "", one.planned.total.centre],
    [one.plan, "", head(input, ["regions"])[0], file.currency, "", "", one.planned.total.regions],
    ...one.targets.map((target): Cell[] => [
      one.plan, "", upper(targetText(data, target, startText(plan), file.currency)), head(input, ["share"])[0], "",
      target.week, target.share.p, target.share.low, target.share.high, target.met, target.share.runs,
    ]),
  ]);
  const width = names.length;
  const rows = [...differences, ...costs].map((row) => [...row, ...new Array<Cell>(width - row.length).fill("")]);
  return csvText(head(input, names), rows);
}
