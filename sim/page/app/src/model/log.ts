/** A contact log as the history of a plan. */
import { providersOfLog, regionsOfLog, shiftPlan } from "../setting/edits";
import { horizonOf, providersOf, readable, regionsOf } from "../setting/read";
import { dayName, dayOf } from "../setting/weeks";
import type { PageData, ScenarioData } from "../types";
import { dayNumber, type Known } from "./check";
import { type LogRead, plain } from "./logtable";
import { didYouMean } from "./python_text";

type Page = Known & Pick<PageData, "words">;

export interface Told {
  way: string; // path under "document" in words.json
  values: Record<string, string | number>;
}

export interface WithLog {
  scenario: ScenarioData;
  said: Told[];
  strangers: { region: string[]; provider: string[] }; // names in the log that the plan does not have
  gone: string[]; // names of the plan that leave it, because those of the log take their place
}

/** Whether the regions and the providers of the log become those of a plan that has others. */
export interface Take {
  regions?: boolean;
  providers?: boolean;
}

/** A scenario with this log as its history; contact series go on after the log.
 *
 * A log that begins before the plan moves week 1 earlier by whole weeks, while every date of the plan stays, as in
 * `with_history` of sim/page/opened.py.
 */
export function withLog(scenario: ScenarioData, log: Pick<LogRead, "rows" | "dated">, page: Page, take: Take = {}): WithLog {
  const said: Told[] = [];
  const days = log.dated ? log.rows.map((row) => row.date as string).sort() : [];
  const own: string | undefined = scenario.start_date ?? undefined;
  const early = own !== undefined && days.length ? Math.max(0, Math.ceil((dayNumber(own)! - dayNumber(days[0])!) / 7)) : 0;
  const start = own === undefined ? days[0] : early ? dayText(dayNumber(own)! - 7 * early) : own;
  const shifted = shiftPlan(scenario, early, page.schema);
  const rows = log.rows.map(({ date, ...row }) => (date === undefined ? { ...row } : { week: weekOf(date, start!), ...row })) as Record<string, any>[];
  rows.sort((one, other) => one.week - other.week);
  const last = rows.reduce((end, row) => Math.max(end, row.week), 0);
  const { named, strangers, gone } = withNames(shifted, rows, page, said, take);
  const horizon = Math.max(horizonOf(shifted, page.schema), last);
  const before: any[] = shifted.dosage ?? [];
  const dosage = before.map((series) => after(series, last, horizon)).filter(Boolean);
  if (dosage.some((one) => !before.includes(one))) said.push({ way: "log_series_moved", values: { week: last } });
  if (dosage.length < before.length) said.push({ way: "log_series_ended", values: { count: before.length - dosage.length, week: last } });
  const made: ScenarioData = { ...named, contact_log: { rows } };
  if (before.length) made.dosage = dosage;
  if (horizon > horizonOf(shifted, page.schema)) made.horizon_weeks = horizon;
  if (start !== undefined && start !== own) {
    made.start_date = start;
    said.push({ way: own === undefined ? "log_start" : "log_earlier", values: { start: dayName(dayOf(start)!) } });
  }
  return { scenario: made, said, strangers, gone };
}

function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

function weekOf(day: string, start: string): number {
  return Math.floor((dayNumber(day)! - dayNumber(start)!) / 7) + 1;
}

/** The rest of a series after a week, in its rhythm; null where nothing is left. */
function after(series: any, week: number, horizon: number): any {
  const [first, ends] = [series.first_week ?? 1, series.last_week ?? horizon];
  const behind = week + 1 - first;
  if (behind <= 0) return series;
  const next = first + Math.ceil(Math.ceil(behind / series.every_weeks) * series.every_weeks);
  return next > ends ? null : { ...series, first_week: next };
}

/** Rows with the names of the plan, however they are written; a plan without names of its own takes those of the log. */
function withNames(
  scenario: ScenarioData, rows: Record<string, any>[], page: Page, said: Told[], take: Take,
): { named: ScenarioData } & Pick<WithLog, "strangers" | "gone"> {
  let made = scenario;
  const strangers: WithLog["strangers"] = { region: [], provider: [] };
  const gone: string[] = [];
  for (const [part, field] of [["regions", "region"], ["providers", "provider"]] as const) {
    const there = (made[part] ?? {}) as Record<string, any>;
    const has: string[] = (part === "regions" ? regionsOf(made, page.schema) : providersOf(made, page.schema)).names;
    const known = new Map(has.map((name) => [plain(name), name]));
    for (const row of rows) if (row[field] != null) row[field] = known.get(plain(row[field])) ?? row[field];
    const found = inOrder([...new Set(rows.map((row) => row[field] as string | undefined).filter((name): name is string => name != null))]);
    const unknown = found.filter((name) => !has.includes(name));
    if (!unknown.length) continue;
    const settled = there.names || (part === "regions" ? Object.keys(there.overrides ?? {}).length : there.assignment);
    if (settled) {
      if (take[part]) {
        made = part === "regions" ? regionsOfLog(made, rows, page.schema) : providersOfLog(made, rows, page.schema);
        gone.push(...has.filter((name) => !found.includes(name)));
      }
      strangers[field] = unknown;
      continue;
    }
    const count = Math.max(countOf(made, part, page), found.length);
    const names = [...found, ...Array.from({ length: count - found.length }, (_, i) => `${field}_${found.length + i + 1}`)];
    const next: any = { ...there, names, count };
    if (part === "regions") next.candidates = Math.max(count, there.candidates ?? page.schema.$defs.Regions.properties.candidates.default);
    if (part === "regions" && there.selection === "all") next.count = next.candidates = count;
    if (Array.isArray(there.weekly_hours) && there.weekly_hours.length < count)
      next.weekly_hours = [...there.weekly_hours, ...Array(count - there.weekly_hours.length).fill(there.weekly_hours.at(-1))];
    made = { ...made, [part]: next };
    said.push({ way: `log_${part}`, values: { names: listed(found.map((name) => readable(name, page.words))), count } });
  }
  if (gone.length) said.push({ way: "log_gone", values: { names: listed(gone.map((name) => readable(name, page.words))) } });
  return { named: made, strangers, gone };
}

const MOST_MEANT = 3;

/** The names of the plan that the first strangers of its log are most like. */
export function meantBy(strangers: WithLog["strangers"], scenario: ScenarioData, page: Page): { name: string; near: string }[] {
  const known = { region: () => regionsOf(scenario, page.schema).names, provider: () => providersOf(scenario, page.schema).names };
  return (["region", "provider"] as const).flatMap((kind) => {
    const names = strangers[kind].slice(0, MOST_MEANT);
    const found = names.map((name) => ({ name, near: didYouMean(name, known[kind]()) }));
    return found.filter((one) => one.near).map(({ name, near }) => ({ name: readable(name, page.words), near: readable(near, page.words) }));
  });
}

const NUMBERED = /^(.*?)\s*([0-9]+|[IVXLC]+)$/;
const ROMAN: Record<string, number> = { I: 1, V: 5, X: 10, L: 50, C: 100 };

/** Names such as Region IX in order of their numbers, where all have one after the same words. */
function inOrder(names: string[]): string[] {
  const parts = names.map((name) => NUMBERED.exec(name));
  if (parts.some((one) => one === null || one[1] !== parts[0]![1])) return names;
  const number = (text: string) => (/^[0-9]/.test(text) ? Number(text) : roman(text));
  const of = new Map(names.map((name, i) => [name, number(parts[i]![2])]));
  return [...names].sort((one, other) => of.get(one)! - of.get(other)!);
}

function roman(text: string): number {
  return [...text].reduce((sum, letter, i) => sum + (ROMAN[letter] < (ROMAN[text[i + 1]] ?? 0) ? -1 : 1) * ROMAN[letter], 0);
}

function listed(names: string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(", ")}, … ${names.at(-1)}` : names.join(", ");
}

function countOf(scenario: ScenarioData, part: "regions" | "providers", page: Known): number {
  const there = scenario[part] ?? {};
  const { Regions, Providers } = page.schema.$defs;
  if (typeof there.count === "number") return there.count;
  if (part === "providers") return Providers.properties.count.default;
  const candidates = there.candidates ?? Regions.properties.candidates.default;
  return there.selection === "all" ? candidates : Math.min(Regions.properties.count.default, candidates);
}
