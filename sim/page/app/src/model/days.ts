/** Days and durations as people and spreadsheets write them, as in sim/tables_in/values.py. */
import { rollup } from "d3-array";
import { readNumber } from "../setting/numbers";
import { dayOf } from "../setting/weeks";

export type DayOrder = "day" | "month"; // which comes first in 3/4/2026
export type NoDay = "empty" | "part" | "serial" | "unreal" | "order" | "other";

const FIRST_YEAR = 1900;
const LAST_YEAR = 2199;
export const CENTURY = 2000; // a year of two digits is one of these hundred
const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]* /;
const CLOCK_TIME = String.raw`\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)? ?(?:[ap]\.?m\.?)?`;
const TIME = new RegExp(String.raw`(?<=\d)(?:t|,? )${CLOCK_TIME}(?: ?- ?${CLOCK_TIME})?(?: ?(?:z|[a-z]{3,4}|[+-]\d\d:?\d\d))?$`);
const ISO = /^(\d{4}) ?[-/.] ?(\d{1,2}) ?[-/.] ?(\d{1,2})(?:[t ][\d:.]+z?)?$/;
const COMPACT = /^(\d{4})(\d\d)(\d\d)$/;
const PARTS = /^(\d{1,2}) ?([/.-]) ?(\d{1,2}) ?\2 ?(\d{4}|\d\d)$/;
const DAY_MONTH = /^(?<day>\d{1,2}) ?(?<month>[a-z]{3,}) ?(?<year>\d{4}|\d\d)$/;
const MONTH_DAY = /^(?<month>[a-z]{3,}) ?(?<day>\d{1,2}) (?<year>\d{4}|\d\d)$/;
const YEAR_MONTH_DAY = /^(?<year>\d{4}) ?(?<month>[a-z]{3,}) ?(?<day>\d{1,2})$/;
const SOME = /^(?:\d{1,2} ?[/.-] ?\d{1,2}\.?|\d{1,2} ?[a-z]{3,}|[a-z]{3,} ?(?:\d{4}|\d{1,2}))$/;
const SERIAL = /^[1-9]\d{4}(?:\.\d+)?$/;

/** A date in small letters, without the day of the week and the time of day. */
function typedDay(text: string): string {
  const plain = text.replace(/[\u2010-\u2014\u2212]/g, "-").toLowerCase().replace(/\s+/g, " ").trim();
  return plain.replace(WEEKDAY, "").replace(TIME, "").replace(/['\u2019](?=\d\d$)/, "");
}

/** A date with its month in letters, with spaces alone between its parts. */
function spelledDay(typed: string): string {
  return typed
    .replace(/^([a-z]{3,})([-/])(\d{1,2})\2(\d{2,4})$/, "$1 $3 $4")
    .replace(/(?<=\d)(?:st|nd|rd|th)\b(?: of\b)?/g, " ")
    .replace(/[,.]|(?<=[a-z])[-/]|[-/](?=[a-z])/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** Year, month and day of a text, which need not exist; null for any other text. */
function partsOf(text: string, order: DayOrder | null): { year: string; month: number; day: number } | null {
  const typed = typedDay(text);
  const iso = ISO.exec(typed) ?? COMPACT.exec(typed);
  if (iso) return { year: iso[1], month: Number(iso[2]), day: Number(iso[3]) };
  const parts = PARTS.exec(typed);
  if (parts) {
    const [one, other] = [Number(parts[1]), Number(parts[3])];
    return order && { year: parts[4], month: order === "month" ? one : other, day: order === "month" ? other : one };
  }
  const spelled = spelledDay(typed);
  const named = (DAY_MONTH.exec(spelled) ?? MONTH_DAY.exec(spelled) ?? YEAR_MONTH_DAY.exec(spelled))?.groups;
  const month = named ? 1 + MONTHS.findIndex((name) => name.startsWith(named.month)) : 0;
  return month ? { year: named!.year, month, day: Number(named!.day) } : null;
}

/** Whether the day or the month comes first in a column of dates; null where neither needs to be known. What dates with
 * slashes show is not taken for those with dots, and the other way round. */
export function dayFirst(texts: string[]): DayOrder | "unclear" | null {
  const parts = texts.map((text) => PARTS.exec(typedDay(text))).filter((one) => one !== null);
  const orderOf = (one: RegExpExecArray): DayOrder[] => {
    const [first, second] = [Number(one[1]) > 12, Number(one[3]) > 12];
    return first === second ? [] : [first ? "day" : "month"];
  };
  const each = [...rollup(parts, (some) => some.flatMap(orderOf), (one) => one[2]).values()];
  const known = new Set(each.flat());
  if (!parts.length) return null;
  return known.size === 1 && each.every((some) => some.length) ? [...known][0] : "unclear";
}

/** A day from text; null where it cannot be read. 2026-03-09, 9 March 2026, Mar 9, 2026 and 9-Mar-26 need no order,
 * 9.3.2026 and 3/9/2026 do. A year of two digits is 20 and these digits. */
export function readDay(text: string, order: DayOrder | null): Date | null {
  const parts = partsOf(text, order);
  if (!parts) return null;
  const year = Number(parts.year) + (parts.year.length === 2 ? CENTURY : 0);
  const two = (value: number) => String(value).padStart(2, "0");
  return year >= FIRST_YEAR && year <= LAST_YEAR ? dayOf(`${year}-${two(parts.month)}-${two(parts.day)}`) : null;
}

/** Why `readDay` finds no day in a text: day, month or year is missing (part), it is the number by which a spreadsheet
 * keeps a day (serial), the day does not exist (unreal), or day and month stand in another order. */
export function noDay(text: string, order: DayOrder | null): NoDay {
  if (!text) return "empty";
  const typed = typedDay(text);
  if (PARTS.test(typed)) {
    const others = (["day", "month"] as const).filter((one) => one !== order);
    return others.some((one) => readDay(text, one)) ? "order" : "unreal";
  }
  if (partsOf(text, order)) return "unreal";
  if (SERIAL.test(typed)) return "serial";
  return SOME.test(spelledDay(typed)) || SOME.test(typed) ? "part" : "other";
}

const CLOCK = /^(1?\d|2[0-3]):([0-5]\d)(?::00)?$/;
const LETTERS = /^(\d+)\s*h\s*([0-5]?\d)\s*(?:m|min|mins)?$/;
const MEASURED = /^(?:([\d.,]+)\s*(?:h|hr|hrs|hour|hours|std|stunden))?[\s,]*(?:and\s+)?(?:([\d.,]+)\s*(?:m|min|mins|minute|minutes)\.?)?$/;

/** Hours of a duration such as 1.5, 1:30, 90 min, 1.5 hrs or 1h30; null where a text is none. `unit` is that of a bare number. */
export function readHours(text: string, unit: "hours" | "minutes"): number | null {
  const low = text.toLowerCase().replace(/\s+/g, " ").trim();
  const clock = CLOCK.exec(low) ?? LETTERS.exec(low);
  if (clock) return (60 * Number(clock[1]) + Number(clock[2])) / 60;
  const measured = MEASURED.exec(low);
  if (measured && (measured[1] || measured[2])) {
    const [hours, minutes] = [measured[1], measured[2]].map((part) => (part ? bare(part) : 0));
    if (hours !== null && minutes !== null) return (60 * hours + minutes) / 60;
  }
  const value = low.includes("%") ? null : bare(low);
  return value === null ? null : unit === "minutes" ? value / 60 : value;
}

function bare(text: string): number | null {
  const outcome = readNumber(text);
  return "value" in outcome ? outcome.value : null;
}
