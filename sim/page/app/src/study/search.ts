/** Search: the best use of a budget among the candidates of a Space, by racing.
 *
 * Every candidate is priced. A spread of those within the budget, then neighbours of the good ones, are run on a few
 * plausible sets; the better part of each kind of plan goes on to more sets (successive halving: Jamieson & Talwalkar
 * 2016, AISTATS). All candidates share sets and seeds. As the choice favours candidates that chance helped, those
 * reported are run once more with other replicates: the page's own, which give the same numbers as the commands. Up to
 * EVERY candidates are all run in full.
 *
 * Runs stay valid when a budget, a target or the plan's own rhythm changes: `ask` then ranks the candidates anew and
 * searches on. The result does not depend on the number of workers.
 */
import type { Budget, OutcomeAbout, Paired, Runner, Scenario, Share, Target } from "../types";
import { endOfTa, withoutTa } from "../model/complete";
import { Prices, type Taken } from "./prices";
import { gridOfSample, reached, type Sample, sampleOf, type When } from "./samples";
import { type Choice, type Kind, keyOf, kindOf, KINDS, type Space } from "./space";
import { type Grid, known, mean, paired, quantiles, share, type Tables } from "./stats";
import { breathe, inTurns, together } from "./turns";

/** The goal of a search. */
export interface Goal {
  targets: Target[];
  budget: Budget;
  outcome: string; // the outcome to improve, besides the targets
  when: When;
}

export interface Reached {
  target: Target;
  share: Share;
  met: "met" | "by the estimate" | "not met";
}

/** A candidate that was run in full with the page's own replicates. */
export interface Row {
  key: string;
  choice: Choice;
  kind: Kind;
  scenario: Scenario;
  taken: Taken;
  level: number; // mean of the goal's outcome
  low: number; // 90 % of single runs
  high: number;
  reached: Reached[];
  holds: boolean; // every target is met, at least by the estimate; true without targets
  surely: boolean; // every target is met by the lower end of its interval
  against: Paired | null; // compared with the plan on the screen; null: it is that plan
  within: boolean; // it costs no more than the budget
}

/** The result of the search for one kind of plan. */
export type KindAnswer = { kind: Kind; tried: number } & (
  | { said: "searching" }
  | { said: "listed"; row: Row }
  | { said: "over"; row: Row } // the cheapest that holds costs more than the budget
  | { said: "fell"; again: number; nearest: Row } // `again` candidates reached the targets in the search, but not when run again
  | { said: "never"; nearest: Row | null } // no plan tried reaches the targets
  | { said: "dear"; cheapest: number } // the dearest year of the kind's cheapest plan costs more than the budget
  | { said: "none" } // the kind has no candidate
);

/** The plan on the screen, and its choice where it is one of the candidates. */
export interface OwnPlan {
  scenario: Scenario;
  choice: Choice | null;
}

export type Phase = "pricing" | "searching" | "done" | "stopped" | "error";

export interface Found {
  phase: Phase;
  error: string;
  priced: number;
  within: number; // of the priced, those within the budget
  tried: number; // run on a few sets or more
  full: number; // run in full with the page's own replicates
  runs: number; // made for the search, in total
  rows: Row[]; // up to five, cheapest first
  frontier: Row[]; // no candidate run in full is both cheaper and better; cheapest first
  others: Row[]; // run in full, within the budget, not on the frontier
  nearest: Row | null; // the row within the budget that is nearest to the targets
  kinds: KindAnswer[];
  own: Row | null;
  without: number; // level without assistance
  sets: number;
  replicates: number;
}

export interface Asked {
  runner: Runner;
  space: Space;
  outcomes: OutcomeAbout[];
  sets: Float64Array[]; // as the scenario uses them
  replicates: number;
  seed: number;
  tables: Tables;
  most?: number; // most candidates tried
}

interface Level {
  sets: number;
  replicates: number;
  kept: number; // most candidates of a kind that reach this level
  share: number; // share of the candidates of the level before
}

const LEVELS: readonly Level[] = [
  { sets: 8, replicates: 1, kept: Infinity, share: 1 },
  { sets: 24, replicates: 1, kept: 20, share: 0.3 },
  { sets: Infinity, replicates: 2, kept: 7, share: 0.5 },
];
const LAST = LEVELS.length - 1;
const OTHER_CHANCE = 100_000; // number of the search's first design point: it shares no replicate with the page
const FIRST_OF_KIND = 20; // candidates of a kind in the first round
const MORE_OF_KIND = 24; // candidates of a kind in each later round
const MOST = 2400;
const EVERY = 48; // up to this many candidates are all run in full
const ROWS = 5;
const ON_FRONTIER = 8;
const TRIED_AGAIN = 6; // most candidates of a kind that are run again until one holds
const DEARER = 8; // times the budget: the dearest candidates tried of a kind without a plan within it
export const MARGIN = 0.01; // share of an outcome's range that would not matter

interface Candidate {
  choice: Choice;
  key: string;
  kind: Kind;
}

/** A candidate and its runs. */
interface Tried {
  key: string;
  choice: Choice;
  kind: Kind;
  scenario: Scenario;
  samples: (Sample | undefined)[]; // by level
  again: Sample | undefined; // with the page's own replicates
}

/** A candidate as the goal judges it. */
interface Judged {
  tried: Tried;
  taken: Taken;
  worth: number; // mean of the goal's outcome, its sign turned where less is better
  lead: number; // the least lead over the targets; 0 or more: reached as surely as the target demands
  error: number; // standard error of the lead
}

export class Search {
  private readonly all = new Map<string, Tried>();
  private readonly prices: Prices;
  private readonly about: Map<string, OutcomeAbout>;
  private readonly pricedOf = new Map<string, Taken>();
  private goal: Goal | null = null;
  private control: AbortController | null = null;
  private candidates: Candidate[] | null = null;
  private sorted = new Map<Kind, Candidate[]>(); // by planned cost
  private ownTried: Tried | null = null;
  private bare: Sample | null = null;
  private phase: Phase = "pricing";
  private error = "";
  private runs = 0;
  private kinds: KindAnswer[] = [];
  private listeners = new Set<() => void>();
  private found: Found | null = null;
  private drawn = 0;

  constructor(private readonly asked: Asked) {
    this.prices = new Prices(asked.space, (scenario) => asked.runner.planned(scenario));
    this.about = new Map(asked.outcomes.map((one) => [one.name, one]));
  }

  /** The plan on the screen: it is marked, and candidates are compared with it. */
  private own: OwnPlan | null = null;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The current answer. */
  get(): Found {
    this.found ??= this.answer();
    return this.found;
  }

  /** Search for a goal and reuse earlier runs. Resolves when the search has ended or was stopped. */
  async ask(goal: Goal, own: OwnPlan | null): Promise<void> {
    this.stop();
    const control = new AbortController();
    this.control = control;
    this.goal = goal;
    this.own = own;
    this.ownTried = null;
    this.pricedOf.clear();
    this.error = "";
    this.kinds = [];
    this.phase = this.candidates ? "searching" : "pricing";
    this.tell();
    try {
      await this.work(control.signal);
      this.phase = "done";
    } catch (error) {
      if (control !== this.control) return;
      this.phase = control.signal.aborted ? "stopped" : "error";
      this.error = this.phase === "error" ? String((error as Error).message ?? error) : "";
      control.abort();
    }
    if (control === this.control) this.tell();
  }

  /** Stop everything under way; the results stay. */
  stop(): void {
    this.control?.abort();
  }

  private tell(): void {
    this.found = null;
    this.drawn = performance.now();
    for (const listener of this.listeners) listener();
  }

  private tellNow(): void {
    this.found = null;
    if (performance.now() - this.drawn > 250) this.tell();
  }

  // --- the work ------------------------------------------------------------------------------

  private async work(signal: AbortSignal): Promise<void> {
    await this.price(signal);
    this.phase = "searching";
    this.tell();
    await this.measureOwn(signal);
    const few = (this.candidates as unknown[]).length <= EVERY;
    for (let round = 0; ; round++) {
      const before = this.best();
      await this.measure(few ? this.everything() : this.next(round), 0, signal);
      for (let level = 1; level <= LAST; level++) await this.measure(this.promoted(level, few), level, signal);
      await this.report(signal, few);
      this.tell();
      if (few || this.all.size >= (this.asked.most ?? MOST) || (round > 0 && before === this.best())) break;
    }
    if (!few && this.asksForTargets) await this.beyond(signal);
    this.settleKinds();
  }

  private get asksForTargets(): boolean {
    return this.wanted.targets.length > 0;
  }

  private get wanted(): Goal {
    if (!this.goal) throw new Error("nothing is asked");
    return this.goal;
  }

  private get limit(): number {
    return this.wanted.budget.a_year ?? Infinity;
  }

  private async price(signal: AbortSignal): Promise<void> {
    if (!this.candidates) {
      const found = KINDS.flatMap((kind) => [...this.asked.space.choices(kind)]);
      await this.prices.prepare(found, signal);
      this.candidates = found.map((choice) => ({ choice, key: keyOf(choice), kind: kindOf(choice) }));
    }
    await inTurns(this.candidates, signal, ({ choice, key }) => this.pricedOf.set(key, this.prices.of(choice, this.wanted.budget.of)));
    for (const kind of KINDS) {
      const some = this.candidates.filter((one) => one.kind === kind);
      some.sort((a, b) => this.takenOf(a.key).spend - this.takenOf(b.key).spend || (a.key < b.key ? -1 : 1));
      this.sorted.set(kind, some);
      await breathe(signal);
    }
  }

  /** Candidates of a kind by cost. It includes those tried, so that earlier searches do not change the choice. */
  private open(kind: Kind, plainOnly: boolean, fits: (one: Candidate) => boolean): Candidate[] {
    const plain = (choice: Choice) => choice.together === null && choice.months === null;
    return (this.sorted.get(kind) ?? []).filter((one) => (!plainOnly || plain(one.choice)) && fits(one));
  }

  private takenOf(key: string): Taken {
    return this.pricedOf.get(key) as Taken;
  }

  private isWithin(key: string): boolean {
    return this.takenOf(key).most <= this.limit;
  }

  private everything(): Choice[] {
    return (this.candidates ?? []).map((one) => one.choice);
  }

  /** Candidates to try in a round: first evenly over their cost, later neighbours and others between. */
  private next(round: number): Choice[] {
    const room = (this.asked.most ?? MOST) - this.all.size;
    const found = new Map<string, Choice>();
    const add = (choice: Choice) => {
      const key = keyOf(choice);
      if (!this.all.has(key) && this.pricedOf.has(key) && this.isWithin(key)) found.set(key, choice);
    };
    if (round > 0) for (const one of this.leading()) for (const choice of this.asked.space.neighbours(one.choice)) add(choice);
    for (const kind of KINDS) {
      const open = this.open(kind, round === 0, (one) => this.isWithin(one.key));
      for (const one of spread(open, round === 0 ? FIRST_OF_KIND : MORE_OF_KIND, round)) add(one.choice);
    }
    return [...found.values()].slice(0, Math.max(0, room));
  }

  /** Candidates of the last level, from which the next round begins. */
  private leading(): Tried[] {
    return [...this.all.values()].filter((one) => one.samples[LAST] && this.isWithin(one.key));
  }

  /** Keys of the rows reported; the search ends when a round leaves them unchanged. */
  private best(): string {
    const rows = this.rows().map((row) => row.key);
    return [...rows, "", ...this.frontierOf().map((row) => row.key)].join(" ");
  }

  private async measureOwn(signal: AbortSignal): Promise<void> {
    const own = this.own;
    if (!own) return;
    const key = own.choice ? keyOf(own.choice) : "own";
    this.ownTried = this.all.get(key) ?? this.begin(own.choice ?? NOTHING, key, own.scenario);
    await this.runAgain(this.ownTried, signal);
    if (!this.bare) {
      this.bare = await this.run(withoutTa(own.scenario), endOfTa(own.scenario), this.asked.sets.length, this.asked.replicates, 0, signal);
    }
  }

  private begin(choice: Choice, key: string, scenario: Scenario): Tried {
    return { key, choice, kind: kindOf(choice), scenario, samples: [], again: undefined };
  }

  private async measure(choices: Choice[], level: number, signal: AbortSignal): Promise<void> {
    const { sets, replicates } = this.sizeOf(level);
    const open = choices
      .map((choice) => this.all.get(keyOf(choice)) ?? this.begin(choice, keyOf(choice), this.asked.space.scenarioOf(choice)))
      .filter((one) => !one.samples[level]);
    await together(open, this.asked.runner.workers * 2, async (one) => {
      one.samples[level] = await this.run(one.scenario, endOfTa(one.scenario), sets, replicates, OTHER_CHANCE, signal);
      this.all.set(one.key, one);
      this.tellNow();
    });
    // The order of requests replaces that of completion, so that ties do not depend on the number of workers.
    for (const one of open) {
      this.all.delete(one.key);
      this.all.set(one.key, one);
    }
  }

  private sizeOf(level: number): { sets: number; replicates: number } {
    const { sets, replicates } = LEVELS[level];
    return { sets: Math.min(sets, this.asked.sets.length), replicates: Math.min(replicates, this.asked.replicates) };
  }

  private async run(scenario: Scenario, end: number, sets: number, replicates: number, first: number, signal: AbortSignal): Promise<Sample> {
    const weeks = end === scenario.horizon_weeks ? [end] : [end, scenario.horizon_weeks];
    const request = { scenario, seed: this.asked.seed, sets: this.asked.sets.slice(0, sets), replicates, weeks, first };
    const found = sampleOf(await this.asked.runner.run(request, { signal, passing: true }));
    signal.throwIfAborted();
    this.runs += found.failed.length;
    return found;
  }

  private async runAgain(one: Tried, signal: AbortSignal): Promise<void> {
    one.again ??= await this.run(one.scenario, endOfTa(one.scenario), this.asked.sets.length, this.asked.replicates, 0, signal);
  }

  // --- judging on the way --------------------------------------------------------------------

  private sign(outcome: string): number {
    return this.about.get(outcome)?.better === "less" ? -1 : 1;
  }

  private scale(outcome: string): number {
    const about = this.about.get(outcome);
    return about && about.high !== null ? about.high - about.low : 1;
  }

  /** Judge all candidates that were run at a level. */
  private judged(level: number): Judged[] {
    const some = [...this.all.values()].filter((one) => one.samples[level] && this.pricedOf.has(one.key));
    const { targets, outcome, when } = this.wanted;
    const leads = targets.map((target) => this.leads(some, target, level));
    return some.map((tried, place) => {
      const worth = this.sign(outcome) * mean(gridOfSample(tried.samples[level] as Sample, outcome, when));
      const lead = leads.reduce((least, one) => (one[place][0] < least[0] ? one[place] : least), [Infinity, 0]);
      return { tried, taken: this.takenOf(tried.key), worth: worth === worth ? worth : -Infinity, lead: lead[0], error: lead[1] };
    });
  }

  /** Lead of each candidate over a target, and its standard error, in units of the outcome's range.
   *
   * At the last level: the level reached as surely as the target demands, less the target. At levels with few runs:
   * the mean and a quantile of how single runs of all candidates depart from their means, less the target.
   */
  private leads(some: Tried[], target: Target, level: number): [number, number][] {
    const sign = this.sign(target.outcome);
    const size = this.scale(target.outcome);
    const grids = some.map((one) => gridOfSample(one.samples[level] as Sample, target.outcome, target.when));
    if (level === LAST) {
      return some.map((one, place) => {
        const hits = this.reach(one.samples[level] as Sample, target);
        const gaps = grids[place].values.map((value) => (sign * (value - target.at_least)) / size);
        const asked = quantile(gaps, hits, target.sure);
        return [hits.p >= target.sure ? Math.max(0, asked) : Math.min(-1e-12, asked), 0];
      });
    }
    const means = grids.map((grid) => sign * mean(grid));
    const rest: number[] = [];
    grids.forEach((grid, place) => grid.values.forEach((value) => rest.push(sign * value - means[place])));
    const below = quantiles(Float64Array.from(rest), [1 - target.sure])[0];
    const squares = rest.reduce((total, one) => (one === one ? total + one * one : total), 0);
    const spreadOf = Math.sqrt(squares / Math.max(1, rest.length)) / size;
    return grids.map((grid, place) => {
      const lead = (means[place] + below - sign * target.at_least) / size;
      return [lead === lead ? lead : -Infinity, spreadOf / Math.sqrt(Math.max(1, known(grid.values)))];
    });
  }

  private reach(sample: Sample, target: Target): Share {
    return share(reached(sample, target, this.sign(target.outcome), () => target.at_least), this.asked.tables);
  }

  /** The better candidates of each kind, which go on to a level. */
  private promoted(level: number, every: boolean, over: readonly Kind[] = []): Choice[] {
    const dear = over.length > 0;
    const judged = this.judged(level - 1).filter((one) => one.taken.most > this.limit === dear);
    if (every) return this.judged(level - 1).map((one) => one.tried.choice);
    const { kept, share: part } = LEVELS[level];
    return (dear ? over : KINDS).flatMap((kind) => {
      const some = judged.filter((one) => one.tried.kind === kind);
      const count = Math.min(some.length, kept, Math.max(3, Math.ceil(some.length * part)));
      return this.ranked(some, dear).slice(0, count);
    }).map((one) => one.tried.choice);
  }

  /** Candidates taken by turns from three lists: perhaps the cheapest that holds, unbeaten, nearest to the targets. */
  private ranked(some: Judged[], dear: boolean): Judged[] {
    const cheap = (a: Judged, b: Judged) => a.taken.spend - b.taken.spend || b.lead - a.lead;
    const lists = dear ? [] : [byLayers(some)];
    if (this.asksForTargets) {
      lists.unshift(some.filter((one) => one.lead >= -one.error).sort(cheap));
      lists.push([...some].sort((a, b) => b.lead - a.lead || a.taken.spend - b.taken.spend));
    }
    const found = new Set<Judged>();
    for (let place = 0; place < some.length; place++) for (const list of lists) if (place < list.length) found.add(list[place]);
    return [...found];
  }

  // --- what is reported ----------------------------------------------------------------------

  private async report(signal: AbortSignal, every: boolean): Promise<void> {
    const judged = this.judged(LAST).filter((one) => one.taken.most <= this.limit);
    const again = (one: Judged) => this.runAgain(one.tried, signal);
    if (every) await together(this.judged(LAST), this.asked.runner.workers, again);
    if (!this.asksForTargets) {
      const most = KINDS.flatMap((kind) => top(judged.filter((one) => one.tried.kind === kind), (one) => one.worth));
      await together(most, this.asked.runner.workers, again);
    }
    if (this.asksForTargets) await this.reportTargets(judged, signal);
    this.tell();
    const front = evenly(byLayers(judged, true).sort((a, b) => a.taken.spend - b.taken.spend), ON_FRONTIER);
    await together(front, this.asked.runner.workers, again);
  }

  private async reportTargets(judged: Judged[], signal: AbortSignal): Promise<void> {
    const holding = judged.filter((one) => one.lead >= 0).sort((a, b) => a.taken.spend - b.taken.spend);
    await together(KINDS, this.asked.runner.workers, (kind) => this.untilOneHolds(holding.filter((one) => one.tried.kind === kind), signal));
    await this.fill(holding, signal);
    const nearest = KINDS.filter((kind) => !holding.some((one) => one.tried.kind === kind)).flatMap((kind) =>
      top(judged.filter((one) => one.tried.kind === kind), (one) => one.lead),
    );
    await together(nearest, this.asked.runner.workers, (one) => this.runAgain(one.tried, signal));
  }

  /** Run candidates again, cheapest first, until one holds. */
  private async untilOneHolds(some: Judged[], signal: AbortSignal): Promise<void> {
    for (const one of some.slice(0, TRIED_AGAIN)) {
      await this.runAgain(one.tried, signal);
      this.tellNow();
      if (this.row(one.tried).holds) return;
    }
  }

  /** Where few kinds hold, run further plans again that differ in rhythm from those listed. */
  private async fill(holding: Judged[], signal: AbortSignal): Promise<void> {
    const rhythms = new Set(this.rows().map((row) => rhythmOf(row.choice)));
    let again = 0;
    for (const one of holding) {
      if (rhythms.size >= ROWS || again >= 2 * ROWS) return;
      if (rhythms.has(rhythmOf(one.tried.choice))) continue;
      if (!one.tried.again) again++;
      await this.runAgain(one.tried, signal);
      if (this.row(one.tried).holds) rhythms.add(rhythmOf(one.tried.choice));
    }
  }

  /** Look beyond the budget for what a plan would cost, for kinds without one that holds within it. */
  private async beyond(signal: AbortSignal): Promise<void> {
    const missing = KINDS.filter((kind) => !this.rowsOf(kind).some((row) => row.holds && row.within));
    if (!Number.isFinite(this.limit)) return;
    for (let round = 0; round < 2; round++) {
      const choices = missing.flatMap((kind) => {
        const cheapest = this.cheapestBeyond(kind);
        const fits = ({ most, spend }: Taken) => most > this.limit && most <= this.limit * DEARER && spend < cheapest;
        const near = this.open(kind, round === 0, (one) => fits(this.takenOf(one.key)));
        return spread(near, MORE_OF_KIND, round).map((one) => one.choice);
      });
      await this.measure(choices, 0, signal);
      for (let level = 1; level <= LAST; level++) await this.measure(this.promoted(level, false, missing), level, signal);
      const judged = this.judged(LAST).filter((one) => one.taken.most > this.limit);
      for (const kind of missing) {
        const some = judged.filter((one) => one.tried.kind === kind);
        await this.untilOneHolds(some.filter((one) => one.lead >= 0).sort((a, b) => a.taken.spend - b.taken.spend), signal);
        for (const one of top(some, (each) => each.lead)) await this.runAgain(one.tried, signal);
      }
      this.tell();
    }
  }

  private cheapestBeyond(kind: Kind): number {
    return Math.min(...this.rowsOf(kind).filter((row) => row.holds).map((row) => row.taken.spend), Infinity);
  }

  // --- the answer ----------------------------------------------------------------------------

  private row(tried: Tried): Row {
    const sample = tried.again as Sample;
    const { targets, outcome, when, budget } = this.wanted;
    const about = this.about.get(outcome);
    const level = gridOfSample(sample, outcome, when);
    const [low, high] = quantiles(level.values);
    const found = targets.map((target): Reached => {
      const counted = this.reach(sample, target);
      const met = counted.low >= target.sure ? "met" : counted.p >= target.sure ? "by the estimate" : "not met";
      return { target, share: counted, met };
    });
    const taken = this.prices.exactly(tried.scenario, budget.of);
    return {
      key: tried.key,
      choice: tried.choice,
      kind: tried.kind,
      scenario: tried.scenario,
      taken,
      level: mean(level),
      low,
      high,
      reached: found,
      holds: found.every((one) => one.met !== "not met"),
      surely: found.every((one) => one.met === "met"),
      against: this.against(tried, level, about),
      within: taken.most <= this.limit,
    };
  }

  private against(tried: Tried, level: Grid, about: OutcomeAbout | undefined): Paired | null {
    const own = this.ownTried;
    if (!own?.again || own.key === tried.key || !about) return null;
    const other = gridOfSample(own.again, about.name, this.wanted.when);
    const margin = MARGIN * (about.high !== null ? about.high - about.low : Math.abs(mean(other)) || 1);
    return paired(other, level, margin, about.better, this.asked.tables);
  }

  private rowsAgain(): Row[] {
    return [...this.all.values()].filter((one) => one.again && this.pricedOf.has(one.key)).map((one) => this.row(one));
  }

  private rowsOf(kind: Kind): Row[] {
    return this.rowsAgain().filter((row) => row.kind === kind);
  }

  /** Up to five: the best of each kind, then others that differ in rhythm; cheapest first. */
  private rows(all = this.rowsAgain()): Row[] {
    if (!this.goal) return [];
    const fit = all.filter((row) => row.within && row.holds).sort((a, b) => a.taken.spend - b.taken.spend);
    const best = this.asksForTargets ? fit : [...fit].sort((a, b) => this.signed(b) - this.signed(a));
    const found = new Map<string, Row>();
    for (const kind of KINDS) {
      const first = best.find((row) => row.kind === kind);
      if (first) found.set(rhythmOf(first.choice), first);
    }
    for (const row of best) if (found.size < ROWS && !found.has(rhythmOf(row.choice))) found.set(rhythmOf(row.choice), row);
    return [...found.values()].sort((a, b) => a.taken.spend - b.taken.spend);
  }

  private signed(row: Row): number {
    return this.sign(this.wanted.outcome) * row.level;
  }

  private frontierOf(all = this.rowsAgain()): Row[] {
    if (!this.goal) return [];
    const fit = all.filter((row) => row.within && row.level === row.level);
    return fit
      .filter((row) => !fit.some((other) => beats(other.taken.spend, this.signed(other), row.taken.spend, this.signed(row))))
      .sort((a, b) => a.taken.spend - b.taken.spend);
  }

  private settleKinds(): void {
    this.kinds = KINDS.map((kind) => this.kindAnswer(kind, this.rowsAgain(), true));
  }

  private kindAnswer(kind: Kind, all: Row[], ended: boolean): KindAnswer {
    const tried = [...this.all.values()].filter((one) => one.kind === kind).length;
    const rows = all.filter((row) => row.kind === kind).sort((a, b) => a.taken.spend - b.taken.spend);
    const open = (this.candidates ?? []).filter((one) => one.kind === kind);
    if (this.candidates && !open.length) return { kind, tried, said: "none" };
    const listed = this.rows(all).find((row) => row.kind === kind);
    if (listed) return { kind, tried, said: "listed", row: listed };
    if (!ended) return { kind, tried, said: "searching" };
    const cheapest = open.reduce((least, one) => Math.min(least, this.takenOf(one.key).most), Infinity);
    if (!this.asksForTargets) return { kind, tried, said: "dear", cheapest };
    const over = rows.find((row) => row.holds && !row.within);
    if (over) return { kind, tried, said: "over", row: over };
    const nearest = nearestOf(rows);
    const fallen = rows.filter((row) => row.within && this.heldBefore(row.key) && !row.holds);
    if (fallen.length) return { kind, tried, said: "fell", again: fallen.length, nearest: nearestOf(fallen) as Row };
    return { kind, tried, said: "never", nearest };
  }

  /** Whether a candidate reached the targets in the runs by which it was chosen. */
  private heldBefore(key: string): boolean {
    const sample = this.all.get(key)?.samples[LAST];
    return sample !== undefined && this.wanted.targets.every((target) => this.reach(sample, target).p >= target.sure);
  }

  private answer(): Found {
    const all = this.goal && this.candidates ? this.rowsAgain() : [];
    const frontier = this.frontierOf(all);
    const rows = this.rows(all);
    const own = this.ownTried?.again ? this.row(this.ownTried) : null;
    const counts = this.goal ? [...this.pricedOf.values()].filter((one) => one.most <= this.limit).length : 0;
    return {
      phase: this.phase,
      error: this.error,
      priced: this.pricedOf.size,
      within: counts,
      tried: this.all.size,
      full: all.length,
      runs: this.runs,
      rows,
      frontier,
      others: all.filter((row) => row.within && !frontier.includes(row)),
      nearest: this.goal?.targets.length ? nearestOf(all.filter((row) => row.within)) : null,
      kinds: this.kinds.length ? this.kinds : this.goal ? KINDS.map((kind) => this.kindAnswer(kind, all, false)) : [],
      own,
      without: this.bare && this.goal ? mean(gridOfSample(this.bare, this.goal.outcome, this.goal.when)) : NaN,
      sets: this.asked.sets.length,
      replicates: this.asked.replicates,
    };
  }
}

const NOTHING: Choice = {
  call: null, callEvery: null, callHours: null, visitEvery: null, visitHours: null, together: null, months: null,
};

const rhythmOf = (choice: Choice): string => [choice.call, choice.callEvery, choice.visitEvery].join("|");

const beats = (spend: number, worth: number, otherSpend: number, otherWorth: number): boolean =>
  spend <= otherSpend && worth >= otherWorth && (spend < otherSpend || worth > otherWorth);

const top = <T>(some: T[], of: (one: T) => number): T[] =>
  some.length ? [some.reduce((best, one) => (of(one) > of(best) ? one : best))] : [];

/** The row nearest to its targets: the one whose worst share falls least short. */
function nearestOf(rows: Row[]): Row | null {
  const short = (row: Row) => Math.min(...row.reached.map((one) => one.share.p - one.target.sure));
  return top(rows, short)[0] ?? null;
}

/** Pareto layers: candidates unbeaten in spend and worth, then those unbeaten among the rest, and so on. */
function byLayers(some: Judged[], firstOnly = false): Judged[] {
  const found: Judged[] = [];
  let left = [...some].sort((a, b) => a.taken.spend - b.taken.spend || b.worth - a.worth);
  while (left.length) {
    let best = -Infinity;
    const rest: Judged[] = [];
    const layer: Judged[] = [];
    for (const one of left) {
      if (one.worth > best) layer.push(one);
      else rest.push(one);
      best = Math.max(best, one.worth);
    }
    found.push(...layer.reverse());
    if (firstOnly || !layer.length) break;
    left = rest;
  }
  return found;
}

/** `count` items of a list, evenly spaced, with both ends in round 0; later rounds take items between these. */
function spread<T>(list: readonly T[], count: number, round: number): T[] {
  if (list.length <= count) return [...list];
  const step = (list.length - 1) / (count - 1);
  const shift = round === 0 ? 0 : (((round * 0.618) % 1) - 0.5) * step;
  const places = Array.from({ length: count }, (_, i) => Math.min(list.length - 1, Math.max(0, Math.round(i * step + shift))));
  return [...new Set(places)].map((place) => list[place]);
}

const evenly = <T>(list: readonly T[], count: number): T[] => spread(list, count, 0);

/** The gap that a share `sure` of the runs reaches, as sim.studies.plan.values.sure_margin gives it. */
function quantile(gaps: Float64Array, hits: Share, sure: number): number {
  const values = Float64Array.from(gaps, (one) => (one === one ? one : -1e6)).sort();
  const skipped = gaps.length - hits.runs; // failed runs come first, as the worst
  const allowed = skipped + Math.floor((1 - sure) * hits.runs + 1e-9);
  return values[Math.min(allowed, values.length - 1)] ?? -1e6;
}
