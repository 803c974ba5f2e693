/** Statistics of runs, the same as those of the commands: sim/stats/*.py, whose docstrings give the sources.
 *
 * A Grid is an array (sets, replicates): a row is a plausible set, its columns are runs of that set which
 * differ in chance only. NaN does not count; it marks an outcome that is empty in a run, a run that failed
 * or one that is not made yet. Sums are added in the order in which NumPy adds them, so that answers equal
 * those of the commands to the last bits.
 */
import type { Paired, Share, Verdict } from "../types";

/** Student's t for 90 % intervals by degrees of freedom, and z; both come from PageData. */
export interface Tables {
  t: readonly (number | null)[];
  z: number;
}

export interface Grid {
  sets: number;
  replicates: number;
  values: Float64Array; // (set, replicate)
}

export type Better = "more" | "less" | "neither";

const CONFIDENCE = 0.9;
export const TAILS: readonly number[] = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2];

export function gridOf(values: ArrayLike<number>, replicates: number): Grid {
  return { sets: values.length / replicates, replicates, values: Float64Array.from(values) };
}

/** Apply a function of two numbers to grids of one shape, run by run. */
export function gridBy(a: Grid, b: Grid, of: (a: number, b: number) => number): Grid {
  const values = new Float64Array(a.values.length);
  for (let run = 0; run < values.length; run++) values[run] = of(a.values[run], b.values[run]);
  return { sets: a.sets, replicates: a.replicates, values };
}

export const less = (a: Grid, b: Grid): Grid => gridBy(a, b, (one, other) => one - other);

/** Number of known values: those that are not NaN. */
export function known(values: Float64Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) count++;
  return count;
}

// --- sums ------------------------------------------------------------------------------------------

const BLOCK = 128;

/** The sum in NumPy's order: eight partial sums, and long arrays in halves. */
export function sum(values: Float64Array, from = 0, count = values.length): number {
  if (count < 8) {
    let total = 0;
    for (let i = 0; i < count; i++) total += values[from + i];
    return total;
  }
  if (count > BLOCK) {
    let half = count >> 1;
    half -= half % 8;
    return sum(values, from, half) + sum(values, from + half, count - half);
  }
  let r0 = values[from];
  let r1 = values[from + 1];
  let r2 = values[from + 2];
  let r3 = values[from + 3];
  let r4 = values[from + 4];
  let r5 = values[from + 5];
  let r6 = values[from + 6];
  let r7 = values[from + 7];
  const whole = count - (count % 8);
  for (let i = from + 8; i < from + whole; i += 8) {
    r0 += values[i];
    r1 += values[i + 1];
    r2 += values[i + 2];
    r3 += values[i + 3];
    r4 += values[i + 4];
    r5 += values[i + 5];
    r6 += values[i + 6];
    r7 += values[i + 7];
  }
  let total = r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
  for (let i = whole; i < count; i++) total += values[from + i];
  return total;
}

/** The sum rounded once, as Python's math.fsum gives it (Shewchuk 1997). */
export function exactSum(values: ArrayLike<number>): number {
  let count = 0; // parts that do not overlap, smallest first
  for (let i = 0; i < values.length; i++) {
    let x = values[i];
    let kept = 0;
    for (let j = 0; j < count; j++) {
      let y = PARTS[j];
      if (Math.abs(x) < Math.abs(y)) {
        const larger = y;
        y = x;
        x = larger;
      }
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) PARTS[kept++] = low;
      x = high;
    }
    PARTS[kept] = x;
    count = kept + 1;
  }
  return rounded(PARTS, count);
}

const PARTS = new Float64Array(64); // more than the exponents of doubles leave room for

/** The sum of such parts, rounded once; half-way cases go to even. */
function rounded(parts: Float64Array, count: number): number {
  let place = count;
  if (!place) return 0;
  let high = parts[--place];
  let low = 0;
  while (place > 0) {
    const x = high;
    const y = parts[--place];
    high = x + y;
    low = y - (high - x);
    if (low) break;
  }
  if (place > 0 && ((low < 0 && parts[place - 1] < 0) || (low > 0 && parts[place - 1] > 0))) {
    const y = low * 2;
    const x = high + y;
    if (y === x - high) high = x;
  }
  return high;
}

/** Mean of the known values, whichever set they are of; NaN without any. */
export function plainMeanOf(values: Float64Array): number {
  const there = knownOf(values);
  return there.length ? plainMean(there) : NaN;
}

const plainMean = (values: Float64Array): number => sum(values) / values.length;

let spare = new Float64Array(1024);

/** A shared buffer for `count` numbers; the next call may overwrite it. */
function scratch(count: number): Float64Array {
  if (spare.length < count) spare = new Float64Array(2 * count);
  return spare;
}

/** Variance with the divisor n - 1. */
function variance(values: Float64Array): number {
  const middle = plainMean(values);
  const squares = scratch(values.length);
  for (let i = 0; i < values.length; i++) squares[i] = (values[i] - middle) * (values[i] - middle);
  return sum(squares, 0, values.length) / (values.length - 1);
}

// --- quantiles ---------------------------------------------------------------------------------------

/** Quantiles (ascending) of the known values: the k-th of n lies at k / (n + 1). NaN without any. */
export function quantiles(values: Float64Array, which: readonly number[] = TAILS): number[] {
  const count = putKnown(values);
  if (!count) return which.map(() => NaN);
  const last = count - 1;
  const found: number[] = [];
  let ordered = 0; // all before are in their places
  for (const q of which) {
    const place = Math.min(Math.max(count * q + q - 1, 0), last);
    const below = Math.floor(place);
    const above = Math.min(below + 1, last);
    for (const at of [below, above]) {
      if (at < ordered) continue;
      select(COPY.values, ordered, last, at);
      ordered = at + 1;
    }
    found.push(between(COPY.values[below], COPY.values[above], place - below));
  }
  return found;
}

/** The value a share `part` of the way from a to b. */
function between(a: number, b: number, part: number): number {
  const gap = b - a;
  return part >= 0.5 ? b - gap * (1 - part) : a + gap * part;
}

const COPY = { values: new Float64Array(1024) };

/** Copy the known values to COPY; returns their number. */
function putKnown(values: Float64Array): number {
  if (COPY.values.length < values.length) COPY.values = new Float64Array(2 * values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) COPY.values[count++] = values[i];
  return count;
}

/** Put at place k the value it would have after sorting first..last; none before is larger, none after smaller. */
function select(values: Float64Array, first: number, last: number, k: number): void {
  while (last - first > 12) {
    const pivot = middleOf(values[first], values[(first + last) >> 1], values[last]);
    let [i, j] = [first, last];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const one = values[i];
        values[i++] = values[j];
        values[j--] = one;
      }
    }
    if (k <= j) last = j;
    else if (k >= i) first = i;
    else return;
  }
  for (let i = first + 1; i <= last; i++) {
    const one = values[i];
    let j = i - 1;
    for (; j >= first && values[j] > one; j--) values[j + 1] = values[j];
    values[j + 1] = one;
  }
}

const middleOf = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/** 5 % and 95 % quantile over all values. */
export function band(values: Float64Array): [number, number] {
  const [low, high] = quantiles(values);
  return [low, high];
}

// --- Student's t ----------------------------------------------------------------------------------

/** Half the width, in standard errors, of a 90 % interval; infinite below one degree of freedom. */
export function tValue(degrees: number, tables: Tables): number {
  if (!(degrees >= 1)) return Infinity;
  const known = tables.t[degrees];
  return known ?? tByHalving(degrees);
}

/** Student's t by bisection, for more degrees of freedom than the table has. */
function tByHalving(degrees: number): number {
  let low = 0;
  let high = 16;
  for (let step = 0; step < 200 && low < high; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (tAbove(middle, degrees) > TAILS[0]) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability that Student's t is above `t`. */
export function tAbove(t: number, degrees: number): number {
  if (t < 0) return 1 - tAbove(-t, degrees);
  if (t === Infinity) return 0;
  const square = t * t;
  return 0.5 * betaShare(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square));
}

/** The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz); rest = 1 - x. */
function betaShare(a: number, b: number, x: number, rest: number): number {
  if (!(x > 0)) return 0;
  if (!(rest > 0)) return 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(rest),
  );
  return x < (a + 1) / (a + b + 2)
    ? (front * fraction(a, b, x)) / a
    : 1 - (front * fraction(b, a, rest)) / b;
}

function fraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let found = d;
  for (let m = 1; m < 1000; m++) {
    for (const step of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / away(1 + step * d);
      c = away(1 + step / c);
      found *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return found;
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let total = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) total += LANCZOS[i] / (x - 1 + i);
  const base = x + LANCZOS.length - 2.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(total);
}

/** Half the t interval of the mean of `count` independent values with SD `spread`; infinite below two. */
export function halfWidth(spread: number, count: number, tables: Tables): number {
  return count < 2 ? Infinity : (tValue(count - 1, tables) * spread) / Math.sqrt(count);
}

const FEW_RUNS = 4;
const ROUNDING = 1e-9;

/** SD of two or more means of sets; NaN where they are equal and rest on a few runs. */
function spreadOf(means: Float64Array, runs: number): number {
  const spread = Math.sqrt(variance(means));
  return !(spread > ROUNDING * largest(means)) && runs < FEW_RUNS ? NaN : spread;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

// --- means of sets ----------------------------------------------------------------------------------

/** Mean of each set; NaN for a set without a value. */
export function allSetMeans(grid: Grid): Float64Array {
  const { sets, replicates, values } = grid;
  const means = new Float64Array(sets);
  const row = replicates < 8 ? null : new Float64Array(replicates);
  for (let set = 0; set < sets; set++) {
    const first = set * replicates;
    let [count, total] = [0, 0];
    for (let r = 0; r < replicates; r++) {
      const value = values[first + r];
      if (value === value) {
        count++;
        total += value;
      }
      if (row) row[r] = value === value ? value : 0;
    }
    means[set] = count ? (row ? sum(row) : total) / count : NaN;
  }
  return means;
}

/** The known values. */
function knownOf(values: Float64Array): Float64Array {
  const count = known(values);
  if (count === values.length) return values;
  const found = new Float64Array(count);
  for (let i = 0, place = 0; i < values.length; i++) if (values[i] === values[i]) found[place++] = values[i];
  return found;
}

/** Mean of each set that has a value. */
export const setMeans = (grid: Grid): Float64Array => knownOf(allSetMeans(grid));

/** Mean of the set means, summed exactly; NaN without any. */
export const mean = (grid: Grid): number => meanOf(allSetMeans(grid));

/** Mean of given set means, summed exactly; NaN without any. */
export function meanOf(means: Float64Array): number {
  const there = knownOf(means);
  return there.length ? exactSum(there) / there.length : NaN;
}

/** Mean of the set means and its 90 % confidence interval, whose ends are NaN with fewer than two sets. */
export function meanInterval(grid: Grid, tables: Tables): [number, number, number] {
  const means = setMeans(grid);
  if (!means.length) return [NaN, NaN, NaN];
  const middle = plainMean(means);
  if (means.length < 2) return [middle, NaN, NaN];
  const half = halfWidth(spreadOf(means, known(grid.values)), means.length, tables);
  return [middle, middle - half, middle + half];
}

/** Standard error of the mean over sets; of a single set, over its runs. NaN with fewer than two. */
export function standardError(grid: Grid): number {
  const means = setMeans(grid);
  const units = means.length === 1 ? knownOf(grid.values) : means;
  return units.length > 1 ? Math.sqrt(variance(units)) / Math.sqrt(units.length) : NaN;
}

// --- chance and parameter uncertainty ---------------------------------------------------------------------

export interface Components {
  between: number; // variance between sets, by parameter uncertainty; 0 or more
  luck: number; // variance between runs of a set: chance; NaN with one run a set
  replicates: number; // effective number in a set
}

const NO_COMPONENTS: Components = { between: NaN, luck: NaN, replicates: NaN };

/** Variance components by the analysis of variance; all NaN with fewer than two sets. */
export function components(grid: Grid, means = allSetMeans(grid)): Components {
  const { replicates, values } = grid;
  const counts = new Float64Array(grid.sets);
  let [sets, runs] = [0, 0];
  for (let set = 0; set < grid.sets; set++) {
    const first = set * replicates;
    for (let r = 0; r < replicates; r++) if (values[first + r] === values[first + r]) counts[set]++;
    runs += counts[set];
    if (counts[set]) sets++;
  }
  if (sets < 2) return NO_COMPONENTS;
  const mean = (set: number): number => (counts[set] ? means[set] : 0);
  const work = scratch(values.length);
  for (let set = 0; set < grid.sets; set++) work[set] = counts[set] * counts[set];
  const effective = (runs - sum(work, 0, grid.sets) / runs) / (sets - 1);
  for (let set = 0; set < grid.sets; set++) work[set] = counts[set] * mean(set);
  const grand = sum(work, 0, grid.sets) / runs;
  for (let set = 0; set < grid.sets; set++) {
    work[set] = counts[set] * ((mean(set) - grand) * (mean(set) - grand));
  }
  const between = sum(work, 0, grid.sets) / (sets - 1);
  if (runs === sets) return { between, luck: NaN, replicates: 1 };
  for (let set = 0, run = 0; set < grid.sets; set++) {
    for (let r = 0; r < replicates; r++, run++) {
      const gap = values[run] - means[set];
      work[run] = gap === gap ? gap * gap : 0;
    }
  }
  const luck = sum(work, 0, values.length) / (runs - sets);
  return { between: Math.max(0, (between - luck) / effective), luck, replicates: effective };
}

/** Share of chance in the variance of a single run; NaN where nothing varies. */
export function luckShare(found: Components): number {
  const total = found.between + found.luck;
  return total > 0 ? found.luck / total : NaN;
}

/** Set means drawn to their mean until they vary as without chance; `chance` is its variance in a set mean. */
export function shrunk(means: Float64Array, chance: number): Float64Array {
  const there = knownOf(means);
  if (there.length < 2) return means;
  const middle = plainMean(there);
  const spread = variance(there);
  const kept = spread > 0 ? Math.sqrt(Math.max(0, 1 - chance / spread)) : 1;
  return means.map((one) => middle + kept * (one - middle));
}

/** Share of known values above 0, where zeros count half; NaN without any. */
export function shareAbove(values: Float64Array): number {
  let count = 0;
  let above = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value) continue;
    count++;
    above += value > 0 ? 1 : value === 0 ? 0.5 : 0;
  }
  return count ? above / count : NaN;
}

const CHANCE_RULES = 0.8;

export interface Expected {
  low: number; // the expected value of 90 % of plausible sets lies between low and high; NaN: not known
  high: number;
  above: number; // share of sets whose expected value is above 0
  chanceShare: number;
}

/** The band of the expected value over plausible sets, and how often it is above 0. */
export function expectedInSets(grid: Grid, tables: Tables, all = allSetMeans(grid)): Expected {
  const means = knownOf(all);
  if (means.length < 2) return { low: NaN, high: NaN, above: NaN, chanceShare: NaN };
  const found = components(grid, all);
  const middle = plainMean(means);
  const chanceShare = luckShare(found);
  if (known(grid.values) < FEW_RUNS) return { low: NaN, high: NaN, above: NaN, chanceShare };
  if (!(Math.sqrt(found.between + (found.luck || 0)) > ROUNDING * largest(means))) {
    return { low: middle, high: middle, above: shareAbove(means), chanceShare: NaN };
  }
  if (!(chanceShare <= CHANCE_RULES)) return { low: NaN, high: NaN, above: NaN, chanceShare };
  const half = tValue(means.length - 1, tables) * Math.sqrt(found.between);
  const above = shareAbove(shrunk(means, found.luck / found.replicates));
  return { low: middle - half, high: middle + half, above, chanceShare };
}

// --- differences --------------------------------------------------------------------------------------

const MOST_SETS = 1_000_000;

/** Least number of sets whose mean is known to +- precision; infinity beyond a million. */
export function setsNeeded(spread: number, precision: number, tables: Tables): number {
  if (!(spread > 0)) return 2;
  if (!(precision > 0) || halfWidth(spread, MOST_SETS, tables) > precision) return Infinity;
  let low = 1;
  let high = MOST_SETS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (halfWidth(spread, middle, tables) <= precision) high = middle;
    else low = middle;
  }
  return high;
}

/** The difference b less a, run by run, as sim.stats.paired.paired, with compare's verdict. */
export function paired(a: Grid, b: Grid, margin: number, better: Better, tables: Tables): Paired {
  return pairedOf(less(b, a), margin, better, tables);
}

/** The paired comparison from differences of runs. */
export function pairedOf(gap: Grid, margin: number, better: Better, tables: Tables): Paired {
  const all = allSetMeans(gap);
  const means = knownOf(all);
  const [n, runs] = [known(gap.values), gap.values.length];
  if (means.length < 2) return tooFew(means, margin, n, runs);
  const middle = plainMean(means);
  const width = halfWidth(spreadOf(means, n), means.length, tables);
  const expected = expectedInSets(gap, tables, all);
  const [run_low, run_high] = band(gap.values);
  return {
    mean: middle,
    low: expected.low,
    high: expected.high,
    mean_low: middle - width,
    mean_high: middle + width,
    p_beats: expected.above,
    chance_share: expected.chanceShare,
    run_low,
    run_high,
    resolved: width < Math.abs(middle) || width <= margin,
    verdict: verdict(middle, middle - width, middle + width, margin, better),
    margin,
    sets: means.length,
    n,
    runs,
  };
}

function tooFew(means: Float64Array, margin: number, n: number, runs: number): Paired {
  const mean = means.length ? means[0] : NaN;
  const nothing = {
    low: NaN, high: NaN, mean_low: NaN, mean_high: NaN, p_beats: NaN, chance_share: NaN, run_low: NaN, run_high: NaN,
  };
  const said: Verdict = mean === mean ? "not clear yet" : "-";
  return { mean, ...nothing, resolved: false, verdict: said, margin, sets: means.length, n, runs };
}

/** The verdict on a difference, as sim.stats.verdicts.verdict gives it. */
export function verdict(
  mean: number, low: number, high: number, margin: number, better: Better,
): Verdict {
  if (mean !== mean) return "-";
  const half = high - mean;
  if (!(half < Math.abs(mean) || half <= margin)) return "not clear yet";
  if (Math.abs(mean) <= margin) return "about the same";
  if (better === "neither") return mean > 0 ? "higher" : "lower";
  return mean > 0 === (better === "more") ? "better" : "worse";
}

// --- shares ---------------------------------------------------------------------------------------------

/** Interval of a share `p` seen in `count` independent trials (Wilson 1927). */
export function wilson(p: number, count: number, tables: Tables): [number, number] {
  const z = tables.z;
  const centre = (p + (z * z) / (2 * count)) / (1 + (z * z) / count);
  const root = Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * (count * count)));
  const half = (z * root) / (1 + (z * z) / count);
  return [Math.max(0, Math.min(p, centre - half)), Math.min(1, Math.max(p, centre + half))];
}

/** Share of runs that hit, with a Wilson interval on the effective number of runs (Korn & Graubard 1998).
 *
 * hits: 1 or 0; NaN for a run that failed or is not made, which does not count.
 */
export function share(hits: Grid, tables: Tables): Share {
  const { sets, replicates, values } = hits;
  const found: number[] = [];
  let [hit, runs] = [0, 0];
  for (let set = 0; set < sets; set++) {
    const row = values.subarray(set * replicates, (set + 1) * replicates).filter((x) => x === x);
    if (!row.length) continue;
    const here = sum(row);
    found.push(here / row.length);
    hit += here;
    runs += row.length;
  }
  if (!runs) return { p: NaN, low: NaN, high: NaN, hits: 0, runs: 0 };
  const shares = Float64Array.from(found);
  const p = plainMean(shares);
  const spread = shares.length > 1 ? variance(shares) / shares.length : 0;
  let effective = shares.length;
  if (spread > 0) {
    const fewer = (tables.z / tValue(shares.length - 1, tables)) ** 2;
    effective = Math.min((fewer * p * (1 - p)) / spread, runs);
  }
  const [low, high] = wilson(p, effective, tables);
  return { p, low, high, hits: hit, runs };
}

// --- drivers ----------------------------------------------------------------------------------------------

const LEAST_SETS = 10;
const FAMILY_ERROR = 0.05;

export interface Driver {
  parameter: string;
  rho: number; // Spearman's rank correlation
  clear: boolean; // significant at 5 % over all parameters together (Bonferroni)
}

/** Rank correlation of each parameter with a value over the sets, strongest first.
 *
 * columns: the values of each parameter, (sets,) each. values: (sets,), NaN where a set has none.
 */
export function drivers(
  columns: readonly Float64Array[], names: readonly string[], values: Float64Array,
): Driver[] {
  const rows = [...values.keys()].filter((set) => values[set] === values[set]);
  const whole = rows.length === values.length;
  const take = (column: Float64Array) => (whole ? column : Float64Array.from(rows, (set) => column[set]));
  const known = take(values);
  if (rows.length < LEAST_SETS || !varies(known)) return [];
  const own = centredRanks(known);
  const found: Driver[] = [];
  names.forEach((parameter, place) => {
    const column = take(columns[place]);
    if (!varies(column)) return;
    const ranks = whole ? keptRanks(column) : centredRanks(column);
    const rho = Math.max(-1, Math.min(1, correlation(ranks, own)));
    const degrees = rows.length - 2;
    const t = Math.abs(rho) * Math.sqrt(degrees / ((1 - rho) * (1 + rho)));
    const chance = 2 * tAbove(t, degrees);
    found.push({ parameter, rho, clear: chance < FAMILY_ERROR / names.length });
  });
  return found.sort(
    (a, b) => Math.abs(b.rho) - Math.abs(a.rho) || (a.parameter < b.parameter ? -1 : 1),
  );
}

const varies = (values: Float64Array): boolean => values.some((one) => one !== values[0]);

const ranksOf = new WeakMap<Float64Array, Float64Array>();

/** The ranks of a parameter, kept as every outcome needs them. */
function keptRanks(column: Float64Array): Float64Array {
  const found = ranksOf.get(column) ?? centredRanks(column);
  ranksOf.set(column, found);
  return found;
}

/** Ranks less their mean, equal for ties. All are multiples of 1/2, so that sums of their products are exact. */
function centredRanks(values: Float64Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  const middle = (values.length + 1) / 2;
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]] === values[order[first]]) last++;
    for (let place = first; place <= last; place++) {
      ranks[order[place]] = (first + last) / 2 + 1 - middle;
    }
    first = last + 1;
  }
  return ranks;
}

function correlation(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa) / Math.sqrt(bb);
}
