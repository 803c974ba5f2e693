/** Samples: the overall outcomes of a plan at its end of assistance and at the horizon, one grid for each. */
import type { Runs, Target } from "../types";
import type { Grid } from "./stats";

export type When = Target["when"];

export interface Sample {
  sets: number;
  replicates: number;
  outcomes: readonly string[];
  /** (end_of_ta or horizon, outcome, set, replicate) */
  values: Float64Array;
  failed: Uint8Array; // (set, replicate)
}

/** The sample of runs made with weeks = [end] or [end, horizon]. */
export function sampleOf(runs: Runs): Sample {
  const { sets, replicates, outcomes } = runs;
  const [weeks, places] = [runs.weeks.length, runs.places.length];
  const count = sets * replicates;
  const values = new Float64Array(2 * outcomes.length * count);
  const failed = new Uint8Array(count);
  for (let run = 0; run < count; run++) {
    let told = false;
    for (let when = 0; when < 2; when++) {
      const week = when === 0 ? 0 : weeks - 1;
      const from = ((run * weeks + week) * places + places - 1) * outcomes.length;
      for (let outcome = 0; outcome < outcomes.length; outcome++) {
        const value = runs.values[from + outcome];
        if (value === value) told = true;
        values[(when * outcomes.length + outcome) * count + run] = value;
      }
    }
    failed[run] = told ? 0 : 1;
  }
  return { sets, replicates, outcomes, values, failed };
}

/** The samples of one plan on some sets and on further sets, as one. */
export function joined(a: Sample, b: Sample): Sample {
  const [some, others] = [a.failed.length, b.failed.length];
  const values = new Float64Array(a.values.length + b.values.length);
  const rows = 2 * a.outcomes.length;
  for (let row = 0; row < rows; row++) {
    values.set(a.values.subarray(row * some, (row + 1) * some), row * (some + others));
    values.set(b.values.subarray(row * others, (row + 1) * others), row * (some + others) + some);
  }
  const failed = new Uint8Array(some + others);
  failed.set(a.failed);
  failed.set(b.failed, some);
  return { ...a, sets: a.sets + b.sets, values, failed };
}

/** The values of an outcome by run. */
export function gridOfSample(sample: Sample, outcome: string, when: When): Grid {
  const place = sample.outcomes.indexOf(outcome);
  if (place < 0) throw new Error(`no outcome ${outcome}`);
  const count = sample.failed.length;
  const from = ((when === "end_of_ta" ? 0 : sample.outcomes.length) + place) * count;
  return { sets: sample.sets, replicates: sample.replicates, values: sample.values.subarray(from, from + count) };
}

/** Which runs reach a level: 1 or 0 (0 where the outcome is empty), NaN for a run that failed.
 *
 * sign: -1 where less is better. rounding: the shortfall that is taken for a rounding error.
 */
export function reached(
  sample: Sample, asked: { outcome: string; when: When }, sign: number, level: (run: number) => number, rounding = 1e-12,
): Grid {
  const grid = gridOfSample(sample, asked.outcome, asked.when);
  const hit = (value: number, run: number) => sign * value >= sign * level(run) - rounding;
  const hits = grid.values.map((value, run) => (sample.failed[run] ? NaN : hit(value, run) ? 1 : 0));
  return { ...grid, values: hits };
}
