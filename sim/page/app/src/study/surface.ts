/** Surface: an outcome over weeks between contacts and hours a contact; its cells are the design of `codose surface`.
 *
 * In every cell, one scheduled series like the plan's most frequent one replaces its contacts. Cells whose planned
 * cost is above the budget are not run. All cells share sets and seeds and run first a few sets, then the rest.
 */
import type { Budget, OutcomeAbout, Runner, Scenario, Series, Share, Target } from "../types";
import { endOfTa, withoutTa } from "../model/complete";
import { taken, yearsOf } from "./prices";
import { gridOfSample, joined, reached, type Sample, sampleOf, type When } from "./samples";
import { mainSeries } from "./space";
import { band, less, mean, share, type Tables } from "./stats";
import { breathe, together } from "./turns";

/** The axes are those of sim.studies.surface. */
export const EVERY_WEEKS: readonly number[] = [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 26, 52];
export const HOURS: readonly number[] = [0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
/** Share of runs that must reach a target where the user sets none. */
export const SURE = 0.8;
const LEAST_HOURS = 0.25;
const FIRST_SETS = 6;
const OTHER_CHANCE = 200_000;
const MOST_AGAIN = 4;

export interface Cell {
  every: number;
  hours: number;
  most: number; // cost to the budget's payer in the dearest year
  spend: number; // the same a year on average
  affordable: boolean;
  value: Value | null; // null: not run yet, or not affordable
}

export interface Value {
  mean: number;
  gain: number; // mean gain over no assistance
  low: number; // 90 % of single runs
  high: number;
  share: Share; // runs that reach the target or, without one, the plan's own level
  full: boolean; // on all sets
}

/** The cell named as the cheapest, with its share when run again with other replicates. */
export interface Named {
  every: number;
  hours: number;
  spend: number;
  share: Share;
  again: Share;
  holds: boolean;
}

export interface SurfaceAsked {
  runner: Runner;
  scenario: Scenario;
  mode: Series["mode"] | null; // null: that of the main series
  every?: readonly number[];
  hours?: readonly number[];
  about: OutcomeAbout;
  when: When;
  target: Target | null; // of this outcome
  budget: Budget;
  sets: Float64Array[]; // as the scenario uses them
  replicates: number;
  seed: number;
  tables: Tables;
}

export interface Map2 {
  every: readonly number[];
  hours: readonly number[];
  cells: Cell[]; // (every, hours)
  line: { every: number; hours: number }[]; // the longest contacts that the budget pays for
  level: number; // of the target; without one, the plan's own
  own: { every: number; hours: number } | null; // the plan's main series, where it is of this mode
  named: Named | null; // the cheapest that reaches the target surely enough
  made: number; // cells run on all sets
  toMake: number;
  phase: "working" | "done" | "stopped" | "error";
  error: string;
}

/** The scenario of a cell: sim.studies.surface.grid.scenario_of. */
export function scenarioOfCell(scenario: Scenario, every: number, hours: number, mode: Series["mode"] | null): Scenario {
  const main = mainSeries(scenario.dosage) as Series;
  const series: Series = { ...main, every_weeks: every, hours, timing: "scheduled", mode: mode ?? main.mode };
  return { ...scenario, dosage: [series] };
}

export class Surface {
  private readonly cells: Cell[] = [];
  private readonly samples = new Map<Cell, Sample>();
  private line: { every: number; hours: number }[] = [];
  private own: Sample | null = null;
  private bare: Sample | null = null;
  private named: Named | null = null;
  private phase: Map2["phase"] = "working";
  private error = "";
  private control: AbortController | null = null;
  private listeners = new Set<() => void>();
  private drawn = 0;
  readonly every: readonly number[];
  readonly hours: readonly number[];

  constructor(private readonly asked: SurfaceAsked) {
    this.every = asked.every ?? EVERY_WEEKS;
    this.hours = asked.hours ?? HOURS;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get mode(): Series["mode"] {
    return this.asked.mode ?? (mainSeries(this.asked.scenario.dosage) as Series).mode;
  }

  get(): Map2 {
    const main = mainSeries(this.asked.scenario.dosage) as Series;
    const same = this.asked.mode === null || this.asked.mode === main.mode;
    return {
      every: this.every,
      hours: this.hours,
      cells: this.cells,
      line: this.line,
      level: this.level,
      own: same ? { every: main.every_weeks, hours: main.hours } : null,
      named: this.named,
      made: this.cells.filter((one) => one.value?.full).length,
      toMake: this.cells.filter((one) => one.affordable).length,
      phase: this.phase,
      error: this.error,
    };
  }

  stop(): void {
    this.control?.abort();
  }

  /** Price and run every cell; resolves when all is done or was stopped. */
  async go(): Promise<void> {
    const control = new AbortController();
    this.control = control;
    try {
      await this.work(control.signal);
      this.phase = "done";
    } catch (error) {
      this.phase = control.signal.aborted ? "stopped" : "error";
      this.error = this.phase === "error" ? String((error as Error).message ?? error) : "";
      control.abort();
    }
    this.tell();
  }

  private tell(): void {
    this.drawn = performance.now();
    for (const listener of this.listeners) listener();
  }

  private async work(signal: AbortSignal): Promise<void> {
    this.phase = "working";
    if (!this.cells.length) await this.price(signal);
    this.tell();
    const { scenario, sets } = this.asked;
    this.own = await this.run(scenario, 0, sets.length, 0, signal);
    // A cell ends when the main series does, which may be before the plan.
    const cell = scenarioOfCell(scenario, 1, 1, this.asked.mode);
    const bare = withoutTa(cell);
    this.bare = await this.run(bare, 0, sets.length, 0, signal, endOfTa(cell));
    const first = Math.min(FIRST_SETS, sets.length);
    const open = this.cells.filter((one) => one.affordable);
    await this.all(open.filter((one) => !one.value), (one) => this.measure(one, 0, first, signal));
    const rest = open.filter((one) => !one.value?.full);
    await this.all(rest, (one) => this.measure(one, first, sets.length, signal));
    await this.name(signal);
  }

  private async price(signal: AbortSignal): Promise<void> {
    const limit = this.asked.budget.a_year;
    for (const every of this.every) {
      const [one, two] = [this.takes(every, 1), this.takes(every, 2)];
      const at = (hours: number) => one.map((value, i) => 2 * value - two[i] + (two[i] - value) * hours);
      for (const hours of this.hours) {
        const [spend, ...years] = at(hours);
        const most = Math.max(0, ...years);
        this.cells.push({ every, hours, most, spend, affordable: limit === null || most <= limit, value: null });
      }
      if (limit !== null) this.payFor(every, one.slice(1), two.slice(1), limit);
      await breathe(signal);
    }
  }

  /** Add the longest contact for which no year costs more than the budget. */
  private payFor(every: number, one: number[], two: number[], limit: number): void {
    const paid = one.map((value, i) => (two[i] > value ? (limit - (2 * value - two[i])) / (two[i] - value) : Infinity));
    const hours = Math.min(Math.min(...paid) * (1 - 1e-12), this.hours[this.hours.length - 1]);
    if (hours >= LEAST_HOURS && paid.some(Number.isFinite)) this.line.push({ every, hours });
  }

  /** Cost of a cell to the budget's payer: a year on average, then in each year. */
  private takes(every: number, hours: number): number[] {
    const found = this.asked.runner.planned(scenarioOfCell(this.asked.scenario, every, hours, this.asked.mode));
    return [taken(found, this.asked.budget.of).spend, ...yearsOf(found, this.asked.budget.of)];
  }

  /** Runs of some of the sets, with the same replicates as in a run of all sets. */
  private async run(scenario: Scenario, from: number, to: number, chance: number, signal: AbortSignal, end = endOfTa(scenario)): Promise<Sample> {
    const weeks = end === scenario.horizon_weeks ? [end] : [end, scenario.horizon_weeks];
    const { seed, replicates } = this.asked;
    const request = { scenario, seed, sets: this.asked.sets.slice(from, to), replicates, weeks, first: chance + from };
    const found = sampleOf(await this.asked.runner.run(request, { signal, passing: true }));
    signal.throwIfAborted();
    return found;
  }

  private async all(cells: Cell[], work: (one: Cell) => Promise<void>): Promise<void> {
    await together(cells, this.asked.runner.workers * 2, async (one) => {
      await work(one);
      if (performance.now() - this.drawn > 200) this.tell();
    });
    this.tell();
  }

  private async measure(cell: Cell, from: number, to: number, signal: AbortSignal): Promise<void> {
    const scenario = scenarioOfCell(this.asked.scenario, cell.every, cell.hours, this.asked.mode);
    const made = await this.run(scenario, from, to, 0, signal);
    const before = this.samples.get(cell);
    const sample = before ? joined(before, made) : made;
    this.samples.set(cell, sample);
    cell.value = this.valueOf(sample);
  }

  private get sign(): number {
    return this.asked.about.better === "less" ? -1 : 1;
  }

  private get level(): number {
    if (this.asked.target) return this.asked.target.at_least;
    return this.own ? mean(gridOfSample(this.own, this.asked.about.name, this.asked.when)) : NaN;
  }

  private reach(sample: Sample): Share {
    const { about, when, target, tables } = this.asked;
    const own = gridOfSample(this.own as Sample, about.name, when).values;
    const goal = target ? () => target.at_least : (run: number) => own[run];
    const lost = Uint8Array.from(sample.failed, (failed, run) => failed | (this.own as Sample).failed[run]);
    return share(reached({ ...sample, failed: lost }, { outcome: about.name, when }, this.sign, goal, 0), tables);
  }

  private valueOf(sample: Sample): Value {
    const { about, when } = this.asked;
    const grid = gridOfSample(sample, about.name, when);
    const bare = gridOfSample(this.bare as Sample, about.name, when);
    const without = { ...grid, values: bare.values.slice(0, grid.values.length) };
    const [low, high] = band(grid.values);
    const full = sample.sets === this.asked.sets.length;
    return { mean: mean(grid), gain: mean(less(grid, without)), low, high, share: this.reach(sample), full };
  }

  /** Name the cheapest cell that reaches the target surely enough, also when run again with other replicates. */
  private async name(signal: AbortSignal): Promise<void> {
    const { target, scenario, mode, sets } = this.asked;
    if (!target) return;
    const met = this.cells.filter((one) => one.value && one.value.share.p >= target.sure).sort((a, b) => a.spend - b.spend);
    for (const { every, hours, spend, value } of met.slice(0, MOST_AGAIN)) {
      const sample = await this.run(scenarioOfCell(scenario, every, hours, mode), 0, sets.length, OTHER_CHANCE, signal);
      const again = this.reach(sample);
      this.named = { every, hours, spend, share: (value as Value).share, again, holds: again.p >= target.sure };
      this.tell();
      if (this.named.holds) return;
    }
  }
}
