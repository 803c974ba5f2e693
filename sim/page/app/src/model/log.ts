/** A contact log in codose's own form (docs/how-to/contact-log.md): CSV -> rows -> a plan's history. */
import { providersOfLog, regionsOfLog, shiftPlan } from "../setting/edits";
import { horizonOf, providersOf, regionsOf } from "../setting/read";
import type { ScenarioData } from "../types";
import { checkPart, dayNumber, type Known } from "./check";
import { plain } from "./logtable";
import { didYouMean, shown } from "./python_text";

export interface LogTable {
  columns: string[];
  rows: { line: number; cells: string[] }[];
  separator: string;
}

/** The rows of a CSV text with the line that each begins on; null where quotes do not close. */
export function readCsv(given: string): LogTable | null {
  const text = given.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const head = text.slice(0, text.indexOf("\n") < 0 ? undefined : text.indexOf("\n"));
  const separator = [",", ";", "\t"].reduce((a, b) => (head.split(b).length > head.split(a).length ? b : a));
  const rows: { line: number; cells: string[] }[] = [];
  let [cells, cell, quoted, line, begun]: [string[], string, boolean, number, number] = [[], "", false, 1, 1];
  const end = () => {
    cells.push(cell);
    if (cells.some((one) => one.trim())) rows.push({ line: begun, cells: cells.map((one) => one.trim()) });
    [cells, cell, begun] = [[], "", line + 1];
  };
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[i + 1] === '"') [cell, i] = [`${cell}"`, i + 1];
      else quoted = false;
      if (letter === "\n") line++;
    } else if (letter === '"' && !cell.trim()) [quoted, cell] = [true, ""];
    else if (letter === separator) [cells, cell] = [[...cells, cell], ""];
    else if (letter === "\n") {
      end();
      line++;
    } else cell += letter;
  }
  if (quoted) return null;
  end();
  const [first, ...rest] = rows;
  return first ? { columns: first.cells.map(columnName), rows: rest, separator } : null;
}

function columnName(head: string): string {
  const name = head.toLowerCase().replace(/[\s-]+/g, "_");
  return name === "people_invited" ? "invited" : name;
}

const NOT_NEEDED = ["week_begins", "preparation_hours", "travel_hours", "provider_hours"];
const REQUIRED = ["region", "mode", "hours"];

export function logColumns(page: Known): string[] {
  const own = Object.keys(page.schema.$defs.LogRow.properties).filter((name) => name !== "functions");
  return ["date", ...own, ...page.functions.names];
}

/** Whether a table has the columns of our own form, and no others. */
export function isOwnLog(table: LogTable, page: Known): boolean {
  const known = new Set([...logColumns(page), ...NOT_NEEDED, "functions"]);
  return REQUIRED.every((name) => table.columns.includes(name)) && table.columns.every((name) => known.has(name));
}

export interface LogRead {
  rows: Record<string, any>[]; // of the form that a scenario has; `date` in place of `week` where dated
  lines: number[];
  dated: boolean;
  problems: string[];
}

/** The rows of a log in our own form; `file` is what messages call it. */
export function readLog(table: LogTable, file: string, page: Known): LogRead {
  const { columns } = table;
  const problems: string[] = [];
  const at = (line: number, text: string) => problems.push(`${file}:${line}: ${text}`);
  const twice = columns.find((name, i) => columns.indexOf(name) < i);
  if (twice !== undefined) at(1, `${twice}: this column is given twice`);
  const dated = columns.includes("date");
  if (dated === columns.includes("week"))
    at(1, `date: give a column 'date' or a column 'week', ${dated ? "not both" : "one is needed"}`);
  if (problems.length) return { rows: [], lines: [], dated, problems };
  const rows: Record<string, any>[] = [];
  const lines: number[] = [];
  for (const { line, cells } of table.rows) {
    if (cells.length > columns.length && cells.slice(columns.length).some(Boolean)) {
      at(line, `has ${cells.length} cells for ${columns.length} columns`);
      continue;
    }
    const given = Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? ""]));
    const row = rowOf(given, table.separator, page, (text) => at(line, text));
    if (dated) {
      if (dayNumber(given.date) === null) at(line, `date: ${given.date ? `${shown(given.date)} is not a date` : "is empty"}; allowed: yyyy-mm-dd, such as 2016-11-01`);
      row.date = given.date;
    }
    for (const text of checkPart("LogRow", dated ? withoutDate(row) : row, page)) at(line, text);
    rows.push(row);
    lines.push(line);
  }
  if (!table.rows.length) problems.push(`${file}: the contact log has no rows`);
  return { rows, lines, dated, problems: grouped(problems, file) };
}

function withoutDate(row: Record<string, any>): Record<string, any> {
  const { date: _, ...rest } = row;
  return { ...rest, week: 1 };
}

function rowOf(given: Record<string, string>, separator: string, page: Known, fault: (text: string) => void): Record<string, any> {
  const row: Record<string, any> = {};
  const number = (text: string) => numberOf(text, separator) ?? text;
  if (given.week !== undefined) row.week = /^[0-9]{1,9}$/.test(given.week) ? Number(given.week) : given.week || null;
  row.region = given.region;
  row.mode = given.mode;
  row.hours = given.hours ? number(given.hours) : null;
  for (const name of ["co_creation", "present", "invited"]) if (given[name]) row[name] = number(given[name]);
  for (const name of ["status", "provider", "contact"]) if (given[name]) row[name] = given[name];
  const shares = page.functions.names.filter((name) => given[name]);
  if (shares.length) row.functions = Object.fromEntries(shares.map((name) => [name, number(given[name])]));
  else if (given.functions && given.functions in page.functions.presets) row.functions = given.functions;
  else if (given.functions) {
    const near = didYouMean(given.functions, Object.keys(page.functions.presets));
    fault(`functions: ${shown(given.functions)} is not a mix of functions; allowed: ${Object.keys(page.functions.presets).join(", ")}${near ? `; did you mean '${near}'?` : ""}`);
  }
  return row;
}

function numberOf(text: string, separator: string): number | null {
  const point = separator === ";" ? text.replace(",", ".") : text;
  return /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)$/.test(point) ? Number(point) : null;
}

/** Many mistakes of one kind as one sentence with their number. */
function grouped(problems: string[], file: string): string[] {
  const kinds = new Map<string, string[]>();
  const place = new RegExp(`^${file.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}:\\d+: `);
  for (const text of problems) {
    const bare = text.replace(place, "").replace(/'[^']*' /, "");
    kinds.set(bare, [...(kinds.get(bare) ?? []), text]);
  }
  return [...kinds.values()].flatMap((texts) => (texts.length <= 3 ? texts : [`${texts[0]} (and ${texts.length - 1} more rows like this)`]));
}

// --- a log as the history of a plan ------------------------------------------------------------------

export interface Told {
  way: string; // under "document" in the table of words
  values: Record<string, string | number>;
}

export interface WithLog {
  scenario: ScenarioData;
  said: Told[];
  strangers: { region: string[]; provider: string[] }; // of the log, that the plan does not have
}

/** Whether the regions and the providers of the log become those of a plan that has others. */
export interface Take {
  regions?: boolean;
  providers?: boolean;
}

/** A scenario with this log as its history: contacts before its end are history, series go on after it.
 *
 * A log that begins before the plan makes week 1 whole weeks earlier, and every date of the plan stays. As
 * `with_history` of sim/page/opened.py.
 */
export function withLog(scenario: ScenarioData, log: Pick<LogRead, "rows" | "dated">, page: Known, take: Take = {}): WithLog {
  const said: Told[] = [];
  const days = log.dated ? log.rows.map((row) => row.date as string).sort() : [];
  const own: string | undefined = scenario.start_date ?? undefined;
  const early = own !== undefined && days.length ? Math.max(0, Math.ceil((dayNumber(own)! - dayNumber(days[0])!) / 7)) : 0;
  const start = own === undefined ? days[0] : early ? dayText(dayNumber(own)! - 7 * early) : own;
  const shifted = shiftPlan(scenario, early, page.schema);
  const rows = log.rows.map(({ date, ...row }) => (date === undefined ? { ...row } : { week: weekOf(date, start!), ...row })) as Record<string, any>[];
  rows.sort((one, other) => one.week - other.week);
  const last = rows.reduce((end, row) => Math.max(end, row.week), 0);
  const { named, strangers } = withNames(shifted, rows, page, said, take);
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
    said.push({ way: own === undefined ? "log_start" : "log_earlier", values: { start } });
  }
  return { scenario: made, said, strangers };
}

function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

function weekOf(day: string, start: string): number {
  return Math.floor((dayNumber(day)! - dayNumber(start)!) / 7) + 1;
}

/** What is left of a series after a week, in its rhythm; null: nothing. */
function after(series: any, week: number, horizon: number): any {
  const [first, ends] = [series.first_week ?? 1, series.last_week ?? horizon];
  const behind = week + 1 - first;
  if (behind <= 0) return series;
  const next = first + Math.ceil(Math.ceil(behind / series.every_weeks) * series.every_weeks);
  return next > ends ? null : { ...series, first_week: next };
}

/** Rows with the names of the plan, however they are written; a plan without names of its own takes those of the log. */
function withNames(
  scenario: ScenarioData, rows: Record<string, any>[], page: Known, said: Told[], take: Take,
): { named: ScenarioData; strangers: WithLog["strangers"] } {
  let made = scenario;
  const strangers: WithLog["strangers"] = { region: [], provider: [] };
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
      if (take[part]) made = part === "regions" ? regionsOfLog(made, rows, page.schema) : providersOfLog(made, rows, page.schema);
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
    said.push({ way: `log_${part}`, values: { names: listed(found), count } });
  }
  return { named: made, strangers };
}

const NUMBERED = /^(.*?)\s*([0-9]+|[IVXLC]+)$/;
const ROMAN: Record<string, number> = { I: 1, V: 5, X: 10, L: 50, C: 100 };

/** Names such as Region IX by their number, where all have one after the same words; else as they came. */
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
