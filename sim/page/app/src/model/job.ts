/** A scenario as one file for the engine: byte for byte what sim/engine/job.py writes.
 *
 * The lines of a scenario become records (as sim/engine/tables.py has them), and compiled code fills
 * in what follows from them and spreads them over the weeks (as in sim/engine/prepare.py).
 */
import type { Scenario } from "../types";
import {
  assignment,
  hoursEach,
  logRows,
  networks,
  pauses,
  positions,
  providerNames,
  regionNames,
  staffCounts,
} from "./complete";
import type { Engine, Given, Layout } from "./engine";
import { held } from "./held";

const WORD = 8;
const ALIGN = 64;
const NONE = -1;

/** A scenario as arrays: sim.engine.tables.Tables. */
export interface Tables {
  arrays: Record<string, Given>; // arrays of the plan, as bytes
  sizes: Record<string, number>; // by name, for the work space
  coupled: boolean;
}

/** The job of a scenario: all that the engine needs to run it.
 *
 * stagger: the parameter calendar_stagger of all sets; weeks: report these only (ascending, the last is
 * the horizon); null: every week.
 */
export function makeJob(
  engine: Engine,
  scenario: Scenario,
  seed: number | bigint,
  stagger: number,
  weeks: number[] | null,
): Uint8Array<ArrayBuffer> {
  const { layout } = engine;
  const tables = tabulate(engine, scenario, stagger);
  const horizon = scenario.horizon_weeks;
  const report = reports(horizon, weeks);
  const entry = "run_chunk";
  const given: Record<string, Given> = {
    ...tables.arrays,
    report: whole(report),
    snapshots: { type: "float64", shape: [0, 0], bytes: new Uint8Array(0) },
  };
  const numbers = numbersOf(scenario, seed, tables, layout);
  const head = {
    stamp: layout.stamp,
    entry,
    numbers: {} as Record<string, Float | number>,
    arrays: {} as Record<string, unknown>,
    spaces: {} as Record<string, unknown>,
    record: [report[horizon] + 1, tables.sizes.regions, layout.columns.length],
    weeks: weeks ?? Array.from({ length: horizon + 1 }, (_, week) => week),
    regions: regionNames(scenario),
  };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, type, dimensions } of layout.entries[entry].arguments) {
    if (dimensions === 0) {
      head.numbers[name] = numbers[name];
    } else if (name in layout.spaces) {
      head.spaces[name] = { type, shape: layout.spaces[name].map((axis) => length(axis, tables.sizes)) };
    } else if (name in given) {
      const { shape, bytes } = given[name];
      head.arrays[name] = { type, shape, offset };
      parts.push(bytes!);
      offset += padded(bytes!.length);
    }
  }
  return joined(new TextEncoder().encode(likePython(head)), parts);
}

function numbersOf(
  scenario: Scenario,
  seed: number | bigint,
  { sizes, coupled }: Tables,
  layout: Layout,
): Record<string, Float | number> {
  const { selection, count, candidates } = scenario.regions;
  const all = selection === "all" || count === candidates;
  return {
    seed_low: Number(BigInt(seed) & 0xffffffffn),
    seed_high: Number(BigInt(seed) >> 32n),
    horizon: scenario.horizon_weeks,
    candidates: sizes.candidates,
    selection: layout.selection[all ? "all" : selection],
    trend: new Float(scenario.background_trend),
    coupled: coupled ? 1 : 0,
  };
}

/** The row of a record for each week. */
function reports(horizon: number, weeks: number[] | null): number[] {
  const rows = [];
  for (let week = 0, row = 0; week <= horizon; week += 1) {
    if (weeks === null) row = week;
    else while (row < weeks.length && weeks[row] < week) row += 1;
    rows.push(row);
  }
  return rows;
}

/** Length of an axis: a number, a size by its name, or a product of these. */
function length(axis: string | number | (string | number)[], sizes: Record<string, number>): number {
  if (Array.isArray(axis)) return axis.reduce<number>((all, one) => all * length(one, sizes), 1);
  return typeof axis === "number" ? axis : sizes[axis];
}

const padded = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

function joined(text: Uint8Array, parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const start = padded(4 + text.length);
  const bytes = new Uint8Array(parts.reduce((size, one) => size + padded(one.length), start));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let offset = start;
  for (const one of parts) {
    bytes.set(one, offset);
    offset += padded(one.length);
  }
  return bytes;
}

// --- the lines of a scenario as records ------------------------------------------------------------

/** Records of one type, written field by field. */
class Records {
  readonly bytes: Uint8Array;
  private readonly words: DataView;
  private readonly about: Layout["records"][string];

  constructor(
    layout: Layout,
    readonly type: string,
    readonly count: number,
  ) {
    this.about = layout.records[type];
    this.bytes = new Uint8Array(count * this.about.size);
    this.words = new DataView(this.bytes.buffer);
  }

  put(row: number, values: Record<string, number>): void {
    for (const [name, value] of Object.entries(values)) {
      const { type, offset } = this.about.fields[name];
      const at = row * this.about.size + offset;
      if (type === "float64") this.words.setFloat64(at, value, true);
      else this.words.setBigInt64(at, BigInt(value), true);
    }
  }

  get given(): Given {
    return { type: this.type, shape: [this.count], bytes: this.bytes };
  }
}

function whole(values: ArrayLike<number>, shape = [values.length]): Given {
  return { type: "int64", shape, bytes: new Uint8Array(BigInt64Array.from(Array.from(values), BigInt).buffer) };
}

function float(values: ArrayLike<number>, shape = [values.length]): Given {
  return { type: "float64", shape, bytes: new Uint8Array(Float64Array.from(values).buffer) };
}

const zeros = (type: string, ...shape: number[]): Given => ({ type, shape });

/** A function's shares add up to 1 within this, or they are divided by their sum. */
const EXACT = 1e-9;

/** Share of each function in the time of a contact; NaN for the reference mix. */
function shares(functions: Record<string, number> | null, names: string[]): Record<string, number> {
  if (functions === null) return Object.fromEntries(names.map((name) => [name, NaN]));
  const total = names.reduce((sum, name) => sum + functions[name], 0);
  const by = Math.abs(total - 1) < EXACT ? 1 : total;
  return Object.fromEntries(names.map((name) => [name, functions[name] / by]));
}

/** The fields of a record that are functions: those that series and contacts share with log rows. */
function functionNames(layout: Layout): string[] {
  const after = Object.keys(layout.records.series.fields);
  return after.slice(after.indexOf("invited") + 1);
}

const STARTS = ["knowledge", "staff_accountability", "trust", "demand", "provider_accountability"];

function regionRows(layout: Layout, scenario: Scenario): { rows: Records; neighbours: number[]; ties: number[] } {
  const names = regionNames(scenario);
  const rows = new Records(layout, "region", names.length);
  const [staff, provider, asked] = [staffCounts(scenario), assignment(scenario), networks(scenario)];
  const known = new Map<string, number>();
  const ties: number[] = [];
  names.forEach((name, r) => {
    const own = held<any>(scenario.regions.overrides, name);
    rows.put(r, { staff: staff[r], provider: provider[r], leadership: own?.leadership ?? NaN });
    for (const field of STARTS) rows.put(r, { [field]: own?.start[field] ?? NaN });
    const { kind, rewiring, names: people, edges } = asked[r];
    rows.put(r, { network: layout.networks.indexOf(kind), rewiring });
    if (kind !== "file") return;
    const key = JSON.stringify(asked[r]);
    if (!known.has(key)) {
      known.set(key, ties.length);
      const post = positions(people);
      for (const pair of edges) ties.push(post.get(pair[0])!, post.get(pair[1])!);
    }
    rows.put(r, { given: known.get(key)!, ties: edges.length });
  });
  return { rows, neighbours: asked.map((one) => one.neighbours), ties };
}

function seriesRows(layout: Layout, scenario: Scenario): Records {
  const rows = new Records(layout, "series", scenario.dosage.length);
  const functions = functionNames(layout);
  scenario.dosage.forEach((one, i) => {
    const [start, end] = Array.isArray(one.co_creation) ? one.co_creation : [one.co_creation, one.co_creation];
    rows.put(i, {
      mode: layout.modes.indexOf(one.mode),
      timing: layout.timings.indexOf(one.timing),
      first_week: one.first_week,
      last_week: one.last_week ?? scenario.horizon_weeks,
      every_weeks: one.every_weeks,
      hours: one.hours,
      taper: one.taper,
      co_creation_start: start,
      co_creation_end: end,
      invited: one.invited,
      ...shares(one.functions, functions),
    });
  });
  return rows;
}

function logRecords(layout: Layout, scenario: Scenario): { rows: Records; invited: number[]; contact: number[] } {
  const logged = logRows(scenario);
  const rows = new Records(layout, "log_row", logged.length);
  const [region, provider] = [positions(regionNames(scenario)), positions(providerNames(scenario))];
  const assigned = assignment(scenario);
  const functions = functionNames(layout);
  const first = new Map<string, number>();
  const contact = logged.map((row, i) => {
    const at = region.get(row.region)!;
    rows.put(i, {
      week: row.week,
      region: at,
      mode: layout.modes.indexOf(row.mode),
      status: layout.statuses.indexOf(row.status),
      hours: row.hours,
      co_creation: row.co_creation,
      provider: row.provider === null ? assigned[at] : provider.get(row.provider)!,
      present: row.present ?? NONE,
      ...shares(row.functions, functions),
    });
    if (row.contact === null) return i;
    if (!first.has(row.contact)) first.set(row.contact, i);
    return first.get(row.contact)!;
  });
  return { rows, invited: logged.map((row) => row.invited ?? 0), contact };
}

/** Shocks, skipped weeks and delivery work, in the order of the file. */
function eventRows(layout: Layout, scenario: Scenario): { rows: Records; leaves: number } {
  const shocks = [...scenario.shocks, ...pauses(scenario)];
  const rows = new Records(layout, "event", shocks.length + scenario.delivery_work.length);
  const [region, provider] = [positions(regionNames(scenario)), positions(providerNames(scenario))];
  shocks.forEach((one, number) => {
    rows.put(number, {
      kind: layout.events.indexOf(one.kind),
      week: one.week,
      until_week: one.until_week ?? (one.kind === "dosage_cut" ? scenario.horizon_weeks : one.week),
      region: region.get(one.region) ?? NONE,
      provider: provider.get(one.provider) ?? NONE,
      number,
      amount: one.factor ?? one.by ?? one.share ?? 0,
    });
  });
  scenario.delivery_work.forEach((phase: any, i: number) => {
    rows.put(shocks.length + i, {
      kind: layout.events.indexOf("delivery_work"),
      week: phase.week,
      until_week: phase.until_week,
      region: NONE,
      provider: NONE,
      number: NONE,
      amount: phase.share,
    });
  });
  return { rows, leaves: shocks.filter((one) => one.kind === "staff_leave").length };
}

// --- compiled code fills in the rest -----------------------------------------------------------------

/** A scenario as arrays, kept as long as the scenario, as both its job and its cost need them. */
export function tabulate(engine: Engine, scenario: Scenario, stagger: number): Tables {
  const kept = made.get(scenario);
  if (kept?.engine === engine && kept.stagger === stagger) return kept.tables;
  const tables = newTables(engine, scenario, stagger);
  made.set(scenario, { engine, stagger, tables });
  return tables;
}

const made = new WeakMap<Scenario, { engine: Engine; stagger: number; tables: Tables }>();

function newTables(engine: Engine, scenario: Scenario, stagger: number): Tables {
  const { layout } = engine;
  const weeks = scenario.horizon_weeks + 1;
  const hours = hoursEach(scenario);
  const { rows, neighbours, ties } = regionRows(layout, scenario);
  const placed = engine.call("place_regions", {
    numbers: { core_team: scenario.regions.core_team },
    arrays: {
      regions: rows.given,
      neighbours: whole(neighbours),
      served: zeros("int64", hours.length),
      sizes: zeros("int64", layout.sizes.length),
    },
    wanted: ["regions", "served", "sizes"],
  });
  const regions = { ...rows.given, bytes: placed.regions };
  const log = sharedLog(engine, scenario, regions, { ...zeros("int64", hours.length), bytes: placed.served });
  const planned = spread(engine, scenario, regions, log, stagger);
  const found = Object.fromEntries(layout.sizes.map((name, i) => [name, numbers(placed.sizes)[i]]));
  const most = numbers(planned.arrays.contact_count.bytes!).reduce((all, one) => Math.max(all, one), 0);
  return {
    arrays: { regions, ...planned.arrays, provider_hours: float(hours), given_ties: whole(ties) },
    sizes: {
      ...found,
      states: layout.people.length,
      site: layout.site.length,
      columns: layout.columns.length,
      weeks,
      regions: rows.count,
      providers: hours.length,
      candidates: scenario.regions.candidates,
      leaves: planned.leaves,
      staff: scenario.regions.staff,
      slots: Math.max(1, most),
    },
    coupled: onDemand(layout, planned.arrays.contacts),
  };
}

/** The contact log as records, with the people who came. */
function sharedLog(engine: Engine, scenario: Scenario, regions: Given, served: Given): Given {
  const { rows, invited, contact } = logRecords(engine.layout, scenario);
  if (rows.count === 0) return rows.given;
  const work = (): Given => zeros("int64", rows.count);
  const { log } = engine.call("share_log", {
    arrays: {
      log: rows.given, invited: whole(invited), contact: whole(contact), regions, served,
      held: work(), people: work(), rows: work(),
    },
    wanted: ["log"],
  });
  return { ...rows.given, bytes: log };
}

/** The contacts, and the effect of events on each week, as compiled code works them out. */
function spread(
  engine: Engine,
  scenario: Scenario,
  regions: Given,
  log: Given,
  stagger: number,
): { arrays: Record<string, Given>; leaves: number } {
  const weeks = scenario.horizon_weeks + 1;
  const size = regions.shape[0];
  const { rows: events, leaves } = eventRows(engine.layout, scenario);
  const out: Record<string, Given> = {
    contacts: zeros("contact", 0),
    contact_start: zeros("int64", weeks, size),
    contact_count: zeros("int64", weeks, size),
    demand: zeros("float64", weeks, size),
    delivery: zeros("float64", weeks),
    leaves: zeros("leave", leaves),
    provider_departs: zeros("int64", weeks, scenario.providers.count),
  };
  const arrays = {
    series: seriesRows(engine.layout, scenario).given,
    log,
    events: events.given,
    regions,
    cuts: zeros("float64", weeks),
    seen: zeros("int64", weeks, size),
  };
  const wanted = Object.keys(out);
  const call = (): Record<string, Uint8Array | Float64Array> =>
    engine.call("tabulate", { numbers: { stagger }, arrays: { ...arrays, ...out }, wanted });
  let found = call(); // this call counts the contacts
  const count = numbers(found.contact_count as Uint8Array).reduce((sum, one) => sum + one, 0);
  if (count) {
    out.contacts = zeros("contact", count);
    out.contact_start = { ...out.contact_start, bytes: found.contact_start as Uint8Array };
    found = call(); // this call writes them
  }
  const bytes = ({ buffer, byteOffset, byteLength }: Uint8Array | Float64Array): Uint8Array =>
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  return {
    arrays: Object.fromEntries(wanted.map((name) => [name, { ...out[name], bytes: bytes(found[name]) }])),
    leaves,
  };
}

function onDemand(layout: Layout, { bytes, shape }: Given): boolean {
  const { size, fields } = layout.records.contact;
  const words = new DataView(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
  const wanted = BigInt(layout.timings.indexOf("on_demand"));
  for (let i = 0; i < shape[0]; i += 1) {
    if (words.getBigInt64(i * size + fields.timing.offset, true) === wanted) return true;
  }
  return false;
}

function numbers(bytes: Uint8Array): number[] {
  return Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / WORD), Number);
}

// --- JSON as Python writes it -----------------------------------------------------------------------

class Float {
  constructor(readonly value: number) {}
}

/** A value as json.dumps writes it: ", " and ": ", ASCII only, numbers with a point where they are
 * floats. */
export function likePython(value: unknown): string {
  if (value instanceof Float) return pythonFloat(value.value);
  if (Array.isArray(value)) return `[${value.map(likePython).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([name, one]) => `${likePython(name)}: ${likePython(one)}`);
    return `{${pairs.join(", ")}}`;
  }
  const text = JSON.stringify(value);
  if (typeof value !== "string") return text;
  return text.replace(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A float as Python's repr: with an exponent below 1e-4 and from 1e16 on. */
export function pythonFloat(value: number): string {
  const [digits, power] = value.toExponential().split("e").map((one, i) => (i ? Number(one) : one)) as [string, number];
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = Number.isInteger(value) ? `${value}.0` : String(value);
  if (!text.includes("e")) return Object.is(value, -0) ? "-0.0" : text;
  return value.toFixed(-power + digits.replace(/\D/g, "").length - 1);
}
