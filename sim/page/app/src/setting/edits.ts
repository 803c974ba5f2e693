/** Every edit of the setting, as a function from a scenario to a new one. An edit changes what it names and nothing else. */
import type { PageData, PlansFile, ScenarioData, Target } from "../types";
import {
  assignedOf,
  defaultOf,
  endOfTa,
  held,
  horizonOf,
  loggedWeeks,
  logRows,
  providersOf,
  rangeOf,
  referenceMix,
  regionsOf,
  startOf,
} from "./read";
import { firstMonday, isoDay } from "./weeks";

type Schema = PageData["schema"];
type Patch = Record<string, any>;

/** A copy of a record with some fields changed; the value undefined removes a field. */
export function patched<T extends Patch>(record: T, patch: Patch): T {
  const result: Patch = { ...record, ...patch };
  for (const name of Object.keys(patch)) if (patch[name] === undefined) delete result[name];
  return result as T;
}

/** Changes fields of a part of the scenario; a part without fields is removed. */
function inPart(scenario: ScenarioData, part: string, patch: Patch): ScenarioData {
  const changed = patched(scenario[part] ?? {}, patch);
  return patched(scenario, { [part]: Object.keys(changed).length ? changed : undefined });
}

function inList(scenario: ScenarioData, part: string, list: any[]): ScenarioData {
  return patched(scenario, { [part]: list.length || part in scenario ? list : undefined });
}

function without<T>(list: T[], index: number): T[] {
  return list.filter((_, i) => i !== index);
}

function replaced<T>(list: T[], index: number, value: T): T[] {
  return list.map((one, i) => (i === index ? value : one));
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

export interface Span {
  minimum: number;
  maximum: number;
}

// --- when ----------------------------------------------------------------------------------------

/** Sets the start to a month (0 to 11): its first Monday, or the present start day where that is in this month. */
export function setStartMonth(scenario: ScenarioData, year: number, month: number): ScenarioData {
  const now = startOf(scenario);
  if (now && now.getUTCFullYear() === year && now.getUTCMonth() === month) return scenario;
  return withStart(scenario, isoDay(firstMonday(year, month)));
}

/** Sets the start to a day (yyyy-mm-dd), or removes it (null). */
export function withStart(scenario: ScenarioData, day: string | null): ScenarioData {
  const log = scenario.contact_log?.first_date
    ? patched(scenario.contact_log, { first_date: undefined })
    : scenario.contact_log;
  return patched(scenario, { start_date: day ?? undefined, contact_log: log });
}

/** Whether the plan skips months or days, which requires a start date. */
export function needsStart(scenario: ScenarioData): boolean {
  return Boolean(scenario.skip?.months?.length || scenario.skip?.dates?.length);
}

/** Indices of the series that end when assistance ends; they move with its end. */
export function movers(scenario: ScenarioData, schema: Schema): number[] {
  const [end, horizon] = [endOfTa(scenario, schema), horizonOf(scenario, schema)];
  const series: any[] = scenario.dosage ?? [];
  return series.flatMap((one, i) => ((one.last_week ?? horizon) === end ? [i] : []));
}

/** The weeks in which assistance can end without changing a phase that ends earlier. */
export function endRange(scenario: ScenarioData, schema: Schema): Span {
  const [moving, series] = [movers(scenario, schema), (scenario.dosage ?? []) as any[]];
  const horizon = horizonOf(scenario, schema);
  const begins = moving.map((i) => series[i].first_week ?? 1);
  const others = series.flatMap((one, i) => (moving.includes(i) ? [] : [(one.last_week ?? horizon) + 1]));
  return { minimum: Math.max(1, loggedWeeks(scenario) + 1, ...begins, ...others), maximum: horizon };
}

/** Moves the end of assistance, by moving only the series that end there. `longer`: the least horizon afterwards, in weeks. */
export function setEnd(scenario: ScenarioData, week: number, schema: Schema, longer = 0): ScenarioData {
  const moving = movers(scenario, schema);
  const horizon = Math.max(horizonOf(scenario, schema), longer);
  const moved = (one: any) => {
    if (one.last_week === undefined || one.last_week === null) {
      return week === horizon ? one : patched(one, { last_week: week });
    }
    return patched(one, { last_week: week });
  };
  const dosage = (scenario.dosage ?? []).map((one: any, i: number) => (moving.includes(i) ? moved(one) : one));
  const base = longer > horizonOf(scenario, schema) ? patched(scenario, { horizon_weeks: longer }) : scenario;
  return moving.length ? patched(base, { dosage }) : base;
}

/** The least horizon in weeks: the last week that the plan names. */
export function leastHorizon(scenario: ScenarioData): number {
  const works = [scenario.delivery_work ?? []].flat();
  const named = [
    1,
    loggedWeeks(scenario),
    ...(scenario.dosage ?? []).flatMap((one: any) => [one.first_week ?? 1, one.last_week ?? 1]),
    ...(scenario.shocks ?? []).flatMap((one: any) => [one.week, one.until_week ?? 1]),
    ...works.flatMap((one: any) => [one.week, one.until_week]),
    ...(scenario.skip?.weeks ?? []),
  ];
  return Math.max(...named);
}

export function setHorizon(scenario: ScenarioData, weeks: number): ScenarioData {
  return patched(scenario, { horizon_weeks: weeks });
}

// --- regions -------------------------------------------------------------------------------------

/** Sets the regions' names and their number. Numbered names are left out, unless the plan had names before. */
function withRegionNames(scenario: ScenarioData, names: string[], schema: Schema): ScenarioData {
  const said = scenario.regions?.names;
  const numbered = names.every((name, i) => name === `region_${i + 1}`);
  const before = regionsOf(scenario, schema);
  const all = before.selection === "all";
  const candidates = all ? names.length : Math.max(before.candidates, names.length);
  const keepCandidates = !all && candidates === before.candidates;
  return inPart(scenario, "regions", {
    names: numbered && !said ? undefined : names,
    count: all && scenario.regions?.count === undefined ? undefined : names.length,
    ...(keepCandidates ? {} : { candidates }),
  });
}

/** A name that no region (or provider) has yet, such as "region_7". */
export function freeName(names: string[], kind: string): string {
  const taken = new Set(names);
  for (let number = names.length + 1; ; number += 1) {
    if (!taken.has(`${kind}_${number}`)) return `${kind}_${number}`;
  }
}

/** Regions that the log names; they cannot be removed. */
export function loggedRegions(scenario: ScenarioData): Set<string> {
  return new Set(logRows(scenario).map((row) => row.region));
}

/** Whether a region has overrides or events of its own. */
export function specialOf(scenario: ScenarioData, name: string): boolean {
  const event = (scenario.shocks ?? []).some((one: any) => one.region === name);
  return Boolean(held(scenario.regions?.overrides, name)) || event;
}

/** Sets the number of regions: the first ones stay, and overrides, events and providers of the others are removed. */
export function setRegionCount(scenario: ScenarioData, count: number, schema: Schema): ScenarioData {
  const { names } = regionsOf(scenario, schema);
  const kept = names.slice(0, count);
  while (kept.length < count) kept.push(freeName(kept, "region"));
  return onlyRegions(scenario, kept, schema);
}

export function addRegion(scenario: ScenarioData, schema: Schema): ScenarioData {
  return setRegionCount(scenario, regionsOf(scenario, schema).count + 1, schema);
}

export function removeRegion(scenario: ScenarioData, name: string, schema: Schema): ScenarioData {
  const names = regionsOf(scenario, schema).names.filter((one) => one !== name);
  return names.length ? onlyRegions(scenario, names, schema) : scenario;
}

/** Sets the regions by name and order; overrides, events and providers of all others are removed. */
function onlyRegions(scenario: ScenarioData, names: string[], schema: Schema): ScenarioData {
  const kept = new Set(names);
  const assigned = scenario.providers?.assignment;
  const inTurn = providersOf(scenario, schema).names;
  let result = withRegionNames(scenario, names, schema);
  const overrides = scenario.regions?.overrides;
  if (overrides && Object.keys(overrides).some((name) => !kept.has(name))) {
    const left = Object.fromEntries(Object.entries(overrides).filter(([name]) => kept.has(name)));
    result = inPart(result, "regions", { overrides: Object.keys(left).length ? left : undefined });
  }
  if (scenario.shocks?.some((one: any) => one.region && !kept.has(one.region))) {
    result = inList(result, "shocks", scenario.shocks.filter((one: any) => !one.region || kept.has(one.region)));
  }
  if (assigned) {
    const own = names.map((name, i) => [name, held<string>(assigned, name) ?? inTurn[i % inTurn.length]]);
    result = inPart(result, "providers", { assignment: Object.fromEntries(own) });
  }
  return result;
}

export function moveRegion(scenario: ScenarioData, name: string, by: number, schema: Schema): ScenarioData {
  const names = [...regionsOf(scenario, schema).names];
  const from = names.indexOf(name);
  const to = clamp(from + by, 0, names.length - 1);
  if (from < 0 || from === to) return scenario;
  names.splice(to, 0, ...names.splice(from, 1));
  return withRegionNames(scenario, names, schema);
}

function renamedKeys<T>(record: Record<string, T> | undefined, from: string, to: string): Record<string, T> | undefined {
  if (!record || !Object.hasOwn(record, from)) return record;
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name === from ? to : name, value]));
}

/** Renames a region wherever the plan names it. */
export function renameRegion(scenario: ScenarioData, from: string, to: string, schema: Schema): ScenarioData {
  const names = regionsOf(scenario, schema).names.map((name) => (name === from ? to : name));
  let result = withRegionNames(scenario, names, schema);
  const moved = (one: any) => (one.region === from ? { ...one, region: to } : one);
  if (scenario.regions?.overrides) {
    result = inPart(result, "regions", { overrides: renamedKeys(scenario.regions.overrides, from, to) });
  }
  if (scenario.providers?.assignment) {
    result = inPart(result, "providers", { assignment: renamedKeys(scenario.providers.assignment, from, to) });
  }
  if (scenario.shocks) result = patched(result, { shocks: scenario.shocks.map(moved) });
  if (scenario.contact_log?.rows) result = inPart(result, "contact_log", { rows: scenario.contact_log.rows.map(moved) });
  return result;
}

/** Changes the overrides of one region; the value undefined removes an override. */
export function setOverride(scenario: ScenarioData, name: string, patch: Patch): ScenarioData {
  const overrides = scenario.regions?.overrides ?? {};
  const own = patched(held<any>(overrides, name) ?? {}, patch);
  const left = patched(overrides, { [name]: Object.keys(own).length ? own : undefined });
  return inPart(scenario, "regions", { overrides: Object.keys(left).length ? left : undefined });
}

export function setRegionStaff(scenario: ScenarioData, name: string, staff: number, schema: Schema): ScenarioData {
  const usual = regionsOf(scenario, schema).staff;
  return setOverride(scenario, name, { staff: staff === usual ? undefined : staff });
}

/** Gives a region the start values and leadership of a situation; its staff and network stay. */
export function setSituation(scenario: ScenarioData, name: string, preset: Patch): ScenarioData {
  return setOverride(scenario, name, { start: preset.start, leadership: preset.leadership });
}

/** Sets one start value of a region, or its leadership; undefined means the typical value. */
export function setOwn(scenario: ScenarioData, name: string, field: string, value: number | undefined): ScenarioData {
  if (field === "leadership") return setOverride(scenario, name, { leadership: value });
  const start = patched(held<any>(scenario.regions?.overrides, name)?.start ?? {}, { [field]: value });
  return setOverride(scenario, name, { start: Object.keys(start).length ? start : undefined });
}

/** Changes fields that hold for all regions: candidates, staff, core_team, network. */
export function setRegions(scenario: ScenarioData, patch: Patch): ScenarioData {
  return inPart(scenario, "regions", patch);
}

/** Sets how regions are chosen; with "all", every candidate takes part. */
export function setSelection(scenario: ScenarioData, selection: string, schema: Schema): ScenarioData {
  const { count, candidates } = regionsOf(scenario, schema);
  if (selection === "all") return inPart(scenario, "regions", { selection, count, candidates: count });
  return inPart(scenario, "regions", { selection, count, candidates });
}

export interface RegionRow {
  name: string;
  staff?: number;
  situation?: Patch; // an entry of situations.json
  own?: Record<string, number>; // start values and leadership
}

/** Replaces the regions by those of a pasted table. */
export function setRegionTable(scenario: ScenarioData, rows: RegionRow[], schema: Schema): ScenarioData {
  const usual = regionsOf(scenario, schema).staff;
  const names = rows.map((row) => row.name);
  let result = onlyRegions(scenario, names, schema);
  for (const row of rows) {
    if (row.staff !== undefined) {
      result = setOverride(result, row.name, { staff: row.staff === usual ? undefined : row.staff });
    }
    if (row.situation) result = setSituation(result, row.name, row.situation);
    for (const [field, value] of Object.entries(row.own ?? {})) result = setOwn(result, row.name, field, value);
  }
  return result;
}

// --- providers -----------------------------------------------------------------------------------

export function loggedProviders(scenario: ScenarioData): Set<string> {
  return new Set(logRows(scenario).flatMap((row) => (row.provider ? [row.provider] : [])));
}

/** Sets the number of providers. Regions of removed ones go to the others in turn, and events of their leaving are removed. */
export function setProviderCount(scenario: ScenarioData, count: number, schema: Schema): ScenarioData {
  const before = providersOf(scenario, schema);
  const names = before.names.slice(0, count);
  while (names.length < count) names.push(freeName(names, "provider"));
  return onlyProviders(scenario, names, before, schema);
}

export function removeProvider(scenario: ScenarioData, name: string, schema: Schema): ScenarioData {
  const before = providersOf(scenario, schema);
  const names = before.names.filter((one) => one !== name);
  return names.length ? onlyProviders(scenario, names, before, schema) : scenario;
}

function onlyProviders(
  scenario: ScenarioData,
  names: string[],
  before: { names: string[]; hours: number[]; same: boolean },
  schema: Schema,
): ScenarioData {
  const kept = new Set(names);
  const numbered = names.every((name, i) => name === `provider_${i + 1}`);
  const usual = before.hours[before.hours.length - 1] ?? defaultOf(schema, "Providers", "weekly_hours");
  const hours = names.map((name) => before.hours[before.names.indexOf(name)] ?? usual);
  const assigned: Record<string, string> | undefined = scenario.providers?.assignment;
  const given = (provider: string, i: number) => (kept.has(provider) ? provider : names[i % names.length]);
  const result = inPart(scenario, "providers", {
    count: names.length,
    names: numbered && !scenario.providers?.names ? undefined : names,
    ...(before.same ? {} : { weekly_hours: hours }),
    ...(assigned
      ? { assignment: Object.fromEntries(Object.entries(assigned).map(([region, one], i) => [region, given(one, i)])) }
      : {}),
  });
  const goes = (one: any) => one.kind === "provider_leaves" && !kept.has(one.provider);
  if (!scenario.shocks?.some(goes)) return result;
  return inList(result, "shocks", scenario.shocks.filter((one: any) => !goes(one)));
}

/** Renames a provider wherever the plan names her. */
export function renameProvider(scenario: ScenarioData, from: string, to: string, schema: Schema): ScenarioData {
  const names = providersOf(scenario, schema).names.map((name) => (name === from ? to : name));
  const swapped = (one: any) => (one.provider === from ? { ...one, provider: to } : one);
  const assigned: Record<string, string> | undefined = scenario.providers?.assignment;
  const numbered = names.every((name, i) => name === `provider_${i + 1}`);
  let result = inPart(scenario, "providers", { names: numbered && !scenario.providers?.names ? undefined : names });
  if (assigned) {
    const own = Object.entries(assigned).map(([region, one]) => [region, one === from ? to : one]);
    result = inPart(result, "providers", { assignment: Object.fromEntries(own) });
  }
  if (scenario.shocks) result = patched(result, { shocks: scenario.shocks.map(swapped) });
  if (scenario.contact_log?.rows) result = inPart(result, "contact_log", { rows: scenario.contact_log.rows.map(swapped) });
  return result;
}

/** Sets the hours a week of all providers, or of the one with this index. */
export function setProviderHours(scenario: ScenarioData, hours: number, schema: Schema, index?: number): ScenarioData {
  if (index === undefined) return inPart(scenario, "providers", { weekly_hours: hours });
  const each = replaced(providersOf(scenario, schema).hours, index, hours);
  return inPart(scenario, "providers", { weekly_hours: each });
}

/** Sets whether each provider has a number of hours of her own, or all share one. */
export function setHoursEach(scenario: ScenarioData, each: boolean, schema: Schema): ScenarioData {
  const { hours } = providersOf(scenario, schema);
  return inPart(scenario, "providers", { weekly_hours: each ? hours : hours[0] });
}

/** Assigns a provider to a region; null instead of a region assigns all regions in turn. */
export function setAssigned(scenario: ScenarioData, region: string | null, provider: string, schema: Schema): ScenarioData {
  if (region === null) return inPart(scenario, "providers", { assignment: undefined });
  const assignment = { ...assignedOf(scenario, schema), [region]: provider };
  return inPart(scenario, "providers", { assignment });
}

// --- contacts ------------------------------------------------------------------------------------

/** Changes fields of one series; the value undefined means the default. */
export function setSeries(scenario: ScenarioData, index: number, patch: Patch): ScenarioData {
  const dosage = scenario.dosage ?? [];
  return patched(scenario, { dosage: replaced(dosage, index, patched(dosage[index], patch)) });
}

/** Adds a series from the first week after the log to the end of assistance. */
export function addSeries(scenario: ScenarioData, mode: string, schema: Schema): ScenarioData {
  const dosage: any[] = scenario.dosage ?? [];
  const like = dosage.find((one) => one.mode === mode);
  const first = loggedWeeks(scenario) + 1;
  const horizon = horizonOf(scenario, schema);
  const end = dosage.length ? endOfTa(scenario, schema) : Math.max(first, horizon - 52);
  const usual: Record<string, [number, number]> = { onsite: [26, 4], video: [4, 1.5], phone: [4, 1], email: [2, 0.5] };
  const [every_weeks, hours] = like ? [like.every_weeks, like.hours] : usual[mode];
  const one = patched({ mode, every_weeks, hours, first_week: first, last_week: end }, {
    first_week: first === 1 ? undefined : first,
  });
  return patched(scenario, { dosage: [...dosage, one] });
}

export function duplicateSeries(scenario: ScenarioData, index: number): ScenarioData {
  const dosage = [...scenario.dosage];
  dosage.splice(index + 1, 0, dosage[index]);
  return patched(scenario, { dosage });
}

export function removeSeries(scenario: ScenarioData, index: number): ScenarioData {
  return inList(scenario, "dosage", without(scenario.dosage, index));
}

/** Divides a series into two phases, the second from `week` on. Changing hours and co-creation go on from their values
 * at that week. */
export function splitSeries(scenario: ScenarioData, index: number, week: number, schema: Schema): ScenarioData {
  const one = scenario.dosage[index];
  const first = one.first_week ?? 1;
  const last = one.last_week ?? horizonOf(scenario, schema);
  if (week <= first || week > last) return scenario;
  const at = (from: number, to: number, when: number) => {
    const value = from + ((to - from) * (when - first)) / (last - first);
    return Number(value.toFixed(2));
  };
  const before: Patch = { last_week: week - 1 };
  const after: Patch = { first_week: week };
  const taper = one.taper ?? 1;
  if (taper !== 1) {
    before.taper = at(1, taper, week - 1);
    after.hours = Number((one.hours * at(1, taper, week)).toFixed(2));
    after.taper = after.hours ? Number(clamp((one.hours * taper) / after.hours, 0, 10).toFixed(2)) : 1;
  }
  if (Array.isArray(one.co_creation)) {
    const [from, to] = one.co_creation;
    before.co_creation = [from, at(from, to, week - 1)];
    after.co_creation = [at(from, to, week), to];
  }
  const dosage = [...scenario.dosage];
  dosage.splice(index, 1, patched(one, before), patched(one, after));
  return patched(scenario, { dosage });
}

/** Multiplies the weeks between contacts of some modes: a factor of 2 halves the number of contacts. */
export function scaleRhythm(scenario: ScenarioData, modes: string[], factor: number, schema: Schema): ScenarioData {
  const { minimum, maximum } = rangeOf(schema, "ContactSeries", "every_weeks");
  const scaled = (one: any) =>
    modes.includes(one.mode) ? { ...one, every_weeks: clamp(one.every_weeks * factor, minimum, maximum) } : one;
  return patched(scenario, { dosage: (scenario.dosage ?? []).map(scaled) });
}

/** Turns all visits into video contacts; hours and rhythm stay. */
export function visitsByVideo(scenario: ScenarioData): ScenarioData {
  const dosage = (scenario.dosage ?? []).map((one: any) => (one.mode === "onsite" ? { ...one, mode: "video" } : one));
  return patched(scenario, { dosage });
}

/** Sets what the time of a series is used for: a preset by name (the reference mix is left out), or shares. */
export function setFunctions(scenario: ScenarioData, index: number, functions: any, data: PageData): ScenarioData {
  const usual = functions === null || functions === referenceMix(data);
  return setSeries(scenario, index, { functions: usual ? undefined : functions });
}

/** Sets one of several whole percentages; the others change in proportion, so that the sum stays 100. */
export function mixedTo(percents: Record<string, number>, name: string, value: number): Record<string, number> {
  const target = clamp(Math.round(value), 0, 100);
  const others = Object.keys(percents).filter((one) => one !== name);
  const rest = 100 - target;
  const total = others.reduce((sum, one) => sum + percents[one], 0);
  const exact = others.map((one) => (total ? (percents[one] * rest) / total : rest / others.length));
  const whole = exact.map(Math.floor);
  let left = rest - whole.reduce((sum, one) => sum + one, 0);
  const order = exact.map((one, i) => [one - whole[i], i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, i] of order) {
    if (left <= 0) break;
    whole[i] += 1;
    left -= 1;
  }
  const result: Record<string, number> = {};
  for (const one of Object.keys(percents)) result[one] = one === name ? target : whole[others.indexOf(one)];
  return result;
}

/** Shares as whole percentages that add up to 100. */
export function percentsOf(shares: Record<string, number>, names: string[]): Record<string, number> {
  const exact = Object.fromEntries(names.map((name) => [name, (shares[name] ?? 0) * 100]));
  const whole = Object.fromEntries(names.map((name) => [name, Math.floor(exact[name] + 1e-9)]));
  let left = 100 - names.reduce((sum, name) => sum + whole[name], 0);
  for (const name of [...names].sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]))) {
    if (left <= 0) break;
    whole[name] += 1;
    left -= 1;
  }
  return whole;
}

export function sharesOfPercents(percents: Record<string, number>): Record<string, number> {
  const some = Object.entries(percents).filter(([, value]) => value > 0);
  return Object.fromEntries(some.map(([name, value]) => [name, value / 100]));
}

// --- events --------------------------------------------------------------------------------------

export function addEvent(scenario: ScenarioData, kind: string, week: number, schema: Schema): ScenarioData {
  const horizon = horizonOf(scenario, schema);
  const fields: Record<string, Patch> = {
    provider_leaves: { provider: providersOf(scenario, schema).names[0] },
    staff_leave: { share: 0.25 },
    demand_rise: { until_week: Math.min(horizon, week + 25), by: 0.2 },
    dosage_cut: { until_week: Math.min(horizon, week + 25), factor: 0.5 },
  };
  return patched(scenario, { shocks: [...(scenario.shocks ?? []), { week, kind, ...fields[kind] }] });
}

export function setEvent(scenario: ScenarioData, index: number, patch: Patch): ScenarioData {
  return patched(scenario, { shocks: replaced(scenario.shocks, index, patched(scenario.shocks[index], patch)) });
}

export function removeEvent(scenario: ScenarioData, index: number): ScenarioData {
  return inList(scenario, "shocks", without(scenario.shocks, index));
}

/** Sets the weeks, months or days without meetings. */
export function setSkip(scenario: ScenarioData, part: "months" | "weeks" | "dates", values: any[]): ScenarioData {
  return inPart(scenario, "skip", { [part]: values.length ? values : undefined });
}

// --- money and targets ---------------------------------------------------------------------------

export function setCost(scenario: ScenarioData, field: string, value: number): ScenarioData {
  return inPart(scenario, "costs", { [field]: value });
}

export function setBudget(file: PlansFile, patch: Partial<PlansFile["budget"]>): PlansFile {
  return { ...file, budget: { ...file.budget, ...patch } };
}

export function setCurrency(file: PlansFile, currency: string): PlansFile {
  return { ...file, currency };
}

export function setTarget(file: PlansFile, index: number, patch: Partial<Target>): PlansFile {
  return { ...file, targets: replaced(file.targets, index, { ...file.targets[index], ...patch }) };
}

export function addTarget(file: PlansFile, target: Target): PlansFile {
  return { ...file, targets: [...file.targets, target] };
}

export function removeTarget(file: PlansFile, index: number): PlansFile {
  return { ...file, targets: without(file.targets, index) };
}

// --- history -------------------------------------------------------------------------------------

/** Moves the whole plan by so many weeks. Where week 1 becomes that much earlier, every date stays the same. */
export function shiftPlan(scenario: ScenarioData, weeks: number, schema: Schema): ScenarioData {
  if (!weeks) return scenario;
  const later = (one: any, fields: string[]) => {
    const moved: Patch = {};
    for (const name of fields) if (typeof one[name] === "number") moved[name] = one[name] + weeks;
    return { ...one, ...moved };
  };
  const series = (one: any) => later({ first_week: 1, ...one }, ["first_week", "last_week"]);
  const event = (one: any) => later(one, ["week", "until_week"]);
  let result = patched(scenario, { horizon_weeks: horizonOf(scenario, schema) + weeks });
  if (scenario.dosage) result = patched(result, { dosage: scenario.dosage.map(series) });
  if (scenario.shocks) result = patched(result, { shocks: scenario.shocks.map(event) });
  if (scenario.delivery_work) result = patched(result, { delivery_work: deliveryOf(scenario).map(event) });
  if (scenario.skip?.weeks) result = setSkip(result, "weeks", scenario.skip.weeks.map((one: number) => one + weeks));
  return result;
}

/** Makes the providers of a log those of the plan; a log without providers changes nothing. */
export function providersOfLog(scenario: ScenarioData, rows: any[], schema: Schema): ScenarioData {
  const names = [...new Set(rows.flatMap((row) => (row.provider ? [row.provider as string] : [])))];
  return names.length ? onlyProviders(scenario, names, providersOf(scenario, schema), schema) : scenario;
}

/** Makes the regions of a log those of the plan. */
export function regionsOfLog(scenario: ScenarioData, rows: any[], schema: Schema): ScenarioData {
  const names = [...new Set(rows.map((row) => row.region as string))];
  return onlyRegions(scenario, names, schema);
}

export function removeLog(scenario: ScenarioData): ScenarioData {
  return patched(scenario, { contact_log: undefined, start_date: isoOf(scenario) });
}

function isoOf(scenario: ScenarioData): string | undefined {
  const start = startOf(scenario);
  return start ? isoDay(start) : undefined;
}

// --- more ----------------------------------------------------------------------------------------

export function setField(scenario: ScenarioData, field: string, value: any): ScenarioData {
  return patched(scenario, { [field]: value });
}

export function setParameter(scenario: ScenarioData, name: string, value: number | undefined): ScenarioData {
  const parameters = patched(scenario.parameters ?? {}, { [name]: value });
  return patched(scenario, { parameters: Object.keys(parameters).length ? parameters : undefined });
}

export function deliveryOf(scenario: ScenarioData): any[] {
  return [scenario.delivery_work ?? []].flat();
}

export function setDelivery(scenario: ScenarioData, list: any[]): ScenarioData {
  return inList(scenario, "delivery_work", list);
}
