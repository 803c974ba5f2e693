/** Reads a contact log from a table: its columns, its rows, and what cannot be read. */
import { group, median } from "d3-array";
import { readNumber } from "../setting/numbers";
import { choicesOf, rangeOf } from "../setting/read";
import type { RowFault } from "../setting/table";
import { dayName, dayOf, isoDay } from "../setting/weeks";
import { checkPart, type Known } from "./check";
import { headRow, readTable, type Row, sumsUp } from "./csv";
import { CENTURY, dayFirst, type DayOrder, noDay, readDay, readHours } from "./days";
import { didYouMean } from "./python_text";

export type { DayOrder };

const HEADINGS: Record<string, string[]> = {
  date: ["date", "day", "contact date", "date of contact"],
  week: ["week"],
  region: ["region", "region name", "state", "site", "name", "office", "area", "district", "county", "grantee"],
  mode: ["mode", "type", "how", "contact type", "type of contact", "medium", "modality", "format", "method"],
  hours: ["hours", "length", "duration", "h", "hours of contact", "contact hours", "length of contact", "time spent"], // or the same in minutes
  co_creation: ["co creation", "cocreation", "together"],
  status: ["status", "held"],
  provider: ["provider", "ta provider", "by", "staff member", "consultant"],
  present: ["present", "attended", "participants", "attendance"],
  invited: ["invited", "asked", "people invited"],
  contact: ["contact", "contact id"],
};

const MODES: Record<string, string[]> = {
  onsite: ["onsite", "on site", "site visit", "visit", "in person", "face to face"],
  video: ["video", "zoom", "teams", "virtual", "webinar", "video call", "online"],
  phone: ["phone", "call", "telephone", "phone call"],
  email: ["email", "e mail", "mail"],
};

const STATUSES: Record<string, string[]> = {
  held: ["held", "done", "completed", "yes", "took place", ""],
  cancelled: ["cancelled", "canceled", "no", "not held"],
  provider_cancelled: ["provider cancelled", "provider canceled", "cancelled by provider"],
  region_cancelled: ["region cancelled", "region canceled", "cancelled by region", "no show"],
};

/** Columns that follow from others; calendars written by the page have them. */
const NOT_NEEDED = ["week begins", "preparation hours", "travel hours", "provider hours"];
const NEEDED = ["region", "mode", "hours"];
const LONGEST_MEDIAN = 12; // hours

export interface LogRead {
  rows: Record<string, any>[]; // in the form of a scenario; with `date` in place of `week` where dated
  dated: boolean;
  faults: RowFault[];
  ambiguous: boolean; // dates can be read in two ways: the user must choose the order
  unused: string[]; // headings of columns that are not read
  above: number; // rows above the headings, such as a title
  left: number[]; // rows that are no contacts, such as totals
  short: { text: string; day: string } | null; // the first date whose year has two digits, and what was read
}

export function plain(text: string): string {
  return text.toLowerCase().replace(/[_\-()%.:]/g, " ").replace(/\s+/g, " ").trim();
}

function named(known: Record<string, string[]>, text: string): string | undefined {
  const wanted = plain(text);
  return Object.keys(known).find((key) => known[key].includes(wanted));
}

/** The rows of a log, in codose's own form or from a spreadsheet, with headings, modes and days as people write them.
 * `order` tells how 3/4/2026 is meant, where the dates do not show it.
 */
export function readLog(text: string, page: Known, order: DayOrder | null): LogRead {
  const { rows, closed } = readTable(text);
  const above = headRow(rows.map((row) => row.cells), (cells) => cells.filter((cell) => kindOf(cell, page)).length);
  const [head, ...body] = rows.slice(above);
  const kinds = kindsOf(head?.cells ?? [], body, page);
  const unused = (head?.cells ?? []).filter((cell, i) => cell && !kinds[i] && !NOT_NEEDED.includes(plain(cell)));
  const log: LogRead = { rows: [], dated: kinds.includes("date"), faults: [], ambiguous: false, unused, above, left: [], short: null };
  const refuse = (fault: string, value = "", row = 0) => log.faults.push({ row, fault, text: value });
  const missing = NEEDED.filter((kind) => !kinds.includes(kind));
  if (!kinds.includes("date") && !kinds.includes("week")) missing.unshift("date");
  const twice = kinds.find((kind, i) => kind && kinds.indexOf(kind) < i);
  if (missing.length) refuse("columns", missing.join(", "));
  else if (twice) refuse("column_twice", twice);
  else if (log.dated && kinds.includes("week")) refuse("date_and_week");
  else if (!closed) refuse("quote");
  else if (!body.length) refuse("no_rows");
  if (log.faults.length) return log;
  const dates = log.dated ? body.map(({ cells }) => cells[kinds.indexOf("date")] ?? "") : [];
  const first = dayFirst(dates);
  log.ambiguous = log.dated && first === "unclear";
  const unit = inMinutes(head.cells[kinds.indexOf("hours")]) ? "minutes" : "hours";
  const reading = new RowReading(kinds, page, log, first === "unclear" ? order : first, unit);
  for (const row of body) {
    if (isContact(row.cells, head.cells, kinds)) reading.read(row);
    else log.left.push(row.line);
  }
  log.faults.push(...severalRegions(log.rows, reading.lines));
  if (!log.rows.length) refuse("no_rows");
  return log;
}

/** The kinds of the columns. Where two headings fit one kind, as region and state, the earlier one of HEADINGS counts; a
 * column called week that holds days is one of dates. */
function kindsOf(head: string[], body: Row[], page: Known): string[] {
  const all = head.map((cell) => kindOf(cell, page));
  const rank = (i: number) => (all[i] === "hours" ? 0 : (HEADINGS[all[i]]?.indexOf(plain(head[i])) ?? 0));
  const kinds = all.map((kind, i) => (all.some((other, j) => other === kind && rank(j) < rank(i)) ? "" : kind));
  const week = kinds.indexOf("week");
  const holds = week < 0 ? "" : (body.find(({ cells }) => cells[week])?.cells[week] ?? "");
  return !kinds.includes("date") && isDay(holds) ? kinds.map((kind) => (kind === "week" ? "date" : kind)) : kinds;
}

function isDay(text: string): boolean {
  return readDay(text, "day") !== null || readDay(text, "month") !== null;
}

const MINUTES = /\b(minutes?|mins?)\b/;

/** Whether a heading says minutes, as "Minutes" and "Duration (min)" do. */
function inMinutes(heading: string): boolean {
  return MINUTES.test(plain(heading));
}

function kindOf(heading: string, page: Known): string {
  const wanted = plain(heading);
  if (inMinutes(heading)) return ["", ...HEADINGS.hours].includes(plain(wanted.replace(MINUTES, ""))) ? "hours" : "";
  return named(HEADINGS, heading) ?? [...page.functions.names, "functions"].find((name) => plain(name) === wanted) ?? "";
}

/** Whether a row can be a contact. A total, the headings again, a row with one cell, and a row without a day and with at
 * most one of region, mode and hours are none, as in sim/scenario/log_map.py. */
function isContact(cells: string[], head: string[], kinds: string[]): boolean {
  const filled = cells.filter(Boolean);
  if (filled.length < 2 || (cells.length === head.length && cells.every((cell, i) => cell === head[i]))) return false;
  const at = (kind: string) => cells[kinds.indexOf(kind)] ?? "";
  const when = at("date") || at("week");
  if (isDay(when)) return true;
  return !sumsUp(filled[0]) && ("value" in readNumber(when) || NEEDED.filter((kind) => !at(kind)).length < 2);
}

/** Cells that name several regions, each of which also stands alone: the page cannot tell whether the contact was shared. */
function severalRegions(rows: Record<string, any>[], lines: number[]): RowFault[] {
  const alone = new Set(rows.map((row) => plain(row.region)));
  return rows.flatMap(({ region }, i) => {
    const parts = (region as string).split(/[,;/&+]|\band\b|\bund\b/).filter((part) => plain(part));
    const several = parts.length > 1 && parts.every((part) => alone.has(plain(part)));
    return several ? [{ row: lines[i], fault: "several_regions", text: region.slice(0, 40) }] : [];
  });
}

/** The mode that a text means for certain: it names one, perhaps among other words, as "MS Teams call (video)" does. */
function modeOf(text: string): string | undefined {
  const said = named(MODES, text);
  if (said) return said;
  const low = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}?]+/gu, " ").trim()} `;
  const found = Object.keys(MODES).filter((mode) => MODES[mode].some((word) => !LIKELY.includes(word) && low.includes(` ${word} `)));
  return found.length === 1 && !DOUBT.test(low) && !(found[0] === "onsite" && AWAY.test(low)) ? found[0] : undefined;
}

const LIKELY = ["virtual", "online", "call"]; // certain only as the whole text
const AWAY = / (virtual|virtually|online|remote|remotely) /;
const DOUBT = / (no|not|non|never|without|instead|declined|cancell?ed) |\?/;

class RowReading {
  lines: number[] = []; // of the rows that were read

  constructor(
    private kinds: string[],
    private page: Known,
    private log: LogRead,
    private order: DayOrder | null,
    private unit: "hours" | "minutes",
  ) {}

  read({ line, cells }: Row): void {
    const before = this.log.faults.length;
    const at = (kind: string) => cells[this.kinds.indexOf(kind)] ?? "";
    const refuse = (fault: string, text: string, known: string[] = []) => {
      const near = didYouMean(plain(text), known);
      this.log.faults.push({ row: line, fault, text: text.slice(0, 40), ...(near ? { near } : {}) });
    };
    if (cells.slice(this.kinds.length).some(Boolean)) return void refuse("cells", String(this.kinds.length));
    const row: Record<string, any> = {};
    if (this.log.dated) {
      const text = at("date");
      const day = readDay(text, this.order);
      if (day) row.date = isoDay(day);
      else refuse(`date_${noDay(text, this.order)}`, text);
      if (day && !text.includes(row.date.slice(0, 4))) this.log.short ??= { text, day: row.date };
    } else row.week = this.number("week", at("week"), refuse, true);
    row.region = at("region");
    if (!row.region) refuse("region", "");
    row.mode = modeOf(at("mode"));
    if (!row.mode) refuse("mode", at("mode"), Object.values(MODES).flat());
    row.hours = this.hours(at("hours"), refuse);
    for (const field of ["co_creation", "present", "invited"]) {
      const value = this.number(field, at(field), refuse, false);
      if (value !== undefined) row[field] = value;
    }
    const status = named(STATUSES, at("status"));
    if (!status || !choicesOf(this.page.schema, "LogRow", "status").includes(status)) refuse("status", at("status"), Object.values(STATUSES).flat());
    else if (status !== "held") row.status = status;
    for (const field of ["provider", "contact"]) if (at(field)) row[field] = at(field);
    const functions = this.functions(at, refuse);
    if (functions !== undefined) row.functions = functions;
    const { date, ...rest } = row;
    if (this.log.faults.length === before)
      for (const text of checkPart("LogRow", this.log.dated ? { ...rest, week: 1 } : rest, this.page)) refuse("other", text);
    this.log.rows.push(row);
    this.lines.push(line);
  }

  private hours(text: string, refuse: (fault: string, text: string) => void): number | undefined {
    const { minimum, maximum } = rangeOf(this.page.schema, "LogRow", "hours");
    const value = readHours(text, this.unit);
    if (value !== null && value >= minimum && value <= maximum) return value;
    refuse(text ? "hours" : "hours_empty", text);
    return undefined;
  }

  /** The functions of a contact: a share for each, or the name of a mix. */
  private functions(at: (kind: string) => string, refuse: (fault: string, text: string, known?: string[]) => void): unknown {
    const { names, presets } = this.page.functions;
    const shares = names.filter((name) => at(name)).map((name) => [name, this.limited(at(name), 0, 1)] as const);
    for (const [name, value] of shares) if (value === undefined) refuse("share", at(name));
    if (shares.length) return Object.fromEntries(shares);
    const mix = at("functions");
    if (!mix) return undefined;
    const known = Object.keys(presets).find((name) => plain(name) === plain(mix));
    if (!known) refuse("functions", mix, Object.keys(presets));
    return known;
  }

  private number(field: string, text: string, refuse: (fault: string, text: string) => void, needed: boolean): number | undefined {
    if (!text && !needed) return undefined;
    const { minimum, maximum, whole } = rangeOf(this.page.schema, "LogRow", field);
    const value = this.limited(text, minimum, maximum);
    if (value !== undefined && (!whole || Number.isInteger(value))) return value;
    refuse(field, text);
    return undefined;
  }

  private limited(text: string, minimum: number, maximum: number): number | undefined {
    const outcome = readNumber(text);
    if (!("value" in outcome)) return undefined;
    const value = outcome.value / (text.includes("%") ? 100 : 1);
    return value >= minimum && value <= maximum ? value : undefined;
  }
}

/** The median length of held contacts where it suggests minutes, as in sim/scenario/log_remarks.py; else null. */
export function likelyMinutes({ rows }: Pick<LogRead, "rows">): number | null {
  const middle = median(rows.filter((row) => row.status === undefined).map((row) => row.hours as number)) ?? 0;
  return middle > LONGEST_MEDIAN ? middle : null;
}

/** Sentences on a log that was read: the columns that are not used, and what is odd. */
export function remarksOn(log: LogRead, say: (path: string, values: Record<string, string | number>) => string): string[] {
  const { unused, above, left, short } = log;
  const minutes = likelyMinutes(log);
  return [
    ...(unused.length ? [say("unused", { count: unused.length, names: unused.map((one) => one.slice(0, 40)).join(", ") })] : []),
    ...(above ? [say("above", { count: above })] : []),
    ...(left.length ? [say("left", { count: left.length, rows: left.slice(0, 5).join(", ") + (left.length > 5 ? ", …" : "") })] : []),
    ...(short ? [say("short_years", { text: short.text, day: dayName(dayOf(short.day)!), first: CENTURY, last: CENTURY + 99 })] : []),
    ...(minutes === null ? [] : [say("minutes", { hours: minutes })]),
    ...(["region", "provider"] as const).flatMap((field) => alike(log.rows.map((row) => row[field])).map((names) => say(`alike_${field}s`, { names }))),
    ...gaps(log.rows).map(([from, to]) => say("gap", { from: dayName(from), to: dayName(to) })),
  ];
}

/** Names that differ only in capitals, punctuation and spaces, as in sim/scenario/log_remarks.py. */
function alike(names: (string | undefined)[]): string[] {
  const forms = group(new Set(names.filter((name) => name !== undefined)), (name) => name.toLowerCase().replace(/(?<!\d)[^\p{L}\p{N}]+|[^\p{L}\p{N}]+(?!\d)/gu, "") || name);
  return [...forms.values()].filter((one) => one.length > 1).map((one) => one.map((name) => `\u201c${name}\u201d`).join(", "));
}

const YEAR = 366 * 86_400_000;

/** The last day before and the first day after the first year without a contact, which a mistyped year would cause. */
function gaps(rows: Record<string, any>[]): [Date, Date][] {
  const days = [...new Set(rows.map((row) => row.date as string | undefined))].filter((day) => day !== undefined).sort();
  const pairs = days.slice(1).map((day, i): [Date, Date] => [dayOf(days[i])!, dayOf(day)!]);
  return pairs.filter(([from, to]) => to.getTime() - from.getTime() > YEAR).slice(0, 1);
}

/** The faults of a log as sentences, equal faults together. */
export function faultTexts(faults: RowFault[], say: (path: string, values?: Record<string, string | number>) => string): string[] {
  const groups = new Map<string, RowFault & { count: number }>();
  for (const one of faults) {
    const group = groups.get(one.fault);
    if (group) group.count += 1;
    else groups.set(one.fault, { ...one, count: 1 });
  }
  return [...groups].map(([fault, { count, row, text, near }]) => {
    const meant = near ? ` ${say("near", { near })}` : "";
    const more = count > 1 ? ` ${say("also", { count: count - 1 })}` : "";
    return say(`faults.${fault}`, { row, text }) + meant + more;
  });
}
