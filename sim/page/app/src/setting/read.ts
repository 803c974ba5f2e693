/** Reads a plan for the setting: values of the file, and the schema's defaults for those it leaves out. */
import { held } from "../model/held";
import type { PageData, ScenarioData, Series } from "../types";
import { say, type Words } from "./say";
import { dayOf } from "./weeks";

export interface Range {
  minimum: number;
  maximum: number;
  above: boolean; // whether the minimum itself is excluded
  whole: boolean;
  default: any;
  description: string;
}

type Schema = PageData["schema"];

function node(schema: Schema, type: string, field: string): any {
  const holder = type ? schema.$defs[type] : schema;
  const object = holder.properties ? holder : holder.anyOf.find((one: any) => one.properties);
  return object.properties[field];
}

/** Limits and default of a field of one of the schema's types ("": of the scenario itself). */
export function rangeOf(schema: Schema, type: string, field: string): Range {
  const found = node(schema, type, field);
  const options = [found, ...(found.anyOf ?? [])];
  const number = options.find((one: any) => one.type === "number" || one.type === "integer") ?? {};
  return {
    minimum: number.minimum ?? number.exclusiveMinimum ?? -Infinity,
    maximum: number.maximum ?? Infinity,
    above: number.exclusiveMinimum !== undefined,
    whole: number.type === "integer",
    default: found.default,
    description: found.description ?? "",
  };
}

/** The values a field may have. */
export function choicesOf(schema: Schema, type: string, field: string): string[] {
  return node(schema, type, field).enum;
}

export function defaultOf(schema: Schema, type: string, field: string): any {
  return node(schema, type, field).default;
}

export { held };

function given<T>(value: T | null | undefined, schema: Schema, type: string, field: string): T {
  return value === undefined || value === null ? defaultOf(schema, type, field) : value;
}

// --- when ----------------------------------------------------------------------------------------

export function horizonOf(scenario: ScenarioData, schema: Schema): number {
  return given(scenario.horizon_weeks, schema, "", "horizon_weeks");
}

export function startOf(scenario: ScenarioData): Date | null {
  return dayOf(scenario.start_date) ?? dayOf(scenario.contact_log?.first_date);
}

export function logRows(scenario: ScenarioData): any[] {
  return scenario.contact_log?.rows ?? [];
}

/** Last week with a logged contact; 0 without a log. */
export function loggedWeeks(scenario: ScenarioData): number {
  return logRows(scenario).reduce((last, row) => Math.max(last, row.week), 0);
}

/** The first planned week: that of the earliest series, else the week after the log. */
export function planStart(scenario: ScenarioData): number {
  const series: any[] = scenario.dosage ?? [];
  if (!series.length) return loggedWeeks(scenario) + 1;
  return Math.min(...series.map((one) => one.first_week ?? 1));
}

/** Last week of any series or logged contact; the horizon when there is none. */
export function endOfTa(scenario: ScenarioData, schema: Schema): number {
  const horizon = horizonOf(scenario, schema);
  const weeks = (scenario.dosage ?? []).map((one: any) => one.last_week ?? horizon);
  if (loggedWeeks(scenario)) weeks.push(loggedWeeks(scenario));
  return weeks.length ? Math.max(...weeks) : horizon;
}

// --- contacts ------------------------------------------------------------------------------------

export function seriesOf(scenario: ScenarioData, data: PageData): Series[] {
  return (scenario.dosage ?? []).map((one: any) => fullSeries(one, data));
}

export function fullSeries(one: any, data: PageData): Series {
  const or = (field: string) => given(one[field], data.schema, "ContactSeries", field);
  const [from, to] = Array.isArray(one.co_creation) ? one.co_creation : [null, null];
  return {
    mode: one.mode,
    every_weeks: one.every_weeks,
    hours: one.hours,
    first_week: or("first_week"),
    last_week: one.last_week ?? null,
    co_creation: from !== null && from === to ? from : or("co_creation"),
    taper: or("taper"),
    timing: or("timing"),
    invited: or("invited"),
    functions: sharesOf(one.functions, data),
  };
}

/** The shares of a mix; null for the reference mix, whether named or left out. */
export function sharesOf(functions: any, data: PageData): Record<string, number> | null {
  if (!functions || functions === referenceMix(data)) return null;
  return typeof functions === "string" ? data.functions.presets[functions] : functions;
}

/** The name of the preset that holds where a scenario names no functions: the first one. */
export function referenceMix(data: PageData): string {
  return Object.keys(data.functions.presets)[0];
}

/** The name of the preset with these shares; "own" if there is none. */
export function presetOf(functions: any, data: PageData): string {
  const shares = sharesOf(functions, data);
  if (!shares) return referenceMix(data);
  for (const [name, preset] of Object.entries(data.functions.presets)) {
    const same = data.functions.names.every(
      (one) => Math.abs((preset[one] ?? 0) - (shares[one] ?? 0)) < 1e-9,
    );
    if (same) return name;
  }
  return "own";
}

/** Chains of phases: series of one mode, each of which begins after the one before has ended, by first week. */
export function phasesOf<T extends { mode: string; first_week: number; last_week: number | null }>(
  series: T[],
): T[][] {
  const found: T[][] = [];
  for (const one of [...series].sort((a, b) => a.first_week - b.first_week)) {
    const before = found.find((phases) => {
      const last = phases[phases.length - 1];
      return last.mode === one.mode && (last.last_week ?? Infinity) < one.first_week;
    });
    if (before) before.push(one);
    else found.push([one]);
  }
  return found;
}

// --- regions and providers -----------------------------------------------------------------------

export interface RegionsRead {
  names: string[];
  count: number;
  candidates: number;
  selection: string;
  staff: number;
}

export function regionsOf(scenario: ScenarioData, schema: Schema): RegionsRead {
  const regions = scenario.regions ?? {};
  const or = (field: string) => given(regions[field], schema, "Regions", field);
  const candidates = or("candidates");
  const fallback = Math.min(defaultOf(schema, "Regions", "count"), candidates);
  const count = regions.count ?? (regions.selection === "all" ? candidates : fallback);
  const numbered = () => Array.from({ length: count }, (_, i) => `region_${i + 1}`);
  return {
    names: regions.names ?? numbered(),
    count,
    candidates,
    selection: or("selection"),
    staff: or("staff"),
  };
}

export function staffOf(scenario: ScenarioData, schema: Schema, name: string): number {
  return held<any>(scenario.regions?.overrides, name)?.staff ?? regionsOf(scenario, schema).staff;
}

export const PRICES = ["provider_hour", "staff_hour", "travel_visit"];

/** Whether nobody entered one of these prices, so that the model's placeholder counts. */
export function placeholders(scenario: ScenarioData, prices: string[] = PRICES): boolean {
  return prices.some((one) => scenario.costs?.[one] === undefined);
}

export interface ProvidersRead {
  names: string[];
  count: number;
  hours: number[];
  same: boolean; // whether all share one number of hours
}

export function providersOf(scenario: ScenarioData, schema: Schema): ProvidersRead {
  const providers = scenario.providers ?? {};
  const count =
    providers.count ?? providers.names?.length ?? defaultOf(schema, "Providers", "count");
  const hours = given(providers.weekly_hours, schema, "Providers", "weekly_hours") as any;
  const numbered = () => Array.from({ length: count }, (_, i) => `provider_${i + 1}`);
  return {
    names: providers.names ?? numbered(),
    count,
    hours: Array.isArray(hours) ? hours : Array(count).fill(hours),
    same: !Array.isArray(hours),
  };
}

/** The provider of each region: as assigned, else the one that the log names most often for it, else in turn. */
export function assignedOf(scenario: ScenarioData, schema: Schema): Record<string, string> {
  const own = scenario.providers?.assignment;
  const regions = regionsOf(scenario, schema).names;
  const providers = providersOf(scenario, schema).names;
  if (own) return own;
  const logged = fromLog(logRows(scenario));
  return Object.fromEntries(
    regions.map((name, i) => [name, logged.get(name) ?? providers[i % providers.length]]),
  );
}

function fromLog(rows: any[]): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const row of rows) {
    if (!row.provider) continue;
    const of = counts.get(row.region) ?? new Map<string, number>();
    of.set(row.provider, (of.get(row.provider) ?? 0) + 1);
    counts.set(row.region, of);
  }
  const found = new Map<string, string>();
  for (const [region, of] of counts) {
    found.set(region, [...of].reduce((best, one) => (one[1] > best[1] ? one : best))[0]);
  }
  return found;
}

/** A name as people read it: region_3 is "Region 3". */
export function readable(name: string, words: Words): string {
  const parts = /^(region|provider)_(\d+)$/.exec(name);
  return parts ? say(words, `setting.name.${parts[1]}`, { number: parts[2] }) : name;
}
