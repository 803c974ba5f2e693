/** Reads a contact log from a table: its columns, its rows, and what cannot be read. */
import { median } from "d3-array";
import { readNumber } from "../setting/numbers";
import { choicesOf, rangeOf } from "../setting/read";
import type { RowFault } from "../setting/table";
import { dayOf, isoDay } from "../setting/weeks";
import { checkPart, type Known } from "./check";
import { didYouMean } from "./python_text";
import { headRow, readTable, type Row, sumsUp } from "./csv";

const HEADINGS: Record<string, string[]> = {
  date: ["date", "day", "contact date"],
  week: ["week"],
  region: ["region", "site", "name", "office", "area", "district"],
  mode: ["mode", "type", "how", "contact type", "medium"],
  hours: ["hours", "length", "duration", "h", "hours of contact"],
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

export type DayOrder = "day" | "month"; // which comes first in 3/4/2026

export interface LogRead {
  rows: Record<string, any>[]; // in the form of a scenario; with `date` in place of `week` where dated
  dated: boolean;
  faults: RowFault[];
  ambiguous: boolean; // dates can be read in two ways: the user must choose the order
  unused: string[]; // headings of columns that are not read
  above: number; // rows above the headings, such as a title
  left: number[]; // rows that are no contacts, such as totals
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
  const kinds = (head?.cells ?? []).map((cell) => kindOf(cell, page));
  const unused = (head?.cells ?? []).filter((cell, i) => cell && !kinds[i] && !NOT_NEEDED.includes(plain(cell)));
  const log: LogRead = { rows: [], dated: kinds.includes("date"), faults: [], ambiguous: false, unused, above, left: [] };
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
  const reading = new RowReading(kinds, page, log, first === "unclear" ? order : first);
  for (const row of body) {
    if (isContact(row.cells, head.cells, kinds)) reading.read(row);
    else log.left.push(row.line);
  }
  if (!log.rows.length) refuse("no_rows");
  return log;
}

function kindOf(heading: string, page: Known): string {
  const wanted = plain(heading);
  return named(HEADINGS, heading) ?? [...page.functions.names, "functions"].find((name) => plain(name) === wanted) ?? "";
}

/** Whether a row can be a contact. A total, the headings again, a row with one cell, and a row without a day and with at
 * most one of region, mode and hours are none, as in sim/scenario/log_map.py. */
function isContact(cells: string[], head: string[], kinds: string[]): boolean {
  const filled = cells.filter(Boolean);
  if (filled.length < 2 || (cells.length === head.length && cells.every((cell, i) => cell === head[i]))) return false;
  const at = (kind: string) => cells[kinds.indexOf(kind)] ?? "";
  const when = at("date") || at("week");
  if (readDay(when, "day") || readDay(when, "month")) return true;
  return !sumsUp(filled[0]) && ("value" in readNumber(when) || NEEDED.filter((kind) => !at(kind)).length < 2);
}

class RowReading {
  constructor(
    private kinds: string[],
    private page: Known,
    private log: LogRead,
    private order: DayOrder | null,
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
      const day = readDay(at("date"), this.order);
      if (day) row.date = isoDay(day);
      else refuse("date", at("date"));
    } else row.week = this.number("week", at("week"), refuse, true);
    row.region = at("region");
    if (!row.region) refuse("region", "");
    row.mode = named(MODES, at("mode"));
    if (!row.mode) refuse("mode", at("mode"), Object.values(MODES).flat());
    row.hours = this.number("hours", at("hours"), refuse, true);
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
  const { unused, above, left } = log;
  const minutes = likelyMinutes(log);
  return [
    ...(unused.length ? [say("unused", { count: unused.length, names: unused.map((one) => one.slice(0, 40)).join(", ") })] : []),
    ...(above ? [say("above", { count: above })] : []),
    ...(left.length ? [say("left", { count: left.length, rows: left.slice(0, 5).join(", ") + (left.length > 5 ? ", …" : "") })] : []),
    ...(minutes === null ? [] : [say("minutes", { hours: minutes })]),
  ];
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

const ISO = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ][\d:.]+Z?)?$/;
const PARTS = /^(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?:,? [\d:]+ ?[AP]?M?)?$/i;
const DAY_MONTH = /^(\d{1,2}) ([a-z]+) (\d{4})$|^(\d{1,2})-([a-z]+)-(\d{4}|\d\d)$/;
const MONTH_DAY = /^([a-z]+) (\d{1,2}) (\d{4})$/;
const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/** Whether the day or the month comes first, as far as the dates show it. */
export function dayFirst(texts: string[]): DayOrder | "unclear" {
  const parts = texts.map((text) => PARTS.exec(text)).filter((one) => one !== null);
  if (!parts.length || parts.some((one) => one[2] === ".")) return "day";
  if (parts.some((one) => Number(one[1]) > 12)) return "day";
  return parts.some((one) => Number(one[3]) > 12) ? "month" : "unclear";
}

/** A day from typed text; null where it cannot be read. 2026-03-09, 9 March 2026, Mar 9, 2026 and 9-Mar-26 need no order,
 * 9.3.2026 and 3/9/2026 do, as in sim/tables_in/values.py. */
export function readDay(text: string, order: DayOrder | null): Date | null {
  const iso = ISO.exec(text);
  if (iso) return dayIn(iso[1], iso[2], iso[3]);
  const parts = PARTS.exec(text);
  if (parts) return order && (order === "day" ? dayIn(parts[4], parts[3], parts[1]) : dayIn(parts[4], parts[1], parts[3]));
  const plain = text.toLowerCase().replace(/[,.]|(?<=\d)(st|nd|rd|th)\b/g, " ").replace(/\s+/g, " ").trim().replace(/^(mon|tue|wed|thu|fri|sat|sun)[a-z]* /, "");
  const named = DAY_MONTH.exec(plain);
  const [, month, day, year] = MONTH_DAY.exec(plain) ?? [];
  if (named) return dayIn(named[3] ?? named[6], monthNamed(named[2] ?? named[5]), named[1] ?? named[4]);
  return month ? dayIn(year, monthNamed(month), day) : null;
}

function monthNamed(text: string): string {
  return String(MONTHS.findIndex((name) => name === text || name.slice(0, 3) === text) + 1);
}

function dayIn(year: string, month: string, day: string): Date | null {
  return dayOf(`${year.padStart(4, "20")}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`);
}
