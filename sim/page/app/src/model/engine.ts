/** The engine of codose, sim/engine/browser/engine.js, with its types. */
import "../../../../engine/browser/engine.js";

export interface Field {
  type: string;
  offset: number;
}

export interface Layout {
  stamp: string;
  records: Record<string, { size: number; fields: Record<string, Field> }>;
  entries: Record<
    string,
    { words: number; arguments: { name: string; word: number; type: string; dimensions: number }[] }
  >;
  parameters: string[];
  columns: string[];
  outcomes: string[];
  people: string[];
  site: string[];
  modes: string[];
  timings: string[];
  statuses: string[];
  events: string[];
  networks: string[];
  selection: Record<string, number>;
  spaces: Record<string, (string | number | (string | number)[])[]>;
  sizes: string[];
  resources: string[];
  window: number;
  weeks_a_year: number;
  posts: number;
  purposes: Record<string, number>;
  [more: string]: any;
}

/** An argument of an entry. */
export interface Given {
  type: string;
  shape: number[];
  values?: ArrayLike<number>;
  bytes?: Uint8Array;
}

export interface Counter {
  purpose: string;
  entity: number;
  week?: number;
  series?: number;
  replicate?: number;
}

export interface RegionStates {
  name: string;
  staff: number;
  candidate: number;
  people: Float64Array; // (week, field of layout.people, post)
  site: Float64Array; // (week, number of layout.site)
  ties: [number, number][] | null; // null: everybody is everybody's neighbour
}

export interface States {
  record: Float64Array; // (week, region, column of layout.columns)
  shape: number[];
  weeks: number;
  providers: number;
  regions: RegionStates[];
  skill: Float64Array; // (week, provider)
  load: Float64Array;
  overload: Float64Array;
}

export interface Reduce {
  rates: number[];
  now: number[];
  before: number[];
  summed: boolean;
  weekly: number[] | null;
}

export interface Outcomes {
  points: Float64Array;
  weekly: Float64Array | null;
  wrong: number[];
}

export interface RunsOf {
  sets: Float64Array;
  which: ArrayLike<number>;
  replicates: ArrayLike<number>;
}

export interface Engine {
  layout: Layout;
  rules: Record<string, (...given: number[]) => number>;
  bytes: number;
  open(job: Uint8Array): void;
  run(runs: RunsOf): Float64Array;
  outcomes(runs: RunsOf & { reduce: Reduce }): Outcomes;
  states(run: { set: Float64Array; replicate: number }): States;
  draws(seed: number | bigint, counters: Counter[]): Record<"words" | "uniforms" | "irwin_halls", Float64Array>;
  call(
    entry: string,
    given: { numbers?: Record<string, number | bigint>; arrays: Record<string, Given>; wanted: string[] },
  ): Record<string, any>;
}

export interface PoolOptions {
  workers?: number;
  start?: (source: string) => any;
  patience?: number;
}

export interface AskOptions {
  piece?: number;
  cost?: number;
  slice?: number;
  most?: number;
  urgent?: boolean;
  reduce?: Reduce;
  found?: (first: number, made: any) => void;
  progress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface Pool {
  workers: number;
  here: boolean; // no worker could be started, so this thread runs the engine
  pace: number; // ms that one worker takes for a staff-week
  run(job: Uint8Array | (() => Uint8Array), runs: RunsOf, options?: AskOptions): Promise<{ records: Float64Array | null; shape: number[] }>;
  close(): void;
}

interface Codose {
  Engine: { load(wasm: Uint8Array | WebAssembly.Module, layout: Layout): Promise<Engine> };
  Pool: new (wasm: Uint8Array, layout: Layout, options?: PoolOptions) => Pool;
  EngineError: new (message: string) => Error;
}

export const { Engine, Pool, EngineError } = (globalThis as unknown as { codoseEngine: Codose }).codoseEngine;
