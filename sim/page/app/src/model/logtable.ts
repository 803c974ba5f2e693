/** A contact log as rows of a table: what each column is, what each row says, what cannot be read. */
import { readNumber } from "../setting/numbers";
import { choicesOf, rangeOf } from "../setting/read";
import { readCells, type RowFault } from "../setting/table";
import { dayOf, isoDay } from "../setting/weeks";
import type { Known } from "./check";

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
  invited: ["invited", "asked"],
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

export type DayOrder = "day" | "month"; // of 3/4/2026, which comes first

export interface ForeignLog {
  rows: Record<string, any>[]; // as a scenario has them; `date` in place of `week` where dated
  dated: boolean;
  faults: RowFault[];
  ambiguous: boolean; // dates that could be read in two ways: the order has to be chosen
}

export function plain(text: string): string {
  return text.toLowerCase().replace(/[_\-()%.:]/g, " ").replace(/\s+/g, " ").trim();
}

function named(known: Record<string, string[]>, text: string): string | undefined {
  const wanted = plain(text);
  return Object.keys(known).find((key) => known[key].includes(wanted));
}

/** The rows of a log as a spreadsheet has them. `order`: how 3/4/2026 is meant, where the dates do not show it. */
export function readForeign(text: string, page: Known, order: DayOrder | null): ForeignLog {
  const cells = readCells(text);
  const kinds = (cells[0] ?? []).map((cell) => named(HEADINGS, cell) ?? "");
  const table: ForeignLog = { rows: [], dated: kinds.includes("date") && !kinds.includes("week"), faults: [], ambiguous: false };
  const missing = ["region", "mode", "hours"].filter((kind) => !kinds.includes(kind));
  if (!kinds.includes("date") && !kinds.includes("week")) missing.unshift("date");
  if (missing.length) {
    table.faults.push({ row: 0, fault: "columns", text: missing.join(", ") });
    return table;
  }
  const body = cells.slice(1);
  const dates = table.dated ? body.map((row) => row[kinds.indexOf("date")]) : [];
  const shown = dayFirst(dates);
  table.ambiguous = table.dated && shown === "unclear";
  const first = shown === "unclear" ? order : shown;
  const reading = new RowReading(kinds, page, table);
  body.forEach((row, i) => reading.read(row, i + 2, first));
  if (!body.length) table.faults.push({ row: 0, fault: "no_rows", text: "" });
  return table;
}

class RowReading {
  constructor(
    private kinds: string[],
    private page: Known,
    private table: ForeignLog,
  ) {}

  read(cells: string[], number: number, order: DayOrder | null): void {
    const at = (kind: string) => (this.kinds.includes(kind) ? (cells[this.kinds.indexOf(kind)] ?? "") : "");
    const refuse = (fault: string, text: string) => this.table.faults.push({ row: number, fault, text: text.slice(0, 40) });
    const row: Record<string, any> = {};
    if (this.table.dated) {
      const day = readDay(at("date"), order);
      if (day) row.date = isoDay(day);
      else refuse("date", at("date"));
    } else row.week = this.number("week", at("week"), refuse, true);
    row.region = at("region");
    if (!row.region) refuse("region", "");
    row.mode = named(MODES, at("mode"));
    if (!row.mode) refuse("mode", at("mode"));
    row.hours = this.number("hours", at("hours"), refuse, true);
    for (const field of ["co_creation", "present", "invited"]) {
      const value = this.number(field, at(field), refuse, false);
      if (value !== undefined) row[field] = value;
    }
    const status = named(STATUSES, at("status"));
    if (!status || !choicesOf(this.page.schema, "LogRow", "status").includes(status)) refuse("status", at("status"));
    else if (status !== "held") row.status = status;
    for (const field of ["provider", "contact"]) if (at(field)) row[field] = at(field);
    this.table.rows.push(row);
  }

  private number(field: string, text: string, refuse: (fault: string, text: string) => void, needed: boolean): number | undefined {
    if (!text && !needed) return undefined;
    const outcome = readNumber(text);
    const limits = rangeOf(this.page.schema, "LogRow", field);
    if ("value" in outcome) {
      const value = outcome.value / (text.includes("%") ? 100 : 1);
      const fits = value >= limits.minimum && value <= limits.maximum && (!limits.whole || Number.isInteger(value));
      if (fits) return value;
    }
    refuse(field, text);
    return undefined;
  }
}

/** What stands in the way of a log, equal causes together, as sentences. */
export function faultTexts(faults: RowFault[], say: (path: string, values?: Record<string, string | number>) => string): string[] {
  const groups = new Map<string, { count: number; row: number; text: string }>();
  for (const one of faults) {
    const group = groups.get(one.fault);
    if (group) group.count += 1;
    else groups.set(one.fault, { count: 1, row: one.row, text: one.text });
  }
  return [...groups].map(([fault, { count, row, text }]) => {
    const more = count > 1 ? ` ${say("also", { count: count - 1 })}` : "";
    return say(`faults.${fault}`, { row, text }) + more;
  });
}

const SLASHED = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d\d)$/;

/** Whether the day or the month comes first, as the dates themselves show it. */
export function dayFirst(texts: string[]): DayOrder | "unclear" {
  const parts = texts.map((text) => SLASHED.exec(text)).filter((one) => one !== null);
  if (!parts.length || texts.some((text) => /^\d{1,2}\./.test(text))) return "day";
  if (parts.some((one) => Number(one[1]) > 12)) return "day";
  return parts.some((one) => Number(one[2]) > 12) ? "month" : "unclear";
}

/** A day as it was typed: 2026-03-09, 9.3.2026, 3/9/2026; null: not read. */
export function readDay(text: string, order: DayOrder | null): Date | null {
  const iso = dayOf(text.slice(0, 10));
  if (iso) return iso;
  const parts = SLASHED.exec(text);
  if (!parts || !order) return null;
  const [day, month] = order === "day" ? [parts[1], parts[2]] : [parts[2], parts[1]];
  const year = parts[3].length === 2 ? `20${parts[3]}` : parts[3];
  return dayOf(`${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`);
}
