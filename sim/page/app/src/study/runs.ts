/** RunStore: keeps runs, so that equal requests are run once, also when made at the same time. */
import type { PageData, RunOptions, Runner, Runs, Scenario } from "../types";
import { Sets } from "./sets";
import { canonical, contentOf, variedColumns, weeksOf } from "./world";

const MOST_BYTES = 100e6;

export interface Asked {
  scenario: Scenario;
  seed: number;
  weeks: number[];
  weekly: string[]; // outcomes kept in every week, overall
}

interface Entry {
  content: string;
  weeks: number[];
  weekly: string[];
  runs: Runs | null; // null until all are made
  running: Promise<Runs>;
  stop: AbortController;
  waiting: Set<RunOptions>;
}

export class RunStore {
  readonly columns: Float64Array[]; // (sets,) of each parameter that varies
  private readonly sets: Sets;
  private entries: Entry[] = []; // the most recently used comes last
  private readonly worked = new WeakMap<Runs, Map<string, unknown>>();

  constructor(
    readonly runner: Runner,
    readonly data: PageData,
  ) {
    this.sets = new Sets(data);
    this.columns = variedColumns(data);
  }

  /** The runs of a scenario over all plausible sets, each set with replicates of its own. */
  run(asked: Asked, options: RunOptions = {}): Promise<Runs> {
    options.signal?.throwIfAborted();
    const entry = this.find(asked) ?? this.begin(asked, options);
    this.entries = [...this.entries.filter((one) => one !== entry), entry];
    return entry.runs ? Promise.resolve(entry.runs) : this.wait(entry, options);
  }

  /** A value worked out from runs; it is kept as long as the runs are. */
  async told<T>(runs: Runs, what: string, make: () => Promise<T>): Promise<T> {
    const kept = this.worked.get(runs) ?? new Map<string, unknown>();
    this.worked.set(runs, kept);
    if (!kept.has(what)) kept.set(what, await make());
    return kept.get(what) as T;
  }

  /** The runs of a request where all are made; else null. */
  have(asked: Asked): Runs | null {
    return this.find(asked)?.runs ?? null;
  }

  private find(asked: Asked): Entry | undefined {
    const content = this.key(asked);
    return this.entries.find(
      (one) =>
        one.content === content &&
        asked.weeks.every((week) => one.weeks.includes(week)) &&
        (!asked.weekly.length || canonical(asked.weekly) === canonical(one.weekly)), // the layout of weekly values depends on them
    );
  }

  private key(asked: Asked): string {
    return `${asked.seed} ${contentOf(asked.scenario)}`;
  }

  private begin(asked: Asked, options: RunOptions): Entry {
    const stop = new AbortController();
    const waiting = new Set<RunOptions>();
    const entry: Entry = {
      content: this.key(asked), weeks: weeksOf(asked.weeks), weekly: asked.weekly,
      runs: null, stop, waiting, running: Promise.resolve(null as never),
    };
    entry.running = this.runner
      .run(
        {
          scenario: asked.scenario, seed: asked.seed, sets: this.sets.within(asked.scenario),
          replicates: this.data.sets.replicates, weeks: entry.weeks, weekly: asked.weekly,
        },
        {
          signal: stop.signal,
          urgent: options.urgent,
          progress: (runs) => waiting.forEach((one) => one.progress?.(runs)),
        },
      )
      .then(
        (runs) => {
          entry.runs = runs;
          this.forget();
          return runs;
        },
        (error) => {
          this.entries = this.entries.filter((one) => one !== entry);
          throw error;
        },
      );
    entry.running.catch(() => undefined); // callers get the error in wait()
    return entry;
  }

  /** Wait for runs, which are aborted when the last caller leaves. */
  private wait(entry: Entry, options: RunOptions): Promise<Runs> {
    entry.waiting.add(options);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const leave = () => {
        entry.waiting.delete(options);
        signal?.removeEventListener("abort", leave);
        if (!signal?.aborted) return;
        reject(signal.reason);
        if (!entry.waiting.size && !entry.runs) {
          this.entries = this.entries.filter((one) => one !== entry);
          entry.stop.abort(signal.reason);
        }
      };
      signal?.addEventListener("abort", leave);
      entry.running.then(resolve, reject).finally(leave);
    });
  }

  /** Drop the least recently used runs beyond MOST_BYTES. */
  private forget(): void {
    let kept = 0;
    this.entries = [...this.entries]
      .reverse()
      .filter((one, place) => {
        kept += one.runs ? one.runs.values.byteLength + (one.runs.weekly?.byteLength ?? 0) : 0;
        return place < 2 || kept <= MOST_BYTES || !one.runs;
      })
      .reverse();
  }
}
