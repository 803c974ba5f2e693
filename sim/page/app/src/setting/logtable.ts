/** A contact log as rows of a table: what each column is, what each row says, what cannot be read. */
import type { PageData, ScenarioData } from "../types";
import { readNumber } from "./numbers";
import { readCells, type RowFault } from "./table";
import { choicesOf, providersOf, rangeOf, readable, regionsOf, startOf } from "./read";
import { dayOf, isoDay, weekOfDay } from "./weeks";

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

export interface LogTable {
  rows: any[]; // as a scenario has them
  faults: RowFault[];
  start: string | null; // first day of week 1, where the rows have dates
  ambiguous: boolean; // dates that could be read in two ways: the order has to be chosen
  regions: string[]; // of the log, that the plan does not have
  providers: string[];
}

export function plain(text: string): string {
  return text.toLowerCase().replace(/[_\-()%.:]/g, " ").replace(/\s+/g, " ").trim();
}

function named(known: Record<string, string[]>, text: string): string | undefined {
  const wanted = plain(text);
  return Object.keys(known).find((key) => known[key].includes(wanted));
}

/** The rows of a pasted log. `order`: how 3/4/2026 is meant, where the dates do not show it. */
export function readLog(text: string, scenario: ScenarioData, data: PageData, order: DayOrder | null): LogTable {
  const cells = readCells(text);
  const kinds = (cells[0] ?? []).map((cell) => named(HEADINGS, cell) ?? "");
  const table: LogTable = { rows: [], faults: [], start: null, ambiguous: false, regions: [], providers: [] };
  const missing = ["region", "mode", "hours"].filter((kind) => !kinds.includes(kind));
  if (!kinds.includes("date") && !kinds.includes("week")) missing.unshift("date");
  if (missing.length) {
    table.faults.push({ row: 0, fault: "columns", text: missing.join(", ") });
    return table;
  }
  const body = cells.slice(1);
  const dates = kinds.includes("date") ? body.map((row) => row[kinds.indexOf("date")]) : [];
  const shown = dayFirst(dates);
  table.ambiguous = kinds.includes("date") && shown === "unclear";
  const first = shown === "unclear" ? order : shown;
  const days = dates.map((one) => readDay(one, first));
  const start = startOfLog(days, scenario);
  table.start = start && isoDay(start);
  const reading = new RowReading(kinds, scenario, data, table);
  body.forEach((row, i) => reading.read(row, i + 2, days[i] ?? null, start, dates[i]));
  if (!body.length) table.faults.push({ row: 0, fault: "no_rows", text: "" });
  table.regions = reading.unknown("region");
  table.providers = reading.unknown("provider");
  return table;
}

class RowReading {
  private regions: Map<string, string>;
  private providers: Map<string, string>;
  private strangers = { region: new Set<string>(), provider: new Set<string>() };

  constructor(
    private kinds: string[],
    scenario: ScenarioData,
    private data: PageData,
    private table: LogTable,
  ) {
    const byName = (names: string[]) =>
      new Map(names.flatMap((name) => [[plain(readable(name, data.words)), name] as const, [plain(name), name] as const]));
    this.regions = byName(regionsOf(scenario, data.schema).names);
    this.providers = byName(providersOf(scenario, data.schema).names);
  }

  unknown(kind: "region" | "provider"): string[] {
    return [...this.strangers[kind]];
  }

  read(cells: string[], number: number, day: Date | null, start: Date | null, dateText: string | undefined): void {
    const at = (kind: string) => (this.kinds.includes(kind) ? cells[this.kinds.indexOf(kind)] : "");
    const refuse = (fault: string, text: string) => this.table.faults.push({ row: number, fault, text: text.slice(0, 40) });
    const row: any = {};
    if (this.kinds.includes("week")) row.week = this.number("week", at("week"), refuse, true);
    else if (day && start) row.week = weekOfDay(day, start);
    else refuse("date", dateText ?? "");
    row.region = this.known("region", at("region"), refuse);
    row.mode = named(MODES, at("mode"));
    if (!row.mode) refuse("mode", at("mode"));
    row.hours = this.number("hours", at("hours"), refuse, true);
    for (const field of ["co_creation", "present", "invited"]) {
      const value = this.number(field, at(field), refuse, false);
      if (value !== undefined) row[field] = value;
    }
    const status = named(STATUSES, at("status"));
    if (!status || !choicesOf(this.data.schema, "LogRow", "status").includes(status)) refuse("status", at("status"));
    else if (status !== "held") row.status = status;
    if (at("provider")) row.provider = this.known("provider", at("provider"), refuse);
    if (at("contact")) row.contact = at("contact");
    this.table.rows.push(row);
  }

  private known(kind: "region" | "provider", text: string, refuse: (fault: string, text: string) => void): string {
    if (!text) refuse(kind, text);
    const found = (kind === "region" ? this.regions : this.providers).get(plain(text));
    if (!found && text) this.strangers[kind].add(text);
    return found ?? text;
  }

  private number(field: string, text: string, refuse: (fault: string, text: string) => void, needed: boolean): number | undefined {
    if (!text && !needed) return undefined;
    const outcome = readNumber(text);
    const limits = rangeOf(this.data.schema, "LogRow", field);
    if ("value" in outcome) {
      const value = outcome.value / (text.includes("%") ? 100 : 1);
      const fits = value >= limits.minimum && value <= limits.maximum && (!limits.whole || Number.isInteger(value));
      if (fits) return value;
    }
    refuse(field, text);
    return undefined;
  }
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

/** The first day of week 1: the plan's own, if the log begins later, else whole weeks before it, else the Monday before. */
function startOfLog(days: (Date | null)[], scenario: ScenarioData): Date | null {
  const times = days.filter((one) => one !== null).map((one) => one.getTime());
  if (!times.length) return null;
  const first = new Date(Math.min(...times));
  const own = startOf(scenario);
  const day = 86_400_000;
  if (own) {
    const weeks = Math.max(0, Math.ceil((own.getTime() - first.getTime()) / (7 * day)));
    return new Date(own.getTime() - weeks * 7 * day);
  }
  return new Date(first.getTime() - ((first.getUTCDay() + 6) % 7) * day);
}
