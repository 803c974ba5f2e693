/** Formats numbers, money, shares and dates for the page, and fills in sentences.
 *
 * The formats are those of sim/present/format.py, so that a number reads the same in a report. Only the
 * minus is the typographic sign, as nobody computes with the numbers of the page.
 */
import { filled } from "./filled";
import { isolated } from "./isolated";

export const EMPTY = "–";
const ROUNDING = 1e-12;
const MINUS = "−";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LONG = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
  "December",
];
const DAY = 86_400_000;

export type Values = Record<string, string | number>;

/** Fill a template such as "{a} of {b}". Throws an error for a placeholder without a value. */
export function fill(template: string, values: Values = {}): string {
  return filled(template, (name) => {
    const value = values[name];
    if (value === undefined || value === null) throw new Error(`no value for {${name}} in "${template}"`);
    return isolated(value);
  });
}

/** A size with so many decimals; from the middle between two it goes to the even one, as Python does in reports. */
function rounded(size: number, places: number): string {
  const text = size.toFixed(places);
  const middle = Number.isInteger(size * 2 ** (places + 1)) && (size * 10 ** places) % 1 === 0.5;
  const last = Number(text.at(-1));
  return middle && last % 2 ? text.slice(0, -1) + (last - 1) : text;
}

/** A whole number; from the middle between two it goes to the even one. */
export function evenly(value: number): number {
  return Math.sign(value) * Number(rounded(Math.abs(value), 0));
}

function grouped(value: number, places: number): string {
  const [whole, part] = rounded(Math.abs(value), places).split(".");
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + (part ? `.${part}` : "");
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** Two decimals below 10, one below 100, none beyond; one digit where two decimals would show 0. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return EMPTY;
  const size = Math.abs(value);
  if (size < ROUNDING) return "0";
  if (Number.isInteger(value)) return grouped(value, 0);
  if (size < 0.005) return String(Number(value.toPrecision(1))).replace("-", MINUS);
  const places = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return grouped(value, places);
}

/** A level between 0 and 1 or beyond: always two decimals below 10, so that columns line up. */
export function level(value: number): string {
  if (!Number.isFinite(value)) return EMPTY;
  return Math.abs(value) < 9.995 ? grouped(value, 2) : number(value);
}

/** A difference, with its sign: two decimals below 10. */
export function signed(value: number): string {
  const text = level(value);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** "0.02 to 0.05". */
export function interval(low: number, high: number, form: (value: number) => string = level): string {
  return Number.isFinite(low) && Number.isFinite(high) ? `${form(low)} to ${form(high)}` : EMPTY;
}

/** Three significant digits, written plainly: for parameters. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return EMPTY;
  const rounded = Number(value.toPrecision(3));
  if (rounded === 0) return "0";
  if (Math.abs(rounded) >= 1000) return grouped(rounded, 0);
  return String(rounded).replace("-", MINUS);
}

/** A share in percent; only 1 reads as 100 %, and only 0 as 0 %. */
export function percent(value: number): string {
  if (!Number.isFinite(value)) return EMPTY;
  const rounded = evenly(100 * value);
  if (rounded >= 100 && value < 1) return "over 99 %";
  if (rounded === 0 && value > 0) return "under 1 %";
  return `${grouped(rounded, 0)} %`;
}

/** "143 of 200": shares of runs are given with their numbers. */
export function outOf(hits: number, all: number): string {
  return `${grouped(hits, 0)} of ${grouped(all, 0)}`;
}

export function whole(value: number): string {
  return Number.isFinite(value) ? grouped(value, 0) : EMPTY;
}

/** An amount of money: a sign goes before it ("$1,200"), letters after it ("1,200 EUR"). */
export function money(value: number, currency: string): string {
  if (!Number.isFinite(value)) return EMPTY;
  const small = Math.abs(value) < 99.995 && !Number.isInteger(Number(value.toFixed(2)));
  const text = grouped(value, small ? 2 : 0);
  if (!currency) return text;
  if (/[A-Za-z]$/.test(currency)) return `${text} ${currency}`;
  return text.startsWith(MINUS) ? `${MINUS}${currency}${text.slice(1)}` : `${currency}${text}`;
}

/** An amount of a plan, without its cents. */
export function wholeMoney(value: number, currency: string): string {
  return money(evenly(value), currency);
}

/** An amount in three digits, for the mean of runs, which is known no better. */
export function about(value: number, currency: string): string {
  return money(Number(value.toPrecision(3)), currency);
}

/** For axes and bars: "138 k", "1.2 M". */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (size >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`;
  return number(Number(value.toPrecision(3)));
}

/** Working hours; decimals only where they are few. */
export function hours(value: number): string {
  if (!Number.isFinite(value)) return EMPTY;
  const size = Math.abs(value);
  const text = grouped(value, size < 10 ? 2 : size < 100 ? 1 : 0);
  return `${text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text} h`;
}

export function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** "a, b and c". */
export function list(items: string[], and = "and"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${and} ${items[items.length - 1]}`;
}

// --- time ------------------------------------------------------------------------------------------

/** First day of a week, in UTC: as sim.core.units.first_day. */
export function firstDay(week: number, start: string): Date {
  return new Date(Date.parse(`${start}T00:00:00Z`) + (week - 1) * 7 * DAY);
}

/** The place of a day on an axis of weeks, where week w ends at w. */
export function weekOf(day: Date, start: string): number {
  return (day.getTime() - Date.parse(`${start}T00:00:00Z`)) / (7 * DAY);
}

/** "Dec 2028"; "week 104" where no date is known. */
export function month(week: number, start: string | null | undefined): string {
  if (!start) return `week ${week}`;
  const day = firstDay(Math.max(1, week), start);
  return `${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
}

/** "December 2028"; "week 104" where no date is known. */
export function longMonth(week: number, start: string | null | undefined): string {
  if (!start) return `week ${week}`;
  const day = firstDay(Math.max(1, week), start);
  return `${LONG[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
}

/** "Jan 27": for ticks. */
export function tickMonth(day: Date): string {
  return `${MONTHS[day.getUTCMonth()]} ${String(day.getUTCFullYear()).slice(2)}`;
}

export function isoDay(day: Date): string {
  return day.toISOString().slice(0, 10);
}
