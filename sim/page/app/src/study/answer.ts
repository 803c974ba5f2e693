/** Answers: the results of a plan, equal to those of `codose run` and `codose compare`.
 *
 * A plan is run with the scenario's seed over the plausible sets, each with replicates of its own, and so is its
 * comparison: no assistance or, where contacts follow a contact log, assistance that stops now. Courses are those of
 * `codose run`: quantiles over all runs and, for chance alone, the mean of the sets -+ z SD by chance. The rest is
 * that of `codose compare`.
 */
import type {
  Course, Difference, Expected, LevelAt, OutcomeAbout, PageData, Paired, Payers, Plan, PlanAnswer, Planned, PlansFile, Problem, RestsOn,
  Runs, Runner, Scenario, ScenarioData, Target, TargetAnswer,
} from "../types";
import { type Completer, assignment, hasTa, planStart, stoppingNow, withoutTa } from "../model/complete";
import { check } from "../model/check";
import { Breath } from "./breath";
import { OVERALL, RunPair, SPREAD, WORST, betterAt, counted, marginOf, signOf } from "./pair";
import { type Asked, RunStore } from "./runs";
import * as stats from "./stats";
import { WEEKS_A_YEAR, canonical, contentOf, goesOnFromALog, momentsOf, weeksOf, yearEnds } from "./world";

/** Outcomes shown by region and over time, besides the headline outcomes and those of targets. */
const SHOWN_TOO = ["routines"];
const COURSE_QUANTILES = [0.05, 0.5, 0.95];
const MIDDLE = [stats.TAILS[0], 0.5, stats.TAILS[1]];

export interface AnswerOptions {
  signal?: AbortSignal;
  urgent?: boolean; // run before waiting requests: for the plan on the screen
  progress?: (answer: PlanAnswer) => void; // takes an answer from part of the runs, with `stands` false
}

/** Outcomes shown by region and over time, in the engine's order. */
export function shownOutcomes(data: PageData, targets: readonly Target[]): OutcomeAbout[] {
  const asked = new Set([...SHOWN_TOO, ...targets.map((one) => one.outcome)]);
  return data.outcomes.filter((one) => one.headline || asked.has(one.name));
}

const DEFINED = "definition";
const ASSUMED = "assumption";

/** Count the model's numbers by grade. Definitions are left out, as no data could tell their values. */
export function restsOn(data: PageData): RestsOn {
  const grades: Record<string, number> = {};
  for (const { grade } of data.parameters) {
    if (grade !== DEFINED) grades[grade] = (grades[grade] ?? 0) + 1;
  }
  const numbers = Object.values(grades).reduce((all, one) => all + one, 0);
  return { numbers, assumptions: grades[ASSUMED] ?? 0, grades };
}

/** The two requests for runs that an answer needs. */
export interface Question {
  name: string;
  scenario: Scenario;
  targets: readonly Target[];
  own: Asked;
  other: Asked; // the comparison: no assistance, or assistance that stops now
  against: PlanAnswer["against"];
}

export function questionOf(name: string, scenario: Scenario, targets: readonly Target[], data: PageData): Question {
  const { seed } = scenario;
  const moments = momentsOf(scenario);
  const ends = yearEnds(scenario, scenario.horizon_weeks);
  const weeks = weeksOf([...Object.values(moments), ...ends]);
  const weekly = shownOutcomes(data, targets).filter((one) => one.kind === "level").map((one) => one.name);
  const from = goesOnFromALog(scenario);
  const world = from ? stoppingNow(scenario) : hasTa(scenario) ? withoutTa(scenario) : scenario;
  return {
    name, scenario, targets,
    own: { scenario, seed, weeks, weekly },
    other: { scenario: world, seed, weeks, weekly },
    against: from ? "stopping now" : "without assistance",
  };
}

/** Thrown for a plan that cannot be run; it holds every mistake. */
export class Unsound extends Error {
  override readonly name = "Unsound";

  constructor(readonly problems: Problem[]) {
    super(problems.map((one) => one.text).join(" "));
  }
}

/** The answers of a page. The last ones are kept, so that switching plans and undoing are instant. */
export class Answers {
  readonly runs: RunStore;
  readonly differences = new Map<string, Difference[]>(); // rows of comparisons, by the content compared
  private kept = new Map<string, PlanAnswer>();
  private scenarios = new WeakMap<ScenarioData, Scenario>();

  constructor(
    readonly runner: Runner,
    readonly data: PageData,
    private readonly complete: Completer,
    private readonly mistakes: (scenario: ScenarioData) => Problem[] = (scenario) => check(scenario, data),
  ) {
    this.runs = new RunStore(runner, data);
  }

  /** The scenario of a plan with every default filled in. Throws Unsound. */
  scenarioOf({ scenario }: Plan): Scenario {
    const found = this.scenarios.get(scenario);
    if (found) return found;
    const problems = this.mistakes(scenario);
    if (problems.length) throw new Unsound(problems);
    const whole = this.complete(scenario);
    this.scenarios.set(scenario, whole);
    return whole;
  }

  /** The complete answer of a plan where it is kept; else null. */
  have(plan: Plan, doc: PlansFile): PlanAnswer | null {
    const found = this.kept.get(this.key(this.scenarioOf(plan), doc.targets));
    return found ? { ...found, plan: plan.name } : null;
  }

  async answer(plan: Plan, doc: PlansFile, options: AnswerOptions = {}): Promise<PlanAnswer> {
    const scenario = this.scenarioOf(plan);
    const key = this.key(scenario, doc.targets);
    const found = this.kept.get(key) ?? (await this.make(plan.name, scenario, doc.targets, options));
    this.kept.delete(key);
    this.kept.set(key, found);
    shorten(this.kept, 60);
    return { ...found, plan: plan.name };
  }

  private key(scenario: Scenario, targets: readonly Target[]): string {
    return `${scenario.seed} ${contentOf(scenario)} ${canonical(targets)}`;
  }

  private async make(
    name: string, scenario: Scenario, targets: readonly Target[], options: AnswerOptions,
  ): Promise<PlanAnswer> {
    const question = questionOf(name, scenario, targets, this.data);
    const planned = this.runner.planned(scenario);
    const drafts = new Drafts(question, planned, this.runs, options);
    const told = (own: boolean) => (runs: Runs) => drafts.take(own, runs);
    const wanted = { signal: options.signal, urgent: options.urgent };
    try {
      const [own, other] = await Promise.all([
        this.runs.run(question.own, { ...wanted, progress: told(true) }),
        this.runs.run(question.other, { ...wanted, progress: told(false) }),
      ]);
      drafts.end();
      return await answerFrom(question, new RunPair(own, other), planned, this.runs, true, options.signal);
    } finally {
      drafts.end();
    }
  }
}

export function shorten(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

/** Share of the sets whose runs give the first draft. */
const EARLY = 0.5;

/** Draft answers while runs are made: the first when half of the sets have a run on both sides, the next when every
 * set has, then one at each doubling of the runs. */
class Drafts {
  private own: Runs | null = null;
  private other: Runs | null = null;
  private told = 0;
  private busy = false;
  private ended = false;

  constructor(
    private readonly question: Question,
    private readonly planned: Planned,
    private readonly store: RunStore,
    private readonly options: AnswerOptions,
  ) {
    this.other = store.have(question.other);
    this.own = store.have(question.own);
  }

  take(own: boolean, runs: Runs): void {
    if (own) this.own = runs;
    else this.other = runs;
    if (this.question.own.scenario === this.question.other.scenario) this.own = this.other = runs;
    void this.tell();
  }

  end(): void {
    this.ended = true;
  }

  private async tell(): Promise<void> {
    const { own, other, options } = this;
    if (!options.progress || !own || !other || this.busy || this.ended) return;
    const pair = new RunPair(own, other);
    const made = pair.runs;
    const next = this.told < EARLY * own.sets ? EARLY * own.sets : this.told < own.sets ? own.sets : 2 * this.told;
    if (made < next || made >= own.sets * own.replicates) return;
    this.told = made < own.sets ? made : made - (made % own.sets);
    this.busy = true;
    try {
      const draft = await answerFrom(this.question, pair, this.planned, this.store, false, options.signal);
      if (!this.ended && !options.signal?.aborted) options.progress(draft);
    } catch (error) {
      if (!options.signal?.aborted) throw error;
    } finally {
      this.busy = false;
    }
  }
}

// --- from runs to an answer -----------------------------------------------------------------------------

/** Make an answer from runs; `stands` is true where these are all the runs. */
export async function answerFrom(
  question: Question, pair: RunPair, planned: Planned, store: RunStore, stands: boolean, signal?: AbortSignal,
): Promise<PlanAnswer> {
  const { scenario, targets } = question;
  const { data } = store;
  const breath = new Breath(signal);
  const at = momentsOf(scenario);
  const points = weeksOf(Object.values(at));
  const shown = shownOutcomes(data, targets);
  const levels = await levelsOf(pair, data, shown, points, breath);
  const courses = await coursesOf(question, pair, store, stands, breath);
  const drivers = [];
  for (const { name } of shown) {
    await breath.take();
    const means = stats.allSetMeans(pair.gain(name, at.end_of_ta));
    const found = stats.drivers(store.columns, data.sets.varied, means);
    drivers.push(...found.map((one) => ({ outcome: name, ...one })));
  }
  const used = usedHours(scenario, pair, planned);
  const own = pair.own.runs;
  const runs = pair.runs;
  return {
    plan: question.name,
    against: question.against,
    end: at.end_of_ta,
    horizon: at.horizon,
    points,
    at,
    places: pair.own.places,
    levels,
    courses,
    targets: targets.map((target) => targetAnswer(target, pair, at[target.when], data)),
    planned,
    expected: expectedSpend(scenario, pair, planned),
    busy: used.map((one) => busyShare(one, planned.weeks)),
    used,
    lasting: lastingOf(levels, shown, at.end_of_ta, at.year_after),
    rests: restsOn(data),
    drivers,
    sets: own.sets,
    replicates: own.replicates,
    seed: question.own.seed,
    runs,
    failed: stands ? pair.counts.length - runs : Math.max(own.failed, pair.other.runs.failed),
    stands,
  };
}

/** Levels of every outcome overall; of outcomes shown, also by region, in the worst region and as the spread. */
async function levelsOf(
  pair: RunPair, data: PageData, shown: OutcomeAbout[], points: number[], breath: Breath,
): Promise<LevelAt[]> {
  const found: LevelAt[] = [];
  for (const about of data.outcomes) {
    const places = shown.includes(about) ? placesOf(pair, about) : [OVERALL];
    for (const week of points) {
      const margin = marginOf(about, () => pair.other.at(about.name, week));
      for (const place of places) {
        await breath.take();
        found.push(levelAt(pair, about, week, place, margin, data));
      }
    }
  }
  return found;
}

const placesOf = (pair: RunPair, about: OutcomeAbout): string[] =>
  pair.own.places.filter((place) => signOf(about) || (place !== WORST && place !== SPREAD));

function levelAt(
  pair: RunPair, about: OutcomeAbout, week: number, place: string, margin: number, tables: stats.Tables,
): LevelAt {
  const sign = signOf(about);
  const value = pair.own.at(about.name, week, place, sign);
  const other = pair.other.at(about.name, week, place, sign);
  const means = stats.allSetMeans(value);
  const [p05, p50, p95] = stats.quantiles(value.values, MIDDLE);
  const gap = stats.less(value, other);
  const gain: Paired = stats.pairedOf(gap, margin, betterAt(about, place), tables);
  return {
    outcome: about.name, place, week, mean: stats.meanOf(means), p05, p50, p95, without: stats.mean(other), gain,
    gain_p05: gain.run_low, gain_p95: gain.run_high, chance_share: stats.luckShare(stats.components(value, means)),
  };
}

// --- courses -----------------------------------------------------------------------------------------------

async function coursesOf(
  question: Question, pair: RunPair, store: RunStore, stands: boolean, breath: Breath,
): Promise<Course[]> {
  const { outcomes, z } = store.data;
  // In a draft, the runs of the comparison may be complete already; all of them are shown.
  const others = stands ? pair.counts : counted(pair.other.runs);
  const found: Course[] = [];
  for (const name of question.own.weekly) {
    const about = outcomes.find((one) => one.name === name)!;
    const kept = <T>(runs: Runs, counts: Uint8Array, what: string, make: () => Promise<T>) =>
      isWhole(counts) ? store.told(runs, `${what} of ${name}`, make) : make();
    const of = ({ weekly }: Asked, runs: Runs, counts: Uint8Array) =>
      kept(runs, counts, "course", () => bandsOf(weekly, runs, counts, name, breath));
    const own = await of(question.own, pair.own.runs, pair.counts);
    const other = await of(question.other, pair.other.runs, others);
    const chance = await kept(pair.own.runs, pair.counts, "chance", () =>
      chanceOf(question.own.weekly, pair.own.runs, pair.counts, name, breath));
    found.push({
      outcome: name, weeks: own.weeks, p05: own.p05, p50: own.p50, p95: own.p95, mean: own.mean,
      ...chanceBand(chance.middle, chance.luck, about, z),
      other_p05: other.p05, other_p50: other.p50, other_p95: other.p95, other_mean: other.mean,
    });
  }
  return found;
}

interface Bands {
  weeks: number[];
  p05: Float64Array;
  p50: Float64Array;
  p95: Float64Array;
  mean: Float64Array; // over runs
}

interface Chance {
  middle: Float64Array; // mean of the set means
  luck: Float64Array; // variance by chance
}

const isWhole = (counts: Uint8Array): boolean => counts.every((one) => one === 1);

/** Reads an outcome week by week. Every call of `at` fills and returns the same grid. */
function byWeek(
  names: string[], runs: Runs, counts: Uint8Array, name: string,
): { weeks: number; at: (week: number) => stats.Grid } {
  const weekly = runs.weekly!;
  const width = names.length;
  const weeks = weekly.length / counts.length / width;
  const column = names.indexOf(name);
  const grid: stats.Grid = { sets: runs.sets, replicates: runs.replicates, values: new Float64Array(counts.length) };
  const at = (week: number) => {
    for (let run = 0; run < counts.length; run++) {
      grid.values[run] = counts[run] ? weekly[(run * weeks + week) * width + column] : NaN;
    }
    return grid;
  };
  return { weeks, at };
}

/** Quantiles and mean of all runs in each week. */
async function bandsOf(
  names: string[], runs: Runs, counts: Uint8Array, name: string, breath: Breath,
): Promise<Bands> {
  const { weeks, at } = byWeek(names, runs, counts, name);
  const empty = () => new Float64Array(weeks);
  const found = {
    weeks: Array.from({ length: weeks }, (_, week) => week), p05: empty(), p50: empty(), p95: empty(), mean: empty(),
  };
  for (let week = 0; week < weeks; week++) {
    await breath.take();
    const { values } = at(week);
    [found.p05[week], found.p50[week], found.p95[week]] = stats.quantiles(values, COURSE_QUANTILES);
    found.mean[week] = stats.plainMeanOf(values);
  }
  return found;
}

/** Mean of the set means and variance by chance in each week. */
async function chanceOf(
  names: string[], runs: Runs, counts: Uint8Array, name: string, breath: Breath,
): Promise<Chance> {
  const { weeks, at } = byWeek(names, runs, counts, name);
  const found = { middle: new Float64Array(weeks), luck: new Float64Array(weeks) };
  for (let week = 0; week < weeks; week++) {
    await breath.take();
    const grid = at(week);
    const means = stats.allSetMeans(grid);
    found.middle[week] = stats.meanOf(means);
    found.luck[week] = stats.components(grid, means).luck;
  }
  return found;
}

/** The 90 % band by chance alone, as the figure `spread` of `codose run` draws it. */
function chanceBand(
  middle: Float64Array, luck: Float64Array, about: OutcomeAbout, z: number,
): Pick<Course, "chance_low" | "chance_high"> {
  if (luck.every((one) => one !== one)) return { chance_low: null, chance_high: null };
  const within = (value: number) => Math.min(about.high ?? Infinity, Math.max(about.low, value));
  return {
    chance_low: middle.map((one, week) => within(one - z * Math.sqrt(luck[week]))),
    chance_high: middle.map((one, week) => within(one + z * Math.sqrt(luck[week]))),
  };
}

// --- targets, money, hours --------------------------------------------------------------------------------------

const TOUCHING = 1e-12; // as sim.studies.plan.values.met

/** Whether each run meets a target: 1 or 0 (0 where the outcome is empty), NaN where a run does not count. */
export function meets(target: Target, about: OutcomeAbout, values: stats.Grid, counts: Uint8Array): stats.Grid {
  const sign = about.better === "less" ? -1 : 1;
  return {
    ...values,
    values: values.values.map((value, run) => {
      if (!counts[run]) return NaN;
      return value === value && sign * (value - target.at_least) >= -TOUCHING ? 1 : 0;
    }),
  };
}

function targetAnswer(target: Target, pair: RunPair, week: number, data: PageData): TargetAnswer {
  const about = data.outcomes.find((one) => one.name === target.outcome)!;
  const hits = meets(target, about, pair.own.at(target.outcome, week), pair.counts);
  const share = stats.share(hits, data);
  const met = share.low >= target.sure ? "met" : share.p >= target.sure ? "by the estimate" : "not met";
  return { target, week, share, met };
}

/** Mean spend of the runs after week `start` up to week `stop`, by payer. */
function spendBetween(scenario: Scenario, pair: RunPair, start: number, stop: number): Payers {
  const flow = (name: string, scale: number) =>
    stats.gridBy(pair.own.at(name, stop), pair.own.at(name, start), (a, b) => scale * a - scale * b);
  const total = flow("cost", 1);
  const regions = flow("staff_hours", scenario.costs.staff_hour);
  return {
    money: stats.mean(total), centre: stats.mean(stats.less(total, regions)), regions: stats.mean(regions),
  };
}

function expectedSpend(scenario: Scenario, pair: RunPair, planned: Planned): Expected {
  const horizon = scenario.horizon_weeks;
  const first = Math.min(planStart(scenario) - 1, horizon);
  const years = planned.years.map((_, year) => {
    const start = first + WEEKS_A_YEAR * year;
    return spendBetween(scenario, pair, Math.min(start, horizon), Math.min(start + WEEKS_A_YEAR, horizon));
  });
  const spent = planned.spent.contacts ? spendBetween(scenario, pair, 0, first) : null;
  return { ...spendBetween(scenario, pair, first, horizon), years, spent };
}

/** Mean hours of each provider in each year of the plan, summed over the provider's regions. */
function usedHours(scenario: Scenario, pair: RunPair, planned: Planned): PlanAnswer["used"] {
  const regions = pair.own.runs.places.slice(0, -1);
  const whose = assignment(scenario);
  const horizon = scenario.horizon_weeks;
  const first = Math.min(planStart(scenario) - 1, horizon);
  return planned.by_provider.map(({ name, has }, provider) => {
    const hours = planned.years.map((_, year) => {
      const start = Math.min(first + WEEKS_A_YEAR * year, horizon);
      const stop = Math.min(start + WEEKS_A_YEAR, horizon);
      const own = regions.filter((_, region) => whose[region] === provider);
      return own.reduce((all, region) => {
        const [a, b] = [stop, start].map((week) => pair.own.at("provider_hours", week, region));
        return all + stats.mean(stats.less(a, b));
      }, 0);
    });
    return { name, hours, has };
  });
}

function busyShare(used: PlanAnswer["used"][number], weeks: number): number {
  const has = (used.has * weeks) / WEEKS_A_YEAR;
  return has > 0 ? used.hours.reduce((all, one) => all + one, 0) / has : 0;
}

/** Share of each gain at the end of assistance that is left a year later. */
function lastingOf(
  levels: LevelAt[], shown: OutcomeAbout[], end: number, later: number | null,
): PlanAnswer["lasting"] {
  const gain = (outcome: string, week: number) =>
    levels.find((one) => one.outcome === outcome && one.place === OVERALL && one.week === week)!.gain.mean;
  return shown.map(({ name, better }) => {
    const sign = better === "less" ? -1 : 1;
    const at = sign * gain(name, end);
    if (later === null || !(at > 0)) return { outcome: name, share: null };
    return { outcome: name, share: Math.max(0, sign * gain(name, later)) / at };
  });
}
