/** Checks how the fields of a scenario fit together, by the rules of sim/scenario/consistency.py.
 *
 * A value that was refused by itself is undefined in the data. An issue that rests on such a value is
 * dropped; its `reads` names what it rests on.
 */
import type { Issue, Known } from "./check";
import { isObject } from "./check";
import { didYouMean, general, many, number as numeral, shown, some } from "./python_text";
import type { Way } from "./yaml_text";

type Data = Record<string, any>;

const COUNTS: Way[] = [["regions", "count"], ["regions", "candidates"], ["regions", "selection"]];
const REGION_NAMES: Way[] = [...COUNTS, ["regions", "names"]];
const PROVIDERS: Way[] = [["providers", "count"], ["providers", "names"]];
const STAFF: Way[] = [["regions", "staff"], ["regions", "overrides"]];
const HORIZON: Way = ["horizon_weeks"];
const START: Way = ["start_date"];

/** A scenario's values with fields left out filled in: defaults of the schema, or as Python derives them. */
class Facts {
  readonly horizon: number;
  readonly regions: Data;
  readonly candidates: number;
  readonly count: number;
  readonly selection: string;
  readonly names: string[];
  readonly providers: Data;
  readonly providerCount: number;
  readonly providerNames: string[];
  readonly logRows: (Data | undefined)[];

  constructor(
    readonly data: Data,
    readonly page: Known,
  ) {
    const { properties, $defs } = page.schema;
    const fallback = (schema: any, name: string) => schema.properties[name].default;
    this.horizon = data.horizon_weeks ?? properties.horizon_weeks.default;
    this.regions = data.regions ?? {};
    this.candidates = this.regions.candidates ?? fallback($defs.Regions, "candidates");
    this.selection = this.regions.selection ?? fallback($defs.Regions, "selection");
    const usual = this.selection === "all" ? this.candidates : Math.min(fallback($defs.Regions, "count"), this.candidates);
    this.count = this.regions.count ?? usual;
    this.names = (this.regions.names ?? numbered("region", this.count)).map((name: any) => name ?? "");
    this.providers = data.providers ?? {};
    const given = this.providers.names;
    const byNames = Array.isArray(given) ? Math.max(given.length, 1) : fallback($defs.Providers, "count");
    this.providerCount = this.providers.count ?? byNames;
    this.providerNames = (given ?? numbered("provider", this.providerCount)).map((name: any) => name ?? "");
    this.logRows = data.contact_log?.rows ?? [];
  }

  override(name: string): Data {
    const overrides = this.regions.overrides ?? {};
    return (Object.hasOwn(overrides, name) ? overrides[name] : null) ?? {};
  }

  staffOf(name: string): number {
    return this.override(name).staff ?? this.regions.staff ?? this.page.schema.$defs.Regions.properties.staff.default;
  }
}

function numbered(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${what}_${i + 1}`);
}

export function* issues(data: Data, page: Known): Generator<Issue> {
  const facts = new Facts(data, page);
  yield* fileIssues(facts);
  yield* regionIssues(facts);
  yield* networkIssues(facts);
  yield* providerIssues(facts);
  yield* dosageIssues(facts);
  yield* dateIssues(facts);
  yield* logIssues(facts);
  yield* shockIssues(facts);
  yield* parameterIssues(facts);
}

/** The message about other files that a scenario names, as a page reads none. */
export const NOT_READ = "other files are not read here; write their content into the scenario";

function* fileIssues({ data, regions }: Facts): Generator<Issue> {
  const message = NOT_READ;
  const networks: [any, Way][] = [[regions.network, ["regions", "network"]]];
  for (const [name, one] of Object.entries<any>(regions.overrides ?? {}))
    networks.push([one?.network, ["regions", "overrides", name, "network"]]);
  for (const [network, where] of networks) {
    if (!isObject(network) || typeof network.file !== "string" || network.edges?.length) continue;
    if ((network.kind ?? "file") === "file") yield { where: [...where, "file"], message };
  }
  const log = data.contact_log;
  if (typeof log?.file === "string" && !log.rows?.length) yield { where: ["contact_log", "file"], message };
}

function* regionIssues(facts: Facts): Generator<Issue> {
  const { count, candidates, selection, regions, names, data } = facts;
  const where: Way = ["regions", "count"];
  if (count > candidates) {
    const message = `${count} regions cannot be chosen from ${many(candidates, "candidate")}`;
    yield { where, message, allowed: `1..${candidates}`, reads: COUNTS.slice(0, 2) };
  } else if (selection === "all" && count !== candidates) {
    const message = `${count} is not all of ${many(candidates, "candidate")}, but selection is all`;
    yield { where, message, allowed: `${candidates}, or leave it out`, reads: COUNTS };
  }
  if (regions.names) yield* nameIssues(regions.names, count, "region", COUNTS);
  const known = new Names("region", names);
  for (const name of Object.keys(regions.overrides ?? {})) yield* known.issue(name, ["regions", "overrides", name]);
  if (regions.core_team === 0 && (data.dosage?.length || data.contact_log)) {
    const message = "nobody would attend the contacts; for a run without TA leave out dosage and log";
    yield { where: ["regions", "core_team"], message, allowed: "above 0, up to 1" };
  }
}

function* nameIssues(names: string[], count: number, what: string, reads: Way[]): Generator<Issue> {
  const where: Way = [`${what}s`, "names"];
  if (names.length !== count) {
    const message = `has ${many(names.length, "name")} for ${many(count, what)}`;
    yield { where, message, allowed: `${count}`, reads };
  }
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name === undefined) continue;
    if (seen.has(name)) yield { where: [...where, index], message: `${shown(name)} is given twice` };
    seen.add(name);
  }
}

/** The names of the scenario's regions or providers. */
class Names {
  private there: Set<string>;
  private reads: Way[];

  constructor(
    private what: string,
    private names: string[],
  ) {
    this.there = new Set(names);
    this.reads = what === "region" ? REGION_NAMES : PROVIDERS;
  }

  *issue(name: string | undefined | null, where: Way): Generator<Issue> {
    if (name === undefined || name === null || this.there.has(name)) return;
    const near = { word: name, options: this.names };
    yield { where, message: `${shown(name)} is not a ${this.what}`, allowed: some(this.names), near, reads: this.reads };
  }
}

function networkOf(given: any): Data | null {
  if (typeof given === "string") return { kind: given };
  if (!isObject(given)) return null;
  return typeof given.file === "string" && !("kind" in given) ? { ...given, kind: "file" } : given;
}

function* networkIssues(facts: Facts): Generator<Issue> {
  const { regions, names } = facts;
  const way: Way = ["regions", "network"];
  const shared = networkOf(regions.network) ?? {};
  yield* oneNetwork(shared, way);
  const without: string[] = [];
  for (const name of names) {
    const own = networkOf(facts.override(name).network);
    if (!own) {
      without.push(name);
      continue;
    }
    const where: Way = ["regions", "overrides", name, "network"];
    yield* oneNetwork(own, where);
    yield* peopleIssue(own, [name], facts, where);
  }
  yield* peopleIssue(shared, without, facts, way);
}

function* oneNetwork(network: Data, where: Way): Generator<Issue> {
  const kind = network.kind ?? "small_world";
  const [file, names, edges] = [network.file ?? null, network.names ?? [], network.edges ?? []];
  const reads: Way[] = [[...where, "kind"]];
  if (kind !== "file") {
    const message = `goes with kind: file, not with kind: ${kind}`;
    if (file) yield { where: [...where, "file"], message, reads };
    if (names.length) yield { where: [...where, "names"], message, reads };
    if (edges.length) yield { where: [...where, "edges"], message, reads };
  } else if (file !== null && edges.length) {
    yield { where: [...where, "edges"], message: "give a file or edges, not both" };
  } else if (file === null && !names.length && !edges.length) {
    yield { where: [...where, "file"], message: "is required for kind: file (or give names and edges)" };
  } else {
    yield* teamFaults(names, edges, where);
  }
}

function loose(name: string): string {
  return name.normalize("NFKC").replace(/[\s_-]+/gu, "").toLowerCase().replace(/ß/g, "ss");
}

function* teamFaults(names: string[], edges: [string, string][], where: Way): Generator<Issue> {
  const reads: Way[] = [[...where, "names"]];
  const first = new Map<string, string>();
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name === undefined) continue;
    const key = loose(name);
    const other = first.get(key) ?? name;
    first.set(key, other);
    const place = [...where, "names", index];
    if (seen.has(name)) yield { where: place, message: `${shown(name)} is given twice`, reads };
    else if (other !== name)
      yield { where: place, message: `${shown(name)} is probably the same person as ${shown(other)}`, suggestion: other, reads };
    seen.add(name);
  }
  yield* tieFaults(names, seen, edges, [...where, "edges"], reads);
}

function* tieFaults(names: string[], known: Set<string>, edges: [string, string][], where: Way, reads: Way[]): Generator<Issue> {
  const pairs = new Set<string>();
  for (const [index, edge] of edges.entries()) {
    if (edge === undefined) continue;
    const place = [...where, index];
    for (const name of new Set(edge))
      if (!known.has(name)) yield { where: place, message: `${shown(name)} is not in the team`, near: { word: name, options: names }, reads };
    const pair = JSON.stringify([...edge].sort());
    if (edge[0] === edge[1]) yield { where: place, message: `${shown(edge[0])} is tied to itself`, reads };
    else if (pairs.has(pair)) yield { where: place, message: `the tie ${edge.join(" - ")} is given twice`, reads };
    pairs.add(pair);
  }
}

/** A given team must have as many people as its region has staff. */
function* peopleIssue(network: Data, names: string[], facts: Facts, where: Way): Generator<Issue> {
  const people = network.names?.length ?? 0;
  if (network.kind !== "file" || !people) return;
  for (const name of names) {
    const staff = facts.staffOf(name);
    if (people === staff) continue;
    yield {
      where: network.file ? [...where, "file"] : where,
      message: `the team has ${people} people, but ${name} has ${staff} staff`,
      allowed: `${staff} people, or staff: ${people}`,
      reads: [...REGION_NAMES, ["regions", "staff"], ["regions", "overrides", name, "staff"]],
    };
    return;
  }
}

function* providerIssues(facts: Facts): Generator<Issue> {
  const { providers, providerCount: count, providerNames, names } = facts;
  const hours = providers.weekly_hours;
  if (Array.isArray(hours) && hours.length !== count) {
    const message = `has ${many(hours.length, "value")} for ${many(count, "provider")}`;
    yield { where: ["providers", "weekly_hours"], message, allowed: `one number, or ${count}`, reads: [["providers", "count"]] };
  }
  if (providers.names) yield* nameIssues(providers.names, count, "provider", PROVIDERS.slice(0, 1));
  if (!isObject(providers.assignment)) return;
  const where: Way = ["providers", "assignment"];
  const [known, knownProviders] = [new Names("region", names), new Names("provider", providerNames)];
  for (const [region, provider] of Object.entries(providers.assignment)) {
    yield* known.issue(region, [...where, region]);
    yield* knownProviders.issue(provider as string, [...where, region]);
  }
  const missing = names.filter((name) => !Object.hasOwn(providers.assignment, name));
  if (missing.length) yield { where, message: `every region needs a provider; missing: ${some(missing)}`, reads: [...REGION_NAMES, where] };
}

function beyond(where: Way, week: number, horizon: number): Issue {
  return { where, message: `week ${week} is beyond the horizon`, allowed: `1..${horizon}`, reads: [HORIZON] };
}

function* dosageIssues(facts: Facts): Generator<Issue> {
  const { data, horizon, logRows } = facts;
  const logEnd = logRows.reduce((end, row) => Math.max(end, row?.week ?? 0), 0);
  for (const [index, series] of (data.dosage ?? []).entries()) {
    if (!series) continue;
    const [first, last]: Way[] = [["dosage", index, "first_week"], ["dosage", index, "last_week"]];
    const start = series.first_week ?? 1;
    if (start > horizon) yield beyond(first, start, horizon);
    else if (start <= logEnd) {
      const message = `starts in week ${start}, but the contact log runs to week ${logEnd}`;
      yield { where: first, message, allowed: `${logEnd + 1} or later`, reads: [["contact_log"]] };
    }
    const end = series.last_week ?? null;
    if (end === null) continue;
    if (end > horizon) yield beyond(last, end, horizon);
    if (end < start) {
      const message = `week ${end} is before the first week, ${start}`;
      yield { where: last, message, allowed: `${start} or later`, reads: [first] };
    }
  }
}

function* dateIssues({ data, horizon }: Facts): Generator<Issue> {
  const [start, log, skip] = [data.start_date ?? null, data.contact_log, data.skip];
  if (start && log?.first_date && log.first_date !== start) {
    const message = `is not the start_date of the scenario, ${start}; both are the first day of week 1`;
    yield { where: ["contact_log", "first_date"], message, allowed: "the same day, or leave it out", reads: [START] };
  }
  if (!skip) return;
  for (const [index, week] of (skip.weeks ?? []).entries())
    if (week > horizon) yield beyond(["skip", "weeks", index], week, horizon);
  for (const name of ["months", "dates"]) {
    if (!skip[name]?.length || start || log?.first_date) continue;
    const message = "which weeks these are is not known without the first day of week 1";
    yield { where: ["skip", name], message, allowed: "with start_date: yyyy-mm-dd in the scenario", reads: [START, ["contact_log"]] };
  }
}

function* logIssues(facts: Facts): Generator<Issue> {
  const { data, horizon, names, logRows, providerNames } = facts;
  const log = data.contact_log;
  if (!isObject(log)) return;
  const where: Way = ["contact_log"];
  const file = log.file ?? null;
  if (file !== null && logRows.length) {
    yield { where: [...where, "rows"], message: "give a file or rows, not both" };
    return;
  }
  if (file === null && !logRows.length) yield { where, message: "needs a file, or rows", reads: [where] };
  const known = new Names("region", names);
  for (const [index, row] of logRows.entries()) {
    if (!row) continue;
    const place = [...where, "rows", index];
    if (row.week > horizon) yield beyond([...place, "week"], row.week, horizon);
    yield* known.issue(row.region, [...place, "region"]);
  }
  const reads = [...REGION_NAMES, ...PROVIDERS, ...STAFF];
  for (const fault of rowFaults(logRows, (name) => (names.includes(name) ? facts.staffOf(name) : undefined), providerNames)) {
    const { index, column, ...told } = fault;
    yield { where: [...where, "rows", index, column], ...told, reads };
  }
}

export interface RowFault {
  index: number;
  column: string;
  message: string;
  allowed?: string;
  suggestion?: string;
}

/** Contradictions within each row and between the rows of a shared contact. */
export function* rowFaults(
  rows: (Data | undefined)[],
  staffOf: (region: string) => number | undefined,
  providers: string[],
): Generator<RowFault> {
  for (const [index, row] of rows.entries()) if (row) yield* peopleFaults(row, index, staffOf(row.region));
  yield* providerFaults(rows, providers);
  const shared = new Map<string, number[]>();
  for (const [index, row] of rows.entries())
    if (row?.contact !== undefined && row.contact !== null) shared.set(row.contact, [...(shared.get(row.contact) ?? []), index]);
  for (const indices of shared.values()) if (indices.length > 1) yield* sharedFaults(rows as Data[], indices);
}

function* peopleFaults(row: Data, index: number, staff: number | undefined): Generator<RowFault> {
  const [present, invited] = [row.present ?? null, row.invited ?? null];
  if (present && (row.status ?? "held") !== "held")
    yield { index, column: "present", message: `${present} came to a contact that was cancelled`, allowed: "0, or an empty cell" };
  if (present !== null && invited !== null && present > invited)
    yield { index, column: "present", message: `${present} came of ${invited} invited`, allowed: `0..${invited}` };
  if (staff === undefined) return;
  for (const [column, word, people, lowest] of [["present", "came", present, 0], ["invited", "were invited", invited, 1]] as const) {
    if (people === null || people <= staff) continue;
    const message = `${people} ${word}, but ${row.region} has ${staff} staff`;
    yield { index, column, message, allowed: `${lowest}..${staff}, or more staff in the region` };
  }
}

/** One fault for each name that is no provider's; a single one where the scenario names no providers. */
function* providerFaults(rows: (Data | undefined)[], providers: string[]): Generator<RowFault> {
  const named = new Map<string, number>();
  for (const row of rows) if (row?.provider !== undefined && row.provider !== null) named.set(row.provider, (named.get(row.provider) ?? 0) + 1);
  const unknown = [...named.keys()].filter((name) => !providers.includes(name));
  if (!unknown.length) return;
  let allowed = some(providers);
  let groups = unknown.map((name) => [name]);
  if (providers.every((name, i) => name === `provider_${i + 1}`)) {
    allowed += `; or name them in the scenario, providers: {names: [${[...named.keys()].join(", ")}]}`;
    groups = [unknown];
  }
  for (const names of groups) {
    const count = names.reduce((sum, name) => sum + named.get(name)!, 0);
    const isAre = names.length === 1 ? "is not a provider" : "are not providers";
    const message = `${some(names.map((name) => shown(name)))} ${isAre}${count > 1 ? ` (in ${count} rows)` : ""}`;
    const index = rows.findIndex((row) => row?.provider === names[0]);
    const place = /^[0-9]{1,8}$/.test(names[0]) ? providers[Number(names[0]) - 1] : undefined;
    yield { index, column: "provider", message, allowed, suggestion: place ?? didYouMean(names[0], providers) };
  }
}

/** Contradictions between the rows of one contact with several regions. */
function* sharedFaults(rows: Data[], indices: number[]): Generator<RowFault> {
  const first = rows[indices[0]];
  const name = shown(first.contact);
  const seen = new Set([first.region]);
  for (const index of indices.slice(1)) {
    const row = rows[index];
    if (seen.has(row.region)) {
      yield { index, column: "contact", message: `${row.region} has contact ${name} twice`, allowed: "each region once" };
      continue;
    }
    seen.add(row.region);
    const words: [string, (value: any) => string][] = [
      ["week", (value) => `in week ${value}`],
      ["mode", (value) => `by ${value}`],
      ["hours", (value) => `of ${general(value)} h`],
    ];
    for (const [column, say] of words) {
      if (row[column] === first[column]) continue;
      const message = `contact ${name} is ${say(row[column])} with ${row.region}, but ${say(first[column])} with ${first.region}`;
      yield { index, column, message, allowed: `the same ${column} for all; or another id, if it is another contact` };
    }
    const ours = row.status === "provider_cancelled";
    if (ours === (first.status === "provider_cancelled")) continue;
    const [one, other] = ours ? [row, first] : [first, row];
    const message = `contact ${name} was cancelled by the provider with ${one.region}, but not with ${other.region}`;
    yield { index, column: "status", message, allowed: "with all of the regions or none" };
  }
}

function* shockIssues(facts: Facts): Generator<Issue> {
  const { data, horizon, names, providerNames } = facts;
  const [regions, providers] = [new Names("region", names), new Names("provider", providerNames)];
  for (const [index, shock] of (data.shocks ?? []).entries()) {
    if (!shock) continue;
    const where: Way = ["shocks", index];
    yield* weekIssues(shock, where, horizon);
    if (shock.kind === "provider_leaves") yield* providers.issue(shock.provider, [...where, "provider"]);
    else if (shock.kind !== "dosage_cut") yield* regions.issue(shock.region, [...where, "region"]);
  }
  yield* cutIssues(facts);
  const work = Array.isArray(data.delivery_work) ? data.delivery_work : data.delivery_work ? [data.delivery_work] : [];
  for (const [index, one] of work.entries())
    if (one) yield* weekIssues(one, Array.isArray(data.delivery_work) ? ["delivery_work", index] : ["delivery_work"], horizon);
}

/** Factors of cuts in one week multiply; their product must not exceed the limit of the schema. */
function* cutIssues({ data, horizon, page }: Facts): Generator<Issue> {
  const most = page.schema.$defs.DosageCut["x-most-together"];
  const factors = new Map<number, number>();
  for (const [index, cut] of (data.shocks ?? []).entries()) {
    if (cut?.kind !== "dosage_cut") continue;
    for (let week = cut.week; week <= Math.min(cut.until_week ?? horizon, horizon); week++) {
      const factor = (factors.get(week) ?? 1) * cut.factor;
      factors.set(week, factor);
      if (factor <= most) continue;
      const message = `multiplies the hours of week ${week} by ${general(factor, 6, true)}, together with the factors before it`;
      yield { where: ["shocks", index, "factor"], message, allowed: `up to ${most.toLocaleString("en")} together`, reads: [HORIZON] };
      return;
    }
  }
}

function* weekIssues(event: Data, where: Way, horizon: number): Generator<Issue> {
  if (event.week > horizon) yield beyond([...where, "week"], event.week, horizon);
  const until = event.until_week ?? null;
  if (until === null) return;
  if (until > horizon) yield beyond([...where, "until_week"], until, horizon);
  if (until < event.week) {
    const message = `week ${until} is before the first week, ${event.week}`;
    yield { where: [...where, "until_week"], message, allowed: `${event.week} or later`, reads: [[...where, "week"]] };
  }
}

function* parameterIssues({ data, page }: Facts): Generator<Issue> {
  const rows = new Map(page.parameters.map((row) => [row.name, row]));
  const beyondRange = data.beyond_range === true;
  for (const [name, value] of Object.entries<any>(data.parameters ?? {})) {
    const where: Way = ["parameters", name];
    const row = rows.get(name);
    if (!row) {
      const near = { word: name, options: [...rows.keys()] };
      yield { where, message: `${shown(name)} is not a parameter`, allowed: "the names printed by 'codose parameters'", near };
      continue;
    }
    const fault = parameterFault(row, value, beyondRange);
    if (fault) yield { where, ...fault, reads: [["beyond_range"]] };
  }
}

function parameterFault(row: Known["parameters"][number], value: any, beyondRange: boolean): { message: string; allowed: string } | null {
  const { low, high } = row;
  const range =
    low !== null && high !== null
    ? `${general(low, 4)}..${general(high, 4)}`
    : `${general(row.minimum, 4)}..${general(row.maximum, 4)} (limits of the equation)`;
  if (typeof value !== "number") return { message: `${value === null ? "'null'" : shown(value)} is not a number`, allowed: range };
  if (!Number.isFinite(value)) return { message: `${numeral(value)} is not a finite number`, allowed: range };
  if (value < row.minimum || value > row.maximum)
    return { message: `${general(value)} is outside the limits of the equation`, allowed: `${general(row.minimum, 4)}..${general(row.maximum, 4)}` };
  if (beyondRange || low === null || high === null || (low <= value && value <= high)) return null;
  return { message: `${general(value)} is outside the plausible range (${row.meaning}); to go there on purpose set beyond_range: true`, allowed: range };
}
