/** What a scenario says of its weeks, and the worlds that it is compared with: as sim/scenario/scenario.py. */
import type { Moments, PageData, Scenario } from "../types";

export const WEEKS_A_YEAR = 52;

const rowsOf = (scenario: Scenario): { week: number }[] => scenario.contact_log?.rows ?? [];

export const hasTa = (scenario: Scenario): boolean =>
  scenario.dosage.length > 0 || rowsOf(scenario).length > 0;

/** Whether contacts are planned after those of a contact log. */
export const goesOnFromALog = (scenario: Scenario): boolean =>
  Boolean(scenario.contact_log) && scenario.dosage.length > 0;

/** Last week with a logged contact; 0 without a log. */
export const loggedWeeks = (scenario: Scenario): number =>
  rowsOf(scenario).reduce((last, row) => Math.max(last, row.week), 0);

/** First week of what is planned: of the first series, else the week after the log. */
export function planStart(scenario: Scenario): number {
  const first = scenario.dosage.map((series) => series.first_week);
  return first.length ? Math.min(...first) : loggedWeeks(scenario) + 1;
}

/** Last week of any series or logged contact; the horizon when there is none. */
export function endOfTa(scenario: Scenario): number {
  const last = scenario.dosage.map((series) => series.last_week ?? scenario.horizon_weeks);
  if (rowsOf(scenario).length) last.push(loggedWeeks(scenario));
  return last.length ? Math.max(...last) : scenario.horizon_weeks;
}

export function momentsOf(scenario: Scenario): Moments {
  const end = endOfTa(scenario);
  const later = end + WEEKS_A_YEAR;
  return {
    start: 0,
    now: loggedWeeks(scenario) || null,
    end_of_ta: end,
    year_after: later <= scenario.horizon_weeks ? later : null,
    horizon: scenario.horizon_weeks,
  };
}

/** Weeks in order, each once. */
export const weeksOf = (some: Iterable<number | null>): number[] =>
  [...new Set([...some].filter((week): week is number => week !== null))].sort((a, b) => a - b);

/** Ends of the years of the plan before a week, the week before the plan first. */
export function yearEnds(scenario: Scenario, horizon: number): number[] {
  const found: number[] = [];
  for (let week = planStart(scenario) - 1; week < horizon; week += WEEKS_A_YEAR) {
    if (week >= 0) found.push(week);
  }
  return found;
}

/** The same world without assistance: no series and no log; all else stays. */
export const withoutTa = (scenario: Scenario): Scenario => ({ ...scenario, dosage: [], contact_log: null });

/** The same world in which assistance ends with the contact log. */
export const stoppingNow = (scenario: Scenario): Scenario => ({ ...scenario, dosage: [] });

/** What makes its runs, as a text: neither name nor words nor seed. */
export function contentOf(scenario: Scenario): string {
  const { name: _name, question: _question, description: _description, seed: _seed, ...rest } = scenario;
  return canonical(rest);
}

/** JSON with names in order, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    one && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.keys(one).sort().map((name) => [name, one[name]]))
      : one,
  ) ?? "";
}

/** Position of the provider of each region. */
export function assignment(scenario: Scenario, regions: string[], providers: string[]): number[] {
  const said: Record<string, string> | null = scenario.providers?.assignment ?? null;
  return regions.map((region, place) =>
    said ? providers.indexOf(said[region]) : place % Math.max(1, providers.length),
  );
}

// --- plausible sets --------------------------------------------------------------------------------

/** The plausible sets of the page, (parameters,) each. */
export class PlausibleSets {
  readonly rows: Float64Array[];
  readonly varied: string[];
  private readonly place: Map<string, number>;

  constructor(data: PageData) {
    const bytes = Uint8Array.from(atob(data.sets.values), (one) => one.charCodeAt(0));
    const all = new Float64Array(bytes.buffer);
    const width = all.length / data.sets.count;
    this.rows = Array.from({ length: data.sets.count }, (_, set) =>
      all.slice(set * width, (set + 1) * width),
    );
    this.varied = data.sets.varied;
    this.place = new Map(data.parameters.map((one, place) => [one.name, place]));
  }

  /** As a scenario uses them: what its file says holds in every set. */
  within(scenario: Scenario): Float64Array[] {
    const own = Object.entries((scenario.parameters ?? {}) as Record<string, number>);
    return this.rows.map((row) => {
      const copy = row.slice();
      for (const [name, value] of own) copy[this.place.get(name)!] = value;
      return copy;
    });
  }

  /** (sets,) of each parameter that varies. */
  columns(): Float64Array[] {
    return this.varied.map((name) => {
      const place = this.place.get(name)!;
      return Float64Array.from(this.rows, (row) => row[place]);
    });
  }
}
