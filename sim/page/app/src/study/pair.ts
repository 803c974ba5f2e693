/** RunPair: the runs of a plan and those of its comparison, paired run by run. */
import type { OutcomeAbout, Runs } from "../types";
import { type Better, type Grid, less, mean } from "./stats";

export const OVERALL = "overall";
export const WORST = "worst";
export const SPREAD = "spread";
export const MARGIN = 0.01; // share of an outcome's range, or of its mean size, that does not matter

/** Which runs count (1, else 0): those that are made and did not fail, in every result given. */
export function counted(...every: Runs[]): Uint8Array {
  const found = new Uint8Array(every[0].sets * every[0].replicates).fill(1);
  for (const runs of every) {
    const at = (runs.weeks.length - 1) * runs.places.length + runs.places.length - 1;
    const cost = runs.outcomes.indexOf("cost"); // a cost is never empty in a run that did not fail
    const width = runs.weeks.length * runs.places.length * runs.outcomes.length;
    for (let run = 0; run < found.length; run++) {
      const value = runs.values[run * width + at * runs.outcomes.length + cost];
      if (value !== value) found[run] = 0;
    }
  }
  return found;
}

/** Outcomes of a plan or of its comparison; NaN in runs that do not count. */
export class Values {
  readonly places: string[];

  constructor(
    readonly runs: Runs,
    private readonly counts: Uint8Array,
  ) {
    const regions = runs.places.length - 1;
    this.places = regions > 1 ? [...runs.places, WORST, SPREAD] : runs.places;
  }

  /** An outcome, (sets, replicates): in a region, overall, in the worst region (by sign), or the spread. */
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

/** The worst value of the regions, or highest less lowest; regions without a value are left out. */
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

/** Which direction is better in a place; a smaller spread is, as regions should be close together. */
export const betterAt = (about: OutcomeAbout, place: string): Better =>
  place === SPREAD ? "less" : about.better;

/** The difference that would not matter, in the outcome's unit; `first` gives overall values of the comparison. */
export function marginOf(about: OutcomeAbout, first: () => Grid): number {
  if (about.high !== null) return MARGIN * (about.high - about.low);
  const { sets, replicates, values } = first();
  const size = mean({ sets, replicates, values: values.map(Math.abs) });
  return size > 0 ? MARGIN * size : MARGIN;
}

/** The runs of a plan and of its comparison; a run counts where both have it. */
export class RunPair {
  readonly counts: Uint8Array;
  readonly own: Values;
  readonly other: Values;

  constructor(own: Runs, other: Runs) {
    this.counts = own === other ? counted(own) : counted(own, other);
    this.own = new Values(own, this.counts);
    this.other = new Values(other, this.counts);
  }

  /** Number of runs that both sides have. */
  get runs(): number {
    return this.counts.reduce((all, one) => all + one, 0);
  }

  /** Outcome of the plan less that of the comparison, (sets, replicates). */
  gain(outcome: string, week: number, place = OVERALL, sign = 1): Grid {
    return less(this.own.at(outcome, week, place, sign), this.other.at(outcome, week, place, sign));
  }
}
