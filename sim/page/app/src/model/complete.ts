/** Completes the data of a file to a whole scenario, as Python's `Scenario.from_dict(data).to_dict()` does.
 *
 * Defaults and limits come from the JSON schema that Python writes; the shorthands of a file (a
 * network by name, a count left out ...) are those of sim/scenario/fields.py. Whether the data are
 * sound is not judged here: see check.ts.
 */
import type { PageData, Scenario, ScenarioData } from "../types";
import { held } from "./held";

type Data = Record<string, any>;
type Schema = Record<string, any>;

export type Completer = (data: ScenarioData) => Scenario;

/** The function that completes scenarios by the schema and presets that Python wrote into the page. */
export function completer({ schema, functions }: Pick<PageData, "schema" | "functions">): Completer {
  const fill = filler(schema, functions.presets);
  return (data) => completed(fill(schema, data) as Data) as Scenario;
}

// --- each field by itself -------------------------------------------------------------------------

type Presets = Record<string, Record<string, number>>;
/** The preset for functions that are left out. */
const REFERENCE = "reference";

function filler(root: Schema, presets: Presets): (schema: Schema, value: any) => any {
  const limits = root.$defs as Record<string, Schema>;
  const named = (schema: Schema): string | null => {
    const found = schema.$ref ?? schema.anyOf?.find((one: Schema) => one.$ref)?.$ref;
    return found ? String(found).split("/").at(-1)! : null;
  };

  /** The full form of each shorthand of a file. */
  const shorthand: Record<string, (value: any, schema: Schema) => any> = {
    Network: (value) => {
      if (typeof value === "string") return { kind: value };
      return value.file != null && !("kind" in value) ? { ...value, kind: "file" } : value;
    },
    Functions: (value) => (typeof value !== "string" ? value : value === REFERENCE ? null : presets[value]),
    Regions: (value, { properties: { count, candidates } }) => {
      if (value.count != null) return value;
      const among = value.candidates ?? candidates.default;
      const chosen = value.selection === "all" ? among : Math.min(count.default, among);
      return { ...value, count: Math.min(chosen, count.maximum) };
    },
    Providers: (value, { properties: { count } }) => {
      if (value.count != null) return value;
      const found = Array.isArray(value.names) ? value.names.length : count.default;
      return { ...value, count: Math.min(Math.max(found, count.minimum), count.maximum) };
    },
  };

  const record = (schema: Schema, given: any): any => {
    const found: Data = {};
    for (const [name, about] of Object.entries(schema.properties as Record<string, Schema>)) {
      found[name] = field(name, about, given[name]);
    }
    return found;
  };

  const field = (name: string, about: Schema, given: any): any => {
    const value = given === undefined ? absent(about) : given;
    if (name === "parameters") return { ...value };
    if (name === "delivery_work") return list(limits.DeliveryWork, value);
    if (name === "co_creation" && Array.isArray(value) && value[0] === value[1]) return plain(value[0]);
    return fill(about, value);
  };

  const list = (schema: Schema, value: any): any[] =>
    (Array.isArray(value) ? value : value === null ? [] : [value]).map((one) => fill(schema, one));

  const fill = (schema: Schema, value: any): any => {
    const name = named(schema);
    if (name !== null) {
      const inner = limits[name];
      const kept = value === null ? null : (shorthand[name]?.(value, inner) ?? (name in shorthand ? null : value));
      return kept === null ? null : record(inner.anyOf?.find((one: Schema) => one.properties) ?? inner, kept);
    }
    if (schema.properties) return record(schema, value);
    if (Array.isArray(value)) return value.map((one) => fill(kindOf(schema.items ?? {}, one), one));
    const values = schema.additionalProperties ?? schema.anyOf?.[0]?.additionalProperties;
    if (values && isRecord(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(values, one)]));
    }
    return plain(value);
  };
  return fill;
}

/** The value of a field that a file leaves out. */
function absent(about: Schema): any {
  return about.default ?? about.const ?? (about.type === "object" ? {} : null);
}

/** The schema of a shock, by its kind. */
function kindOf(schema: Schema, value: any): Schema {
  const kinds = schema.discriminator?.mapping as Record<string, string> | undefined;
  return kinds ? { $ref: kinds[value.kind] } : schema;
}

const isRecord = (value: any): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

function plain(value: any): any {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === "number" ? value + 0 : value; // turns -0 into 0
}

// --- how they fit together --------------------------------------------------------------------------

function completed(fields: Data): Data {
  const log = fields.contact_log;
  const start = fields.start_date ?? log?.first_date ?? null;
  fields.providers = withLog(fields); // before the rows are sorted: of equal counts, the first in the file wins
  if (log !== null) {
    const rows = [...log.rows].sort((one, other) => one.week - other.week); // stable
    fields.contact_log = { ...log, rows, first_date: null };
  }
  if (fields.skip !== null) fields.skip = { ...fields.skip, dates: fields.skip.dates.map(oneDay) };
  for (const [name, value] of Object.entries(fields.parameters)) fields.parameters[name] = plain(value);
  const { start_date: _, skip, ...rest } = fields;
  const found: Data = {};
  for (const name of Object.keys(fields)) {
    if (name === "start_date" && start !== null) found.start_date = plain(start);
    else if (name === "skip" && skip !== null) found.skip = skip;
    else if (name in rest) found[name] = rest[name];
  }
  return found;
}

/** A span of days as a text; a span of one day is that day alone. */
function oneDay(text: any): string {
  const [first, last] = ends(plain(text));
  return first === last ? first : `${first} to ${last}`;
}

/** First and last day of a skipped span. */
export function ends(text: string): [string, string] {
  const [first, last] = text.split(" to ");
  return [first, last ?? first];
}

/** The providers. Where nothing else assigns them to regions, the providers named in the log do. */
function withLog(fields: Data): Data {
  const { providers } = fields;
  const named = new Map<string, Map<string, number>>();
  for (const { region, provider } of fields.contact_log?.rows ?? []) {
    if (provider === null) continue;
    const counts = named.get(region) ?? new Map<string, number>();
    named.set(region, counts.set(provider, (counts.get(provider) ?? 0) + 1));
  }
  if (providers.assignment !== null || named.size === 0) return providers;
  const regions = namesOf(fields.regions, "region");
  const names = namesOf(providers, "provider");
  const assignment = new Map(regions.map((name, r) => [name, names[r % providers.count]]));
  for (const [region, counts] of named) {
    let most = 0;
    for (const [name, count] of counts) {
      if (count <= most) continue; // of equal counts, the first wins
      most = count;
      assignment.set(region, name);
    }
  }
  return { ...providers, assignment: Object.fromEntries(assignment) };
}

function namesOf({ names, count }: Data, word: string): string[] {
  return names ?? Array.from({ length: count }, (_, i) => `${word}_${i + 1}`);
}

// --- derived: by the names of sim/scenario/scenario.py ---------------------------------------------

export const regionNames = ({ regions }: Scenario): string[] => namesOf(regions, "region");
export const providerNames = ({ providers }: Scenario): string[] => namesOf(providers, "provider");

/** Number of staff of each region. */
export function staffCounts({ regions }: Scenario): number[] {
  return namesOf(regions, "region").map((name) => held<Data>(regions.overrides, name)?.staff ?? regions.staff);
}

/** Team network of each region. */
export function networks({ regions }: Scenario): Data[] {
  return namesOf(regions, "region").map((name) => held<Data>(regions.overrides, name)?.network ?? regions.network);
}

/** Position (from 0) of the provider of each region. */
export function assignment(scenario: Scenario): number[] {
  const { providers } = scenario;
  const names = regionNames(scenario);
  if (providers.assignment === null) return names.map((_, r) => r % providers.count);
  const position = positions(providerNames(scenario));
  return names.map((name) => position.get(held<string>(providers.assignment, name)!)!);
}

/** Hours a week of each provider. */
export function hoursEach({ providers }: Scenario): number[] {
  const { weekly_hours: hours, count } = providers;
  return Array.isArray(hours) ? hours : new Array(count).fill(hours);
}

export function positions(names: string[]): Map<string, number> {
  return new Map(names.map((name, i) => [name, i]));
}

export const logRows = ({ contact_log: log }: Scenario): Data[] => log?.rows ?? [];

/** Last week with a logged contact; 0 without a log. */
export function loggedWeeks(scenario: Scenario): number {
  return logRows(scenario).reduce((last, row) => Math.max(last, row.week), 0);
}

export const hasTa = (scenario: Scenario): boolean =>
  scenario.dosage.length > 0 || logRows(scenario).length > 0;

/** First week of the plan: that of the first contact series, else the week after the log. */
export function planStart(scenario: Scenario): number {
  const first = scenario.dosage.map((series) => series.first_week);
  return first.length ? Math.min(...first) : loggedWeeks(scenario) + 1;
}

/** Last week of any series or logged contact; the horizon when there is none. */
export function endOfTa(scenario: Scenario): number {
  if (!hasTa(scenario)) return scenario.horizon_weeks;
  const last = scenario.dosage.map((series) => series.last_week ?? scenario.horizon_weeks);
  return Math.max(loggedWeeks(scenario), ...last);
}

/** The same scenario without assistance: no dosage and no log; all else stays. */
export const withoutTa = (scenario: Scenario): Scenario => ({ ...scenario, dosage: [], contact_log: null });

/** The same scenario, with assistance that ends with the contact log. */
export const stoppingNow = (scenario: Scenario): Scenario => ({ ...scenario, dosage: [] });

// --- days --------------------------------------------------------------------------------------------

const DAY = 86_400_000;
const dayOf_ = (text: string): Date => new Date(`${text}T00:00:00Z`);
const later = (day: Date, days: number): Date => new Date(day.getTime() + days * DAY);
const isoDay = (day: Date): string => day.toISOString().slice(0, 10);

/** First day of a week; week 0 is the week before the scenario begins. */
export function firstDay(week: number, start: string): string {
  return isoDay(later(dayOf_(start), 7 * (week - 1)));
}

/** The day of the contacts of a week: its first day, or the first weekday that is not skipped; null
 * where the week is skipped or has no date. */
export function dayOf(scenario: Scenario, week: number): string | null {
  const { start_date: start, skip } = scenario;
  if (start == null || skip?.weeks.includes(week)) return null;
  const first = later(dayOf_(start), 7 * (week - 1));
  const days = [first];
  for (let n = 1; n < 7; n += 1) {
    const day = later(first, n);
    if (day.getUTCDay() % 6 !== 0) days.push(day);
  }
  const free = days.find((day) => !holds(skip, day));
  return free ? isoDay(free) : null;
}

function holds(skip: Data | undefined, day: Date): boolean {
  if (skip === undefined) return false;
  const text = isoDay(day);
  const within = (span: string): boolean => {
    const [first, last] = ends(span);
    return first <= text && text <= last;
  };
  return skip.months.includes(day.getUTCMonth() + 1) || skip.dates.some(within);
}

/** The weeks that a scenario skips after its contact log, as cuts of all hours for the engine; weeks in a
 * row make one cut. */
export function pauses(scenario: Scenario): { kind: "dosage_cut"; week: number; until_week: number; factor: number }[] {
  const { skip, start_date: start, horizon_weeks: horizon } = scenario;
  const found: ReturnType<typeof pauses> = [];
  if (skip === undefined) return found;
  for (let week = loggedWeeks(scenario) + 1; week <= horizon; week += 1) {
    const dated = start !== undefined && dayOf(scenario, week) === null;
    if (!dated && !skip.weeks.includes(week)) continue;
    const before = found.at(-1);
    if (before?.until_week === week - 1) before.until_week = week;
    else found.push({ kind: "dosage_cut", week, until_week: week, factor: 0 });
  }
  return found;
}
