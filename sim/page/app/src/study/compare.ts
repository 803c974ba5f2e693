/** Comparisons: every plan against the reference, run by run, as `codose compare` makes them.
 *
 * Plans with the same regions and staff are compared by levels, at each plan's own end of assistance and at the
 * common horizon, which is the shortest. A plan with other regions or staff is compared by gains over the same plan
 * without assistance, as `codose compare --gains` does. All runs take the reference's seed.
 */
import type { Comparison, Difference, Limit, OutcomeAbout, PageData, Plan, PlansFile, Problem, Runs, Scenario } from "../types";
import { endOfTa, hasTa, withoutTa } from "../model/complete";
import { Answers, questionOf, shorten, shownOutcomes } from "./answer";
import { Breath } from "./breath";
import { OVERALL, SPREAD, WORST, Values, betterAt, counted, marginOf, signOf } from "./pair";
import * as stats from "./stats";
import { canonical, contentOf, weeksOf, yearEnds } from "./world";

export interface CompareOptions {
  signal?: AbortSignal;
  progress?: (comparison: Comparison) => void; // takes a comparison of the plans that are done, with `stands` false
}

type Point = Difference["point"];
const POINTS: Point[] = ["end_of_ta", "horizon"];
const PEOPLE = ["candidates", "count", "selection", "staff", "overrides"]; // fields of `regions`
const MOST_KEPT = 200; // comparisons of two plans
const WORLD = ["parameters", "shocks", "background_trend"];

/** A plan of a comparison, the week in which its assistance ends, and the common horizon. */
interface Arm {
  name: string;
  scenario: Scenario;
  end: number;
  horizon: number;
}

/** Plans with the weeks of their points, as sim.studies.compare.spec.plans_of has them; the reference is first. */
export function armsOf(plans: { name: string; scenario: Scenario }[]): Arm[] {
  const horizon = Math.min(...plans.map((one) => one.scenario.horizon_weeks));
  const going = plans.filter((one) => one.scenario.dosage.length);
  const logged = plans.filter((one) => hasTa(one.scenario));
  const first = going[0] ?? logged[0];
  const end = first ? endOfTa(first.scenario) : horizon;
  return plans.map(({ name, scenario }) => ({
    name, scenario, horizon,
    end: scenario.dosage.length ? endOfTa(scenario) : Math.min(end, scenario.horizon_weeks),
  }));
}

const weekOf = (arm: Arm, point: Point): number => (point === "end_of_ta" ? arm.end : arm.horizon);

/** Both points; only the first where every plan's assistance ends at the horizon. */
const pointsOf = (arms: Arm[]): Point[] =>
  arms.every((arm) => arm.end === arm.horizon) ? POINTS.slice(0, 1) : POINTS;

/** Names of the fields in which two records differ. */
function unlike(a: Record<string, unknown> = {}, b: Record<string, unknown> = {}, names?: string[]): string[] {
  const every = names ?? [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])];
  return every.filter((name) => canonical(a?.[name] ?? null) !== canonical(b?.[name] ?? null));
}

function limitsOf(arms: Arm[]): Limit[] {
  const [first, ...others] = arms;
  const found: Limit[] = [];
  if (arms.some((arm) => arm.scenario.horizon_weeks !== arm.horizon)) {
    const weeks = arms.map((arm) => ({ plan: arm.name, weeks: arm.scenario.horizon_weeks }));
    found.push({ what: "horizons", weeks, common: first.horizon });
  }
  for (const { name: plan, scenario } of others) {
    const people = unlike(first.scenario.regions, scenario.regions, PEOPLE);
    if (people.length) found.push({ what: "people", plan, fields: people });
    const prices = unlike(first.scenario.costs, scenario.costs);
    if (prices.length) found.push({ what: "prices", plan, fields: prices });
    const world = unlike(first.scenario, scenario, WORLD);
    if (world.length) found.push({ what: "world", plan, fields: world });
  }
  return found;
}

export const samePeople = (a: Scenario, b: Scenario): boolean => !unlike(a.regions, b.regions, PEOPLE).length;

/** Compare every plan of a file with the reference, also plans that are equal to it. */
export async function compareOf(
  doc: PlansFile, answers: Answers, options: CompareOptions = {},
): Promise<Comparison> {
  const { usable, unusable } = sortedOut(doc, answers);
  const reference = usable[0]?.plan.name ?? doc.plans[0]?.name ?? "";
  const comparison: Comparison = {
    reference, horizon: 0, points: POINTS, differences: [], regions: [], limits: unusable, plans: [], stands: false,
  };
  if (!usable.length) return { ...comparison, stands: true };
  const [first] = usable;
  const alike = usable.filter((one) => samePeople(first.scenario, one.scenario));
  const others = usable.filter((one) => !alike.includes(one));
  const groups = [new Group(armsOf(alike.map(named)), false, doc, answers, options.signal)];
  if (others.length) {
    groups.push(new Group(armsOf([first, ...others].map(named)), true, doc, answers, options.signal));
  }
  comparison.horizon = groups[0].arms[0].horizon;
  comparison.points = pointsOf(groups[0].arms);
  comparison.limits = [...groups.flatMap((one) => limitsOf(one.arms)), ...unusable];
  for (const { plan } of usable) {
    comparison.plans = [...comparison.plans, await answers.answer(plan, doc, { signal: options.signal })];
    const group = groups.find((one) => one.others.some((arm) => arm.name === plan.name));
    if (group) {
      const rows = await group.rows(plan.name);
      comparison.differences = [...comparison.differences, ...rows.filter((one) => one.place === OVERALL)];
      comparison.regions = [...comparison.regions, ...rows.filter((one) => one.place !== OVERALL)];
    }
    if (plan !== usable.at(-1)!.plan) options.progress?.({ ...comparison });
  }
  return { ...comparison, stands: true };
}

interface Usable {
  plan: Plan;
  scenario: Scenario;
}

const named = ({ plan, scenario }: Usable) => ({ name: plan.name, scenario });

/** The plans that can be run, the reference first, and the mistakes of the others. */
function sortedOut(doc: PlansFile, answers: Answers): { usable: Usable[]; unusable: Limit[] } {
  const reference = doc.plans.find((one) => one.name === doc.reference) ?? doc.plans[0];
  const usable: Usable[] = [];
  const unusable: Limit[] = [];
  for (const plan of [reference, ...doc.plans.filter((one) => one !== reference)].filter(Boolean)) {
    try {
      usable.push({ plan, scenario: answers.scenarioOf(plan) });
    } catch (error) {
      unusable.push({ what: "unusable", plan: plan.name, problems: problemsOf(error) });
    }
  }
  return { usable, unusable };
}

function problemsOf(error: unknown): Problem[] {
  const problems = (error as { problems?: Problem[] }).problems;
  return problems ?? [{ path: [], text: error instanceof Error ? error.message : String(error) }];
}

interface Side {
  arm: Arm;
  own: Values;
  bare: Values;
}

/** Plans that are compared with the reference in one way: by levels, or by gains. */
class Group {
  readonly others: Arm[];
  private readonly points: Point[];
  private readonly shown: OutcomeAbout[];
  private readonly data: PageData;
  private reference: Promise<Side> | null = null;

  constructor(
    readonly arms: Arm[],
    private readonly gains: boolean,
    private readonly doc: PlansFile,
    private readonly answers: Answers,
    private readonly signal?: AbortSignal,
  ) {
    this.others = arms.slice(1);
    this.points = pointsOf(arms);
    this.data = answers.data;
    this.shown = shownOutcomes(this.data, doc.targets);
  }

  /** Differences of a plan from the reference: every outcome overall, outcomes shown also by region. */
  async rows(name: string): Promise<Difference[]> {
    const arm = this.arms.find((one) => one.name === name)!;
    const { differences } = this.answers;
    const about = [this.arms[0], arm].map((one) => [contentOf(one.scenario), one.end, one.horizon]);
    const key = canonical([this.arms[0].scenario.seed, about, this.gains, this.points, this.doc.targets]);
    const found = differences.get(key) ?? (await this.work(arm));
    differences.delete(key);
    differences.set(key, found);
    shorten(differences, MOST_KEPT);
    return found.map((one) => ({ ...one, plan: name }));
  }

  private async work(arm: Arm): Promise<Difference[]> {
    const breath = new Breath(this.signal);
    this.reference ??= this.side(this.arms[0]);
    const [first, other] = await Promise.all([this.reference, this.side(arm)]);
    const found: Difference[] = [];
    for (const point of this.points) {
      for (const about of this.data.outcomes) {
        const margin = marginOf(about, () => this.values(first, about, point, OVERALL));
        const places = this.shown.includes(about) ? this.places(first, other, about) : [];
        for (const place of [OVERALL, ...places]) {
          await breath.take();
          found.push(this.row(first, other, about, point, place, margin));
        }
      }
    }
    return found;
  }

  private row(
    first: Side, other: Side, about: OutcomeAbout, point: Point, place: string, margin: number,
  ): Difference {
    const [a, b] = [first, other].map((one) => this.values(one, about, point, place));
    return {
      plan: other.arm.name, outcome: about.name, place, point,
      week: weekOf(other.arm, point), week_of_reference: weekOf(first.arm, point),
      mean_of_reference: stats.mean(a), mean_of_plan: stats.mean(b), gains: this.gains,
      paired: stats.paired(a, b, margin, betterAt(about, place), this.data),
    };
  }

  /** Levels, or gains over no assistance. */
  private values(side: Side, about: OutcomeAbout, point: Point, place: string): stats.Grid {
    const at = (one: Values) => one.at(about.name, weekOf(side.arm, point), place, signOf(about));
    return this.gains ? stats.less(at(side.own), at(side.bare)) : at(side.own);
  }

  /** Regions that both plans have. Where both have the same several regions, the worst and the spread follow. */
  private places(first: Side, other: Side, about: OutcomeAbout): string[] {
    const [here, there] = [first, other].map((one) => one.own.runs.places.slice(0, -1));
    const both: string[] = here.filter((region) => there.includes(region));
    const all = here.length > 1 && here.length === there.length && both.length === here.length;
    return all && signOf(about) ? [...both, WORST, SPREAD] : both;
  }

  private async side(arm: Arm): Promise<Side> {
    const beside = this.gains || questionOf(arm.name, arm.scenario, [], this.data).against === "without assistance";
    const [own, bare] = await Promise.all([this.run(arm, false), this.run(arm, beside)]);
    const counts = own === bare ? counted(own) : counted(own, bare);
    return { arm, own: new Values(own, counts), bare: new Values(bare, counts) };
  }

  /** Runs of a plan with the reference's seed: those of its answer where these hold the weeks needed. */
  private run(arm: Arm, bare: boolean): Promise<Runs> {
    const { seed } = this.arms[0].scenario;
    const question = questionOf(arm.name, arm.scenario, this.doc.targets, this.data);
    const scenario = bare && hasTa(arm.scenario) ? withoutTa(arm.scenario) : arm.scenario;
    const weeks = weeksOf([...question.own.weeks, arm.end, arm.horizon, ...yearEnds(arm.scenario, arm.horizon)]);
    const { weekly } = question.own;
    return this.answers.runs.run({ scenario, seed, weeks, weekly }, { signal: this.signal });
  }
}

