/** The named weeks of a scenario, and keys by which equal runs are recognised. */
import { endOfTa, loggedWeeks, logRows, planStart } from "../model/complete";
import type { Moments, PageData, Scenario } from "../types";
import { Sets } from "./sets";

export const WEEKS_A_YEAR = 52;

/** Whether contacts are planned after those of a contact log. */
export const goesOnFromALog = (scenario: Scenario): boolean =>
  logRows(scenario).length > 0 && scenario.dosage.length > 0;

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

/** Weeks in ascending order, each once, without nulls. */
export const weeksOf = (some: Iterable<number | null>): number[] =>
  [...new Set([...some].filter((week): week is number => week !== null))].sort((a, b) => a - b);

/** Last weeks of the plan's years before the horizon, led by the week before the plan. */
export function yearEnds(scenario: Scenario, horizon: number): number[] {
  const found: number[] = [];
  for (let week = planStart(scenario) - 1; week < horizon; week += WEEKS_A_YEAR) {
    if (week >= 0) found.push(week);
  }
  return found;
}

const contents = new WeakMap<Scenario, string>();

/** The fields that determine a scenario's runs besides the seed, as a text. */
export function contentOf(scenario: Scenario): string {
  const found = contents.get(scenario);
  if (found !== undefined) return found;
  const { name: _name, question: _question, description: _description, seed: _seed, ...rest } = scenario;
  const made = canonical(rest);
  contents.set(scenario, made);
  return made;
}

/** JSON with sorted names, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    one && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.keys(one).sort().map((name) => [name, one[name]]))
      : one,
  ) ?? "";
}

/** The values of each parameter that varies between the sets, (sets,) each. */
export function variedColumns(data: PageData): Float64Array[] {
  const { sets } = new Sets(data);
  const names = data.parameters.map((one) => one.name);
  return data.sets.varied.map((name) => {
    const place = names.indexOf(name);
    return Float64Array.from(sets, (row) => row[place]);
  });
}
