/** A plan in one line of text: its series, their phases in order, and its events. */
import type { PageData, ScenarioData, Series } from "../types";
import {
  defaultOf,
  endOfTa,
  horizonOf,
  loggedWeeks,
  phasesOf,
  planStart,
  presetOf,
  readable,
  seriesOf,
  startOf,
} from "./read";
import { capital, listed, percent, say, shown, type Values } from "./say";
import { firstDay, monthName, monthsOf, nameOfMonth, WEEKS_A_YEAR, wholeMonths } from "./weeks";

/** A series that begins or ends within so many weeks of the plan counts as going on for all of it. */
const SLACK = 4;
const MOST_EVENTS = 3;

type Tell = (path: string, values?: Values) => string;

/** What the text of a plan is made from: words, the scenario, its start date, its first and last week of assistance. */
interface Telling {
  say: Tell;
  scenario: ScenarioData;
  data: PageData;
  start: Date | null;
  first: number;
  end: number;
}

/** "Video every 2 weeks, 1.5 h; a visit twice a year, 4 h; for 24 months; a provider leaves in July 2027". */
export function lineOf(scenario: ScenarioData, data: PageData): string {
  const telling: Telling = {
    say: (path, values) => say(data.words, `setting.line.${path}`, values),
    scenario,
    data,
    start: startOf(scenario),
    first: planStart(scenario),
    end: endOfTa(scenario, data.schema),
  };
  const parts = [...contactParts(telling), ...eventParts(telling), ...skipParts(telling)];
  return capital(parts.join("; "));
}

/** "24 months": whole months where there are, above a year nearly whole ones ("about"), else weeks. */
export function lengthOf(weeks: number, data: PageData): string {
  const months = wholeMonths(weeks);
  if (months) return say(data.words, "setting.line.months", { count: months });
  const about = monthsOf(weeks);
  if (weeks > WEEKS_A_YEAR && Math.abs(about - Math.round(about)) < 0.3) {
    return say(data.words, "setting.line.about_months", { count: Math.round(about) });
  }
  return say(data.words, "setting.line.weeks", { count: weeks });
}

/** "every 2 weeks", "twice a year": the number of weeks, or a name with exactly this meaning. */
export function rhythmOf(weeks: number, data: PageData): string {
  const named: Record<number, string> = { 1: "weekly", 13: "quarterly", 26: "half_yearly", 52: "yearly" };
  const name = named[weeks];
  return say(data.words, `setting.line.rhythm.${name ?? "every"}`, { weeks: shown(weeks) });
}

/** "in July 2027": the month of a week, by its number in the plan where there is no start date. */
export function inWeek(week: number, scenario: ScenarioData, data: PageData): string {
  const start = startOf(scenario);
  if (start) {
    return say(data.words, "setting.line.in_month", { month: monthName(firstDay(week, start), true) });
  }
  return say(data.words, "setting.line.in_month_number", { number: monthNumber(week) });
}

/** The month of the plan (from 1) in which a week begins. */
export function monthNumber(week: number): number {
  return Math.floor(((week - 1) * 12) / WEEKS_A_YEAR + 1e-9) + 1;
}

// --- contacts ------------------------------------------------------------------------------------

function contactParts(telling: Telling): string[] {
  const { scenario, data } = telling;
  const series = seriesOf(scenario, data);
  const logged = loggedWeeks(scenario);
  const past = logged ? [telling.say("after_log", { length: lengthOf(logged, data) })] : [];
  if (!series.length) return [...past, telling.say(logged ? "stops" : "none")];
  const chains = phasesOf(series).sort((a, b) => order(series, a) - order(series, b));
  const shared = sharedTerms(series, telling);
  const told = chains.map((phases) => chainText(phases, telling, shared));
  const all = chains.some((phases) => reachesBothEnds(phases, telling) && !single(phases[0], telling));
  const length = lengthOf(telling.end - telling.first + 1, data);
  return [...past, ...told, ...Object.values(shared), ...(all ? [telling.say("for", { length })] : [])];
}

/** The index in the file of a chain's first phase; chains are sorted by it. */
function order(series: Series[], phases: Series[]): number {
  return series.indexOf(phases[0]);
}

/** Terms that are equal in all series and differ from the default; they are written once. */
function sharedTerms(series: Series[], telling: Telling): Record<string, string> {
  const found: Record<string, string> = {};
  if (series.length < 2) return found;
  for (const name of ["functions", "together"] as const) {
    const texts = new Set(series.map((one) => TERMS[name](one, telling)));
    const [text] = texts;
    if (texts.size === 1 && text) found[name] = telling.say("all", { what: text });
  }
  return found;
}

function chainText(phases: Series[], telling: Telling, shared: Record<string, string>): string {
  const [first, ...later] = phases;
  const inside = Object.keys(TERMS).filter((name) => !(name in shared)) as Term[];
  let text = `${opening(first, telling)}${terms(first, inside, telling)}`;
  text += phaseSpan(first, phases, telling);
  let before = first;
  for (const next of later) {
    text += `, ${turn(before, next, inside, telling)}`;
    before = next;
  }
  return text;
}

function opening(series: Series, telling: Telling): string {
  if (single(series, telling)) {
    return telling.say(`single.${series.mode}`, { hours: hoursText(series, telling) });
  }
  const kind = series.timing === "on_demand" ? "on_demand" : series.timing;
  const rhythm = telling.say(`timing.${kind}`, { rhythm: rhythmOf(series.every_weeks, telling.data) });
  return telling.say(`mode.${series.mode}`, { rhythm, hours: hoursText(series, telling) });
}

/** Whether the weeks of a scheduled series have room for one contact only. */
function single(series: Series, telling: Telling): boolean {
  const last = series.last_week ?? telling.end;
  return series.timing === "scheduled" && last - series.first_week < series.every_weeks;
}

function hoursText(series: Series, telling: Telling): string {
  if (series.taper === 1 || single(series, telling)) return telling.say("hours", { hours: series.hours });
  const end = Number((series.hours * series.taper).toFixed(2));
  return telling.say(series.taper < 1 ? "falling" : "rising", { hours: series.hours, end });
}

type Term = keyof typeof TERMS;

const TERMS = {
  functions(series: Series, telling: Telling): string {
    const preset = presetOf(series.functions, telling.data);
    if (preset === Object.keys(telling.data.functions.presets)[0]) return "";
    return telling.say(`functions.${preset}`);
  },
  together(series: Series, telling: Telling): string {
    const usual = defaultOf(telling.data.schema, "ContactSeries", "co_creation");
    if (Array.isArray(series.co_creation)) {
      const [from, to] = series.co_creation;
      return telling.say("together_changes", { from: percent(from), to: percent(to) });
    }
    if (series.co_creation === usual) return "";
    const how = series.co_creation === 0 ? "none" : series.co_creation === 1 ? "all" : "some";
    return telling.say(`together.${how}`, { share: percent(series.co_creation) });
  },
  invited(series: Series, telling: Telling): string {
    return series.invited === 1 ? "" : telling.say("invited", { share: percent(series.invited) });
  },
};

function terms(series: Series, names: Term[], telling: Telling): string {
  return names
    .map((name) => TERMS[name](series, telling))
    .filter(Boolean)
    .map((text) => `, ${text}`)
    .join("");
}

/** The time span of a chain of phases, where it is not the whole plan. */
function phaseSpan(first: Series, phases: Series[], telling: Telling): string {
  if (single(first, telling)) return ` ${inWeek(first.first_week, telling.scenario, telling.data)}`;
  const late = first.first_week - telling.first > SLACK;
  const last = phases.length === 1 && endsEarly(first, telling);
  if (!late && !last) return "";
  const from = point(first.first_week, telling);
  const to = point(first.last_week ?? telling.end, telling, true);
  if (late && last) return `, ${telling.say("from_to", { from, to })}`;
  return `, ${telling.say(late ? "from" : "until", { from, to })}`;
}

function endsEarly(series: Series, telling: Telling): boolean {
  return telling.end - (series.last_week ?? horizonOf(telling.scenario, telling.data.schema)) > SLACK;
}

function reachesBothEnds(phases: Series[], telling: Telling): boolean {
  const last = phases[phases.length - 1];
  return phases[0].first_week - telling.first <= SLACK && !endsEarly(last, telling);
}

/** The text of a later phase: what changes from the phase before. */
function turn(before: Series, next: Series, names: Term[], telling: Telling): string {
  const gap = next.first_week - (before.last_week ?? telling.end) - 1 > SLACK;
  const from = point(next.first_week, telling);
  const pause = gap ? `${telling.say("pause", { from: point(before.last_week!, telling, true) })} ` : "";
  let text: string;
  if (single(next, telling)) {
    text = `${telling.say("then_single")} ${opening(next, telling)} ${inWeek(next.first_week, telling.scenario, telling.data)}`;
  } else {
    const changed = changes(before, next, names, telling);
    const what = changed.length ? changed.join(", ") : telling.say("same_again");
    text = telling.say("then", { from, what });
  }
  const last = endsEarly(next, telling) ? `, ${telling.say("until", { to: point(next.last_week!, telling, true) })}` : "";
  return pause + text + last;
}

function changes(before: Series, next: Series, names: Term[], telling: Telling): string[] {
  const found: string[] = [];
  if (before.every_weeks !== next.every_weeks || before.timing !== next.timing) {
    const rhythm = rhythmOf(next.every_weeks, telling.data);
    found.push(telling.say(`timing.${next.timing}`, { rhythm }));
  }
  if (before.hours !== next.hours || before.taper !== next.taper) found.push(hoursText(next, telling));
  for (const name of names) {
    const [was, is] = [before, next].map((one) => TERMS[name](one, telling));
    if (was !== is) found.push(is || telling.say(`usual.${name}`));
  }
  return found;
}

/** A week in words: its month where there is a date, else the year, month or week of the plan. */
function point(week: number, telling: Telling, last = false): string {
  if (telling.start) return monthName(firstDay(week, telling.start), true);
  const begins = last ? week : week - 1;
  if (begins % WEEKS_A_YEAR === 0 && begins > 0) {
    return telling.say("year", { number: begins / WEEKS_A_YEAR + (last ? 0 : 1) });
  }
  const months = begins > 0 ? wholeMonths(begins) : 0;
  if (months !== null) return telling.say("month", { number: months + (last ? 0 : 1) });
  return telling.say("week", { number: week });
}

// --- events --------------------------------------------------------------------------------------

function eventParts(telling: Telling): string[] {
  const events = [...(telling.scenario.shocks ?? [])].sort((a, b) => a.week - b.week);
  const told = events.slice(0, MOST_EVENTS).map((one) => eventLine(one, telling.scenario, telling.data));
  const more = events.length - told.length;
  const works = telling.scenario.delivery_work ?? [];
  const work = Array.isArray(works) ? works : [works];
  return [
    ...told,
    ...(more > 0 ? [telling.say("more_events", { count: more })] : []),
    ...work.map((one) => telling.say("delivery", { from: point(one.week, telling), to: point(one.until_week, telling, true) })),
  ];
}

/** An event in words: "a provider leaves in July 2027". */
export function eventLine(event: any, scenario: ScenarioData, data: PageData): string {
  const tell: Tell = (path, values) => say(data.words, `setting.event_line.${path}`, values);
  const when = inWeek(event.week, scenario, data);
  const where = event.region
    ? tell("where", { region: readable(event.region, data.words) })
    : tell("everywhere");
  if (event.kind === "provider_leaves") {
    const numbered = /^provider_\d+$/.test(event.provider);
    return numbered ? tell("provider", { when }) : tell("named_provider", { when, who: event.provider });
  }
  if (event.kind === "staff_leave") return tell("staff", { share: percent(event.share), where, when });
  const until = event.until_week ?? horizonOf(scenario, data.schema);
  const span = spanLine(event.week, until, scenario, data);
  if (event.kind === "demand_rise") {
    return tell(event.by < 0 ? "less_demand" : "more_demand", { where, span, by: shown(Math.abs(event.by)) });
  }
  if (event.factor === 0) return tell("no_contacts", { span });
  if (event.factor < 1) return tell("cut", { span, by: percent(1 - event.factor) });
  return tell("raised", { span, factor: shown(event.factor) });
}

/** "from July 2027 to December 2027", "in July 2027". */
export function spanLine(week: number, until: number, scenario: ScenarioData, data: PageData): string {
  const from = inWeek(week, scenario, data);
  if (from === inWeek(until, scenario, data)) return from;
  const telling = { start: startOf(scenario), say: (path: string, values?: Values) => say(data.words, `setting.line.${path}`, values) };
  const points = { from: point(week, telling as Telling), to: point(until, telling as Telling, true) };
  return telling.say("from_to", points);
}

function skipParts(telling: Telling): string[] {
  const skip = telling.scenario.skip;
  if (!skip) return [];
  const parts: string[] = [];
  const and = telling.say("and");
  if (skip.months?.length) {
    parts.push(telling.say("skip_months", { months: listed(skip.months.map((one: number) => nameOfMonth(one)), and) }));
  }
  if (skip.weeks?.length) parts.push(telling.say("skip_weeks", { count: skip.weeks.length }));
  if (skip.dates?.length) parts.push(telling.say("skip_dates"));
  return parts;
}
