/** Weeks as months, years and dates. A year is 52 weeks and a month a twelfth of it, as in sim.core.units. */

export const WEEKS_A_YEAR = 52;
const DAY = 86_400_000;

/** Months as whole weeks, at least 1; halves are rounded up. */
export function weeksOf(months: number): number {
  return Math.max(1, Math.floor((months * WEEKS_A_YEAR) / 12 + 0.5));
}

export function monthsOf(weeks: number): number {
  return (weeks * 12) / WEEKS_A_YEAR;
}

/** The number of months that gives exactly so many weeks; null if there is none.
 *
 * >>> [wholeMonths(104), wholeMonths(13), wholeMonths(6)]
 * [24, 3, null]
 */
export function wholeMonths(weeks: number): number | null {
  const months = Math.round(monthsOf(weeks));
  return months >= 1 && weeksOf(months) === weeks ? months : null;
}

/** A day (yyyy-mm-dd) as a date in UTC; null if the text is no day. */
export function dayOf(text: unknown): Date | null {
  if (text instanceof Date) return Number.isNaN(text.getTime()) ? null : text;
  const parts = typeof text === "string" ? /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) : null;
  if (!parts) return null;
  const day = new Date(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])));
  return day.toISOString().slice(0, 10) === text ? day : null;
}

export function isoDay(day: Date): string {
  return day.toISOString().slice(0, 10);
}

/** First day of a week; week 1 begins on `start`. */
export function firstDay(week: number, start: Date): Date {
  return new Date(start.getTime() + (week - 1) * 7 * DAY);
}

export function weekOfDay(day: Date, start: Date): number {
  return 1 + Math.floor((day.getTime() - start.getTime()) / (7 * DAY));
}

/** The first Monday of a month (0 to 11). */
export function firstMonday(year: number, month: number): Date {
  const first = new Date(Date.UTC(year, month, 1));
  return new Date(first.getTime() + ((8 - first.getUTCDay()) % 7) * DAY);
}

/** The first week whose first day lies in a calendar month or later; the month (0 to 11) begins with it. */
export function weekOfMonth(year: number, month: number, start: Date): number {
  const first = Date.UTC(year, month, 1);
  return Math.max(1, 1 + Math.ceil((first - start.getTime()) / (7 * DAY)));
}

/** A month: "Dec 2028" or "December 2028". */
export function monthName(day: Date, long = false): string {
  return day.toLocaleDateString("en-US", {
    month: long ? "long" : "short",
    year: "numeric",
    timeZone: "UTC",
  });
}

/** The name of a month of the year (1 to 12). */
export function nameOfMonth(month: number, long = true): string {
  return new Date(Date.UTC(2001, month - 1, 1)).toLocaleDateString("en-US", {
    month: long ? "long" : "short",
    timeZone: "UTC",
  });
}

export function dayName(day: Date): string {
  return day.toLocaleDateString("en-US", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

export interface MonthMark {
  first: number; // its first week
  last: number; // its last week
  day: Date | null; // first day of its first week; null without a start date
  number: number; // 1, 2, ... from the start
}

/** The months of a plan: calendar months where there is a start date, else of 52 / 12 weeks each. */
export function monthsBetween(horizon: number, start: Date | null): MonthMark[] {
  const found: MonthMark[] = [];
  for (let number = 1; ; number += 1) {
    const first = beginning(number, start);
    if (first > horizon) return found;
    const last = Math.min(horizon, beginning(number + 1, start) - 1);
    if (last >= first) {
      found.push({ first, last, day: start && firstDay(first, start), number });
    }
  }
}

function beginning(number: number, start: Date | null): number {
  if (number === 1) return 1;
  if (!start) return weeksOf(number - 1) + 1;
  return weekOfMonth(start.getUTCFullYear(), start.getUTCMonth() + number - 1, start);
}
