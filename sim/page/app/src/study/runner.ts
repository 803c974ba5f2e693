/** Runs of plans in workers: `Runner` on the pool of sim/engine/browser/engine.js.
 *
 *   const runner = await startRunner(data, { layout, wasm });
 *   const runs = await runner.run(request, { signal, urgent: true, progress: (part) => draw(part) });
 *
 * Records never leave a worker, which reduces them to outcomes. Runs are made replicate by replicate, each
 * over all sets, so that a part is a fair sample. Recent results are kept by the content of their request.
 */
import { regionNames, staffCounts } from "../model/complete";
import { Engine, EngineError, type Layout, type Outcomes, Pool, type PoolOptions, type Reduce } from "../model/engine";
import { makeJob } from "../model/job";
import { planned, rates } from "../model/planned";
import type { PageData, Planned, RunOptions, RunRequest, Runner, Runs, Scenario } from "../types";
import { say } from "../ui/say";
import { Sets } from "./sets";

const MEGABYTE = 2 ** 20;
/** Bytes of the records in a piece of work. */
const PIECE_BYTES = 4 * MEGABYTE;
/** Most results kept, and the bytes that they may take together. */
const KEPT = 60;
const KEPT_BYTES = 64 * MEGABYTE;
const JOBS_KEPT = 12;
/** Most bytes of one run in a worker, and of the results of all runs. */
const MOST_RUN_BYTES = 512 * MEGABYTE;
const MOST_BYTES = 400 * MEGABYTE;
const MOST_MINUTES = 20;
/** Milliseconds between two calls of progress; the first call comes once SOME runs are made. */
const PAUSE = 60;
const SOME = 25;
const LEAST_SPEED = 60_000; // ms in a minute

export interface Parts {
  layout: Layout;
  wasm: Uint8Array;
}

export interface RunnerOptions extends PoolOptions {
  mostMinutes?: number; // a request that would take longer is refused
}

/** Thrown for a request that is too large; its message says what would fit. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** The page's runner. */
export interface PageRunner extends Runner {
  readonly sets: Sets;
  readonly engine: Engine; // of this thread: for jobs, planned costs, rules and draws
  readonly here: boolean; // no worker could be started, so this thread runs the engine, in slices
  readonly pace: number; // ms that one worker takes for a staff-week, as measured
}

export async function startRunner(data: PageData, parts: Parts, options: RunnerOptions = {}): Promise<PageRunner> {
  const engine = await Engine.load(parts.wasm, parts.layout);
  return new Workers(data, engine, new Pool(parts.wasm, parts.layout, options), options);
}

class Workers implements PageRunner {
  readonly sets: Sets;
  private readonly results = new Results();
  private readonly underWay = new Map<string, Shared>();
  private readonly jobs = new Map<string, Uint8Array<ArrayBuffer>>();
  private readonly mostMinutes: number;

  constructor(
    private readonly data: PageData,
    readonly engine: Engine,
    private readonly pool: Pool,
    { mostMinutes = MOST_MINUTES }: RunnerOptions,
  ) {
    this.sets = new Sets(data);
    this.mostMinutes = mostMinutes;
  }

  get workers(): number {
    return this.pool.workers;
  }

  get here(): boolean {
    return this.pool.here;
  }

  get pace(): number {
    return this.pool.pace;
  }

  close(): void {
    this.pool.close();
  }

  planned(scenario: Scenario): Planned {
    return planned(this.engine, scenario, this.sets.own(scenario));
  }

  async run(request: RunRequest, options: RunOptions = {}): Promise<Runs> {
    const { signal, urgent, progress, passing } = options;
    if (signal?.aborted) throw stopped();
    const key = keyOf(request);
    const kept = this.results.get(key);
    if (kept) return kept;
    if (urgent) mark("asked");
    const shared = this.shared(request, key);
    if (!passing) shared.kept = true;
    const runs = await shared.join(signal, urgent, progress);
    if (urgent) mark("answered");
    return runs;
  }

  /** The runs under way for a request; equal requests share them. */
  private shared(request: RunRequest, key: string): Shared {
    const found = this.underWay.get(key);
    if (found) return found;
    if (!Number.isSafeInteger(request.seed)) {
      const most = number(Number.MAX_SAFE_INTEGER);
      throw new EngineError(say(this.data.words, "runner.seed", { seed: String(request.seed), most }));
    }
    const size = sizeOf(request, this.engine.layout);
    this.refuse(request, size);
    const runs = empty(request, this.engine.layout);
    const shared: Shared = new Shared(
      runs,
      () => Promise.all(this.parts(request).map((part) => this.make(request, part, size, shared))),
      () => this.underWay.get(key) === shared && this.underWay.delete(key),
    );
    this.underWay.set(key, shared);
    shared.whole.then(
      () => shared.kept && this.results.put(key, runs, size.bytes),
      () => null, // callers get the error in join()
    );
    return shared;
  }

  /** The sets grouped by calendar_stagger, which moves their calendars; each group has a job of its own. */
  private parts({ sets }: RunRequest): { stagger: number; rows: number[] }[] {
    const place = this.engine.layout.parameters.indexOf("calendar_stagger");
    const found = new Map<number, number[]>();
    sets.forEach((set, row) => found.set(set[place], [...(found.get(set[place]) ?? []), row]));
    return [...found].map(([stagger, rows]) => ({ stagger, rows }));
  }

  private async make(
    request: RunRequest,
    { stagger, rows }: { stagger: number; rows: number[] },
    size: Size,
    shared: Shared,
  ): Promise<void> {
    const { scenario, sets, replicates, first = 0 } = request;
    const { runs } = shared;
    const order = Array.from({ length: replicates * rows.length }, (_, i) => ({
      set: i % rows.length,
      replicate: Math.floor(i / rows.length),
    }));
    await this.pool.run(
      () => this.job(request, stagger),
      {
        sets: joined(rows.map((row) => sets[row])),
        which: order.map((one) => one.set),
        replicates: order.map((one) => (first + rows[one.set]) * replicates + one.replicate),
      },
      {
        cost: size.cost,
        most: size.most,
        signal: shared.stop.signal,
        get urgent() {
          return shared.urgent;
        },
        reduce: reduction(request, this.engine.layout, rates(scenario)),
        found: (begin, made: Outcomes) => {
          if (shared.urgent && runs.made === 0) mark("first part");
          const count = made.points.length / size.points;
          for (let i = 0; i < count; i += 1) {
            const { set, replicate } = order[begin + i];
            const place = rows[set] * replicates + replicate;
            copy(made.points, i, runs.values, place, size.points);
            if (runs.weekly) copy(made.weekly!, i, runs.weekly, place, size.weekly);
          }
          runs.made += count;
          runs.failed += made.wrong.length;
          shared.tell();
        },
      },
    );
  }

  /** The job of a request. Jobs are kept, as workers keep the engines that have them open. */
  private job(request: RunRequest, stagger: number): Uint8Array<ArrayBuffer> {
    const { scenario, seed } = request;
    const weeks = request.weekly?.length ? null : neededWeeks(request, this.engine.layout.window);
    const key = JSON.stringify([content(scenario), String(seed), stagger, weeks]);
    const job = this.jobs.get(key) ?? makeJob(this.engine, scenario, seed, stagger, weeks);
    this.jobs.delete(key);
    this.jobs.set(key, job);
    if (this.jobs.size > JOBS_KEPT) this.jobs.delete(this.jobs.keys().next().value!);
    return job;
  }

  /** Refuse a request that is too large for this device. */
  private refuse({ sets, replicates, scenario }: RunRequest, size: Size): void {
    const { words } = this.data;
    const count = sets.length * replicates;
    const staff = staffCounts(scenario).reduce((sum, one) => sum + one, 0);
    const about = { runs: number(count), staff: number(staff), weeks: number(scenario.horizon_weeks) };
    if (size.run > MOST_RUN_BYTES) {
      throw new TooLarge(say(words, "runner.run_memory", { ...about, megabytes: number(size.run / MEGABYTE) }));
    }
    if (size.bytes > MOST_BYTES) {
      const fit = Math.floor(MOST_BYTES / (size.bytes / count));
      throw new TooLarge(say(words, "runner.memory", { ...about, megabytes: number(size.bytes / MEGABYTE), fit: number(fit) }));
    }
    const minutes = (count * size.cost * this.pool.pace) / this.pool.workers / LEAST_SPEED;
    if (minutes <= this.mostMinutes) return;
    const fit = Math.floor(count * (this.mostMinutes / minutes));
    throw new TooLarge(
      say(words, fit ? "runner.time" : "runner.run_time", { ...about, minutes: number(minutes), fit: number(fit) }),
    );
  }
}

/** Runs under way for all callers that wait for them; they stop when the last caller leaves. */
class Shared {
  readonly whole: Promise<Runs>;
  readonly stop = new AbortController();
  urgent = false;
  kept = false; // whether the results are kept for later requests
  private readonly watchers = new Set<(runs: Runs) => void>();
  private users = 0;
  private told: number | null = null;
  private readonly begun = performance.now();

  constructor(
    readonly runs: Runs,
    make: () => Promise<unknown>,
    private readonly over: () => void,
  ) {
    this.whole = Promise.resolve()
      .then(make)
      .then(() => runs)
      .finally(over);
  }

  /** Wait for these runs. */
  join(signal?: AbortSignal, urgent?: boolean, progress?: (runs: Runs) => void): Promise<Runs> {
    this.users += 1;
    if (urgent) this.urgent = true;
    const watch = progress && ((runs: Runs) => progress(runs)); // a new function, as two callers may pass the same one
    if (watch) this.watchers.add(watch);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (watch) this.watchers.delete(watch);
        this.users -= 1;
        if (this.users === 0) {
          this.over();
          this.stop.abort();
        }
        reject(stopped());
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.whole.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
    });
  }

  /** Tell the watchers that further runs are made, unless it was done less than PAUSE ago. */
  tell(): void {
    const { sets, replicates, made } = this.runs;
    const now = performance.now();
    const early = this.told === null && made >= SOME;
    if (made === sets * replicates || (!early && now - (this.told ?? this.begun) < PAUSE)) return;
    this.told = now;
    for (const watch of [...this.watchers]) watch(this.runs);
  }
}

// --- sizes ------------------------------------------------------------------------------------------

interface Size {
  cost: number; // staff-weeks of a run
  points: number; // values of a run at the requested weeks
  weekly: number; // values of a run in all weeks
  most: number; // most runs in a piece of work
  run: number; // bytes that a run takes in a worker
  bytes: number; // bytes of the results of all runs
}

function sizeOf(request: RunRequest, layout: Layout): Size {
  const { scenario, sets, replicates, weeks, weekly } = request;
  const staff = staffCounts(scenario);
  const rows = scenario.horizon_weeks + 1;
  const places = staff.length + 1;
  const outcomes = layout.outcomes.length;
  const reported = weekly?.length ? rows : neededWeeks(request, layout.window).length;
  const records = 8 * reported * staff.length * layout.columns.length;
  const every = weekly?.length ? 8 * rows * places * outcomes : 0;
  const run = records + every + 8 * weeks.length * places * outcomes;
  const points = weeks.length * places * outcomes;
  const kept = points + rows * (weekly?.length ?? 0);
  return {
    cost: staff.reduce((sum, one) => sum + one, 0) * scenario.horizon_weeks,
    points,
    weekly: rows * (weekly?.length ?? 0),
    most: Math.max(1, Math.floor(PIECE_BYTES / run)),
    run,
    bytes: 8 * kept * sets.length * replicates,
  };
}

function empty({ scenario, sets, replicates, weeks, weekly }: RunRequest, layout: Layout): Runs {
  const places = [...regionNames(scenario), "overall"];
  const runs = sets.length * replicates;
  const { outcomes } = layout;
  return {
    sets: sets.length,
    replicates,
    weeks: [...weeks],
    places,
    outcomes: [...outcomes],
    values: new Float64Array(runs * weeks.length * places.length * outcomes.length).fill(NaN),
    weekly: weekly?.length
      ? new Float64Array(runs * (scenario.horizon_weeks + 1) * weekly.length).fill(NaN)
      : null,
    made: 0,
    failed: 0,
  };
}

function copy(from: Float64Array, row: number, to: Float64Array, place: number, size: number): void {
  to.set(from.subarray(row * size, (row + 1) * size), place * size);
}

function joined(rows: Float64Array[]): Float64Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float64Array(rows.length * width);
  rows.forEach((row, i) => all.set(row, i * width));
  return all;
}

// --- what a worker keeps of records: sim/engine/reduction.py -----------------------------------------

/** The weeks that a record must report: those requested, those where their windows begin, and the horizon. */
export function neededWeeks({ scenario, weeks }: Pick<RunRequest, "scenario" | "weeks">, window: number): number[] {
  const found = new Set([scenario.horizon_weeks]);
  for (const week of weeks) {
    if (!(week >= 0 && week <= scenario.horizon_weeks)) {
      throw new EngineError(`Week ${week} is outside 0..${scenario.horizon_weeks}.`);
    }
    found.add(week).add(Math.max(0, week - window));
  }
  return [...found].sort((one, other) => one - other);
}

function reduction(request: RunRequest, layout: Layout, prices: number[]): Reduce {
  const { weeks, weekly } = request;
  const needed = neededWeeks(request, layout.window);
  const every = Boolean(weekly?.length);
  const row = (week: number): number => (every ? week : needed.indexOf(week));
  return {
    rates: prices,
    now: weeks.map(row),
    before: weeks.map((week) => row(Math.max(0, week - layout.window))),
    summed: !every && needed.length !== request.scenario.horizon_weeks + 1,
    weekly: every ? weekly!.map((name) => known(name, layout.outcomes)) : null,
  };
}

function known(name: string, names: string[]): number {
  const place = names.indexOf(name);
  if (place < 0) throw new EngineError(`There is no outcome ${name}.`);
  return place;
}

// --- results that are kept ---------------------------------------------------------------------------

class Results {
  private readonly kept = new Map<string, { runs: Runs; bytes: number }>();
  private bytes = 0;

  get(key: string): Runs | null {
    const found = this.kept.get(key);
    if (!found) return null;
    this.kept.delete(key);
    this.kept.set(key, found); // now the most recently used
    return found.runs;
  }

  put(key: string, runs: Runs, bytes: number): void {
    if (bytes > KEPT_BYTES / 2 || this.kept.has(key)) return;
    this.kept.set(key, { runs, bytes });
    this.bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.kept) {
      if (this.kept.size <= KEPT && this.bytes <= KEPT_BYTES) break;
      this.kept.delete(oldest);
      this.bytes -= freed;
    }
  }
}

/** A scenario without the fields that change no number. */
function content({ name: _name, question: _question, description: _description, ...rest }: Scenario): unknown {
  return rest;
}

function keyOf({ scenario, seed, sets, replicates, weeks, weekly, first }: RunRequest): string {
  const about = [content(scenario), String(seed), replicates, weeks, weekly ?? [], first ?? 0, sets.length];
  return `${JSON.stringify(about)} ${sets.map(digest).join(" ")}`;
}

const digests = new WeakMap<Float64Array, string>();

/** A key of a set's bits: two hashes of 32 bits after Fowler, Noll and Vo, which differ in start and factor. */
function digest(set: Float64Array): string {
  const found = digests.get(set);
  if (found !== undefined) return found;
  let [one, other] = [0x811c9dc5, 0x2f0b4a27];
  for (const word of new Uint32Array(set.buffer, set.byteOffset, 2 * set.length)) {
    one = Math.imul(one ^ word, 0x01000193);
    other = Math.imul(other ^ word, 0x85ebca6b) ^ (other >>> 13);
  }
  const made = `${(one >>> 0).toString(36)}.${(other >>> 0).toString(36)}`;
  digests.set(set, made);
  return made;
}

/** Marks for measurements when the runs of the plan on the screen are requested, first arrive and are complete. */
function mark(what: "asked" | "first part" | "answered"): void {
  performance.clearMarks(`codose ${what}`);
  performance.mark(`codose ${what}`);
}

// --- words --------------------------------------------------------------------------------------------

const stopped = (): Error => new DOMException("Stopped.", "AbortError");

const number = (value: number): string => Math.round(value).toLocaleString("en-US");
