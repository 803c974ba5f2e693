/** Calendars of a plan with the entries of `codose calendar`: CSV that can be read back as a contact log, and iCalendar files. */
import { dayOf, firstDay, planStart } from "../model/complete";
import { pythonFloat } from "../model/job";
import { readable } from "../setting/read";
import type { Contact } from "../model/contacts";
import type { PageData, Scenario } from "../types";
import { harmless } from "./csv";
import { uuid5 } from "./uuid";

/** Namespace of the events' identifiers. These are stable, so importing a calendar again updates its events. */
const SPACE = "0f7c1a52-6f0e-5d61-9b58-2f6a1c1f3a77";
const WORDS: Record<string, string> = { onsite: "Visit", video: "Video call", phone: "Phone call", email: "E-mail" };
const COLUMNS = [
  "region", "provider", "mode", "hours", "co_creation", "functions", "preparation_hours", "travel_hours",
  "provider_hours", "people_invited", "status",
];
const BOM = "\ufeff";

/** The contacts that a calendar holds: those of scheduled series, from the first planned week on. */
export function scheduled(scenario: Scenario, contacts: Contact[]): Contact[] {
  const first = planStart(scenario);
  return contacts.filter((one) => one.week >= first && one.timing === "scheduled");
}

/** The day of a week's contacts: the first day that is not skipped, else the first day. */
function dayIn(scenario: Scenario, week: number): string {
  return dayOf(scenario, week) ?? firstDay(week, scenario.start_date!);
}

function functionsText(functions: Contact["functions"], data: Pick<PageData, "functions">): string {
  const { names, presets } = data.functions;
  if (functions === null) return Object.keys(presets)[0];
  for (const [name, shares] of Object.entries(presets)) {
    if (names.every((one) => Math.abs((shares[one] ?? 0) - (functions[one] ?? 0)) < 1e-9)) return name;
  }
  const given = names.map((name): [number, string] => [functions[name], name]).filter(([share]) => share);
  const parts = given.sort((a, b) => b[0] - a[0]).map(([share, name]) => `${general(share, 2)} ${name}`);
  return [parts.slice(0, -1).join(", "), parts[parts.length - 1]].filter(Boolean).join(" and ");
}

/** A number in the form that Python's format "g" gives numbers of a calendar's size. */
function general(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

/** The calendar as a CSV table, which is a contact log once its column `status` is filled in. */
export function calendarCsv(scenario: Scenario, contacts: Contact[], data: Pick<PageData, "functions">): string {
  const dated = scenario.start_date != null;
  const quote = (text: string) => `"${harmless(text).replaceAll('"', '""')}"`;
  const rows = scheduled(scenario, contacts).map((one) =>
    [
      dated ? quote(dayIn(scenario, one.week)) : String(one.week),
      quote(one.region), quote(one.provider), quote(one.mode), pythonFloat(one.hours), pythonFloat(one.co_creation),
      quote(functionsText(one.functions, data)), pythonFloat(one.preparation_hours), pythonFloat(one.travel_hours),
      pythonFloat(one.hours + one.preparation_hours + one.travel_hours), String(one.seats), '""',
    ].join(","),
  );
  const head = [dated ? "date" : "week", ...COLUMNS].map(quote).join(",");
  const text = [head, ...rows].join("\n") + "\n";
  return /^[\x00-\x7f]*$/.test(text) ? text : BOM + text;
}

/** The calendar as an iCalendar file (RFC 5545): CRLF, lines folded at 75 bytes.
 *
 * scenario: it must have a start date. provider: whose contacts are listed; null: those of all providers.
 */
export function calendarIcs(
  scenario: Scenario, contacts: Contact[], provider: string | null, data: Pick<PageData, "functions" | "words">,
): string {
  const named = (name: string) => readable(name, data.words);
  const stamp = `${compact(scenario.start_date!)}T000000Z`;
  const lines = [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//codose//technical assistance plan//EN", "METHOD:PUBLISH",
    `X-WR-CALNAME:${(provider === null ? scenario.name : `${scenario.name}: ${named(provider)}`).replace(/[\r\n]+/g, " ")}`,
  ];
  const seen = new Map<string, number>();
  for (const one of scheduled(scenario, contacts)) {
    const key = `${scenario.name}|${one.region}|${one.week}|${one.mode}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (provider !== null && provider !== one.provider) continue;
    const day = dayIn(scenario, one.week);
    lines.push(
      "BEGIN:VEVENT",
      `UID:${uuid5(SPACE, `${key}|${seen.get(key)}`)}@codose`,
      `DTSTAMP:${stamp}`,
      `DTSTART;VALUE=DATE:${compact(day)}`,
      `DTEND;VALUE=DATE:${compact(next(day))}`,
      `SUMMARY:${escaped(`${WORDS[one.mode]}: ${named(one.region)}, ${general(one.hours, 3)} h (${named(one.provider)})`)}`,
      `DESCRIPTION:${escaped(description(one, data))}`,
      `CATEGORIES:${one.mode}`,
      "TRANSP:TRANSPARENT",
      "END:VEVENT",
    );
  }
  return [...lines, "END:VCALENDAR", ""].map(folded).join("\r\n");
}

function description(one: Contact, data: Pick<PageData, "functions">): string {
  const functions = functionsText(one.functions, data);
  const travel = one.travel_hours ? `, ${general(one.travel_hours, 3)} h of travel.` : ".";
  return [
    `Week ${one.week} of the plan; any day of the week will do.`,
    `${general(one.hours, 3)} h with ${one.seats} people; planned co-creation ${general(one.co_creation, 2)}.`,
    ...(functions === Object.keys(data.functions.presets)[0]
      ? []
      : [`What the time goes to: ${functions.replaceAll("_", " ")}.`]),
    `Provider: ${general(one.preparation_hours, 3)} h of preparation${travel}`,
    "From a simulation: what if, not forecast.",
  ].join("\n");
}

const compact = (day: string): string => day.replaceAll("-", "");

function next(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

function escaped(text: string): string {
  return text.replace(/[\\;,]/g, (letter) => `\\${letter}`).replace(/\r?\n/g, "\\n");
}

/** A line folded to at most 75 bytes a line, never within a character. */
function folded(line: string): string {
  const parts: string[] = [];
  let part = "";
  let size = 0;
  const bytes = new TextEncoder();
  for (const letter of line) {
    const length = bytes.encode(letter).length;
    if (size + length > 75) {
      parts.push(part);
      [part, size] = ["", 1];
    }
    part += letter;
    size += length;
  }
  return [...parts, part].join("\r\n ");
}
