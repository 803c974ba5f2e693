/** Replays one run of a job with what the engine gives: its draws, states and rules. */
import type { Block, Draws, Replay, Rules, Watched } from "./replay";
import { replay } from "./replay";
import type { JobHead, Layout, Tables } from "./tables";
import { readTables } from "./tables";

interface Given {
  type: string;
  shape: number[];
  values?: number[];
}

/** The part of the engine (sim/engine/browser/engine.js) that the class uses. */
export interface ClassEngine {
  layout: Layout;
  rules: Rules;
  open(job: Uint8Array): void;
  watch(what: { set: Float64Array; replicate: number }): Watched;
  call(
    name: string,
    what: { numbers: Record<string, number>; arrays: Record<string, Given>; wanted: string[] },
  ): Record<string, Float64Array>;
}

export type ReadJob = (job: Uint8Array) => { head: JobHead; data: Uint8Array };

type Counter = [purpose: string, entity: number, week: number, series: number];

/** Draws of one run; those that are certainly needed are made in one call. */
class EngineDraws implements Draws {
  private readonly known = new Map<string, Block>();

  constructor(
    private readonly engine: ClassEngine,
    private readonly seed: [number, number],
    private readonly replicate: number,
  ) {}

  make(counters: Counter[]): void {
    const { layout } = this.engine;
    const n = counters.length;
    const values = counters.flatMap(([purpose, entity, week, series]) => [
      entity, week, layout.purposes[purpose]! + layout.series_step * series, this.replicate,
    ]);
    const place = (): Given => ({ type: "float64", shape: [n, 4] });
    const { uniforms, irwin_halls } = this.engine.call("draws", {
      numbers: { seed_low: this.seed[0], seed_high: this.seed[1] },
      arrays: {
        counters: { type: "int64", shape: [n, 4], values },
        words: place(), uniforms: place(), irwin_halls: place(),
      },
      wanted: ["uniforms", "irwin_halls"],
    });
    counters.forEach((counter, i) => {
      const own = (all: Float64Array) => Array.from(all.subarray(4 * i, 4 * i + 4));
      this.known.set(counter.join(), { uniforms: own(uniforms!), irwin_halls: own(irwin_halls!) });
    });
  }

  block(...counter: Counter): Block {
    const key = counter.join();
    if (!this.known.has(key)) this.make([counter]);
    return this.known.get(key)!;
  }
}

function sureDraws(tables: Tables, layout: Layout, watched: Watched): Counter[] {
  const found: Counter[] = [];
  const all = watched.spaces.people!.shape[0]!;
  tables.regions.forEach((region, r) => {
    const at = all + r * layout.site.length + layout.site.indexOf("candidate");
    const candidate = watched.snapshots[at]!;
    const staff = Array.from({ length: region.staff! }, (_, post) => candidate * layout.posts + post);
    for (let week = 1; week <= tables.horizon; week += 1) {
      for (const entity of staff) found.push(["staff_week", entity, week, 0]);
      const first = tables.contactStart[week]![r]!;
      const count = tables.contactCount[week]![r]!;
      for (const { series } of tables.contacts.slice(first, first + count)) {
        found.push(["region_contact", candidate, week, series!]);
        for (const entity of staff) found.push(["staff_contact", entity, week, series!]);
      }
    }
  });
  return found;
}

/** Replay one run of a job. */
export function replayJob(
  engine: ClassEngine, readJob: ReadJob, job: Uint8Array, set: Float64Array, replicate: number,
): Replay {
  engine.open(job);
  const tables = readTables(readJob(job), engine.layout);
  const watched = engine.watch({ set, replicate });
  const draws = new EngineDraws(engine, tables.seed, replicate);
  draws.make(sureDraws(tables, engine.layout, watched));
  const { layout, rules } = engine;
  return replay({ tables, layout, rules, draws, set, watched });
}
