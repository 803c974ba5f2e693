/** Runs of a plan beside those of the world that it is compared with, run by run: RunPair. */
import type { OutcomeAbout, Runs } from "../types";
import { type Better, type Grid, less, mean } from "./stats";

export const OVERALL = "overall";
export const WORST = "worst";
export const SPREAD = "spread";
export const MARGIN = 0.01; // of an outcome's range, or of its size: a difference that does not matter

/** Which runs count: made, and failed neither here nor there. */
export function counted(...every: Runs[]): Uint8Array {
  const found = new Uint8Array(every[0].sets * every[0].replicates).fill(1);
  for (const runs of every) {
    const at = (runs.weeks.length - 1) * runs.places.length + runs.places.length - 1;
    const cost = runs.outcomes.indexOf("cost"); // never empty in a run that did not fail
    const width = runs.weeks.length * runs.places.length * runs.outcomes.length;
    for (let run = 0; run < found.length; run++) {
      const value = runs.values[run * width + at * runs.outcomes.length + cost];
      if (value !== value) found[run] = 0;
    }
  }
  return found;
}

/** Values of one arm; NaN in runs that do not count. */
export class Values {
  readonly places: string[];

  constructor(
    readonly runs: Runs,
    private readonly counts: Uint8Array,
  ) {
    const regions = runs.places.length - 1;
    this.places = regions > 1 ? [...runs.places, WORST, SPREAD] : runs.places;
  }

  /** (sets, replicates) of a region, overall, or between regions: the worst (by sign), the spread. */
  at(outcome: string, week: number, place = OVERALL, sign = 1): Grid {
    const { runs } = this;
    const count = this.counts.length;
    const values = new Float64Array(count);
    const [places, outcomes] = [runs.places.length, runs.outcomes.length];
    const width = runs.weeks.length * places * outcomes;
    const column = runs.outcomes.indexOf(outcome);
    const first = this.week(week) * places * outcomes + column;
    const between = place === WORST || place === SPREAD;
    const one = first + runs.places.indexOf(place) * outcomes;
    for (let run = 0; run < count; run++) {
      if (!this.counts[run]) values[run] = NaN;
      else if (!between) values[run] = runs.values[run * width + one];
      else {
        const start = run * width + first;
        values[run] = ofRegions(runs.values, start, outcomes, places - 1, place, sign);
      }
    }
    return { sets: runs.sets, replicates: runs.replicates, values };
  }

  private week(week: number): number {
    const found = this.runs.weeks.indexOf(week);
    if (found < 0) throw new Error(`no values of week ${week}`);
    return found;
  }
}

/** The worst of some regions, or how far they are apart; of those that have a value. */
function ofRegions(
  values: Float64Array, start: number, step: number, count: number, place: string, sign: number,
): number {
  let [low, high] = [Infinity, -Infinity];
  for (let region = 0; region < count; region++) {
    const value = values[start + region * step];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low === Infinity) return NaN;
  return place === SPREAD ? high - low : sign < 0 ? high : low;
}

export const signOf = (about: OutcomeAbout): number =>
  about.better === "more" ? 1 : about.better === "less" ? -1 : 0;

/** Which way is wanted of an outcome in a place: regions should be close together. */
export const betterAt = (about: OutcomeAbout, place: string): Better =>
  place === SPREAD ? "less" : about.better;

/** The difference that would not matter, in the outcome's unit; `first`: overall, of what is compared with. */
export function marginOf(about: OutcomeAbout, first: () => Grid): number {
  if (about.high !== null) return MARGIN * (about.high - about.low);
  const { sets, replicates, values } = first();
  const size = mean({ sets, replicates, values: values.map(Math.abs) });
  return size > 0 ? MARGIN * size : MARGIN;
}

/** A plan and the world it is compared with. */
export class RunPair {
  readonly counts: Uint8Array;
  readonly own: Values;
  readonly other: Values;

  constructor(own: Runs, other: Runs) {
    this.counts = own === other ? counted(own) : counted(own, other);
    this.own = new Values(own, this.counts);
    this.other = new Values(other, this.counts);
  }

  /** How many runs are there on both sides. */
  get runs(): number {
    return this.counts.reduce((all, one) => all + one, 0);
  }

  /** (sets, replicates): what the plan adds. */
  gain(outcome: string, week: number, place = OVERALL, sign = 1): Grid {
    return less(this.own.at(outcome, week, place, sign), this.other.at(outcome, week, place, sign));
  }
}
