/** The planned cost of a scenario, as planned() of sim/model/dosage.py; compiled code adds it up. */
import type { Planned, Resources, Scenario } from "../types";
import { endOfTa, hoursEach, planStart, providerNames } from "./complete";
import type { Engine } from "./engine";
import { type Tables, tabulate } from "./job";

const TOTAL = 0;
const SPENT = 1;
const YEARS = 2;

/** The money to set aside: without chance, with every contact held and everybody invited present.
 *
 * parameters: a set in the order of layout.parameters, the scenario's own.
 */
export function planned(engine: Engine, scenario: Scenario, parameters: Float64Array): Planned {
  const { layout } = engine;
  const stagger = parameters[layout.parameters.indexOf("calendar_stagger")];
  const tables = tabulate(engine, scenario, stagger);
  const first = planStart(scenario);
  const weeks = scenario.dosage.length ? Math.max(1, endOfTa(scenario) - first + 1) : 0;
  const years = Math.ceil(weeks / layout.weeks_a_year);
  const { costs, providers } = priced(engine, scenario, tables, parameters, first, years);
  const row = (place: number): Resources => resources(layout.resources, costs, place);
  const of = (year: number, provider: number): Resources =>
    resources(layout.resources, providers, year * tables.sizes.providers + provider);
  const has = hoursEach(scenario);
  return {
    total: row(TOTAL),
    years: Array.from({ length: years }, (_, year) => row(YEARS + year)),
    spent: row(SPENT),
    weeks,
    by_provider: providerNames(scenario).map((name, provider) => ({
      name,
      hours: Array.from({ length: years }, (_, year) => of(year, provider).provider_hours),
      has: has[provider] * layout.weeks_a_year,
    })),
  };
}

function priced(
  engine: Engine,
  scenario: Scenario,
  { arrays, sizes }: Tables,
  parameters: Float64Array,
  first: number,
  years: number,
): { costs: Float64Array; providers: Float64Array } {
  const { contacts, contact_start, contact_count } = arrays;
  const columns = engine.layout.resources.length;
  return engine.call("price", {
    numbers: { first },
    arrays: {
      contacts, contact_start, contact_count,
      parameters: { type: "parameters", shape: [1], values: parameters },
      rates: { type: "float64", shape: [3], values: rates(scenario) },
      costs: { type: "float64", shape: [YEARS + years, columns] },
      providers: { type: "float64", shape: [years, sizes.providers, columns] },
    },
    wanted: ["costs", "providers"],
  }) as { costs: Float64Array; providers: Float64Array };
}

/** Prices of a provider hour, a staff hour and a visit. */
export function rates({ costs }: Scenario): number[] {
  return [costs.provider_hour, costs.staff_hour, costs.travel_visit];
}

function resources(names: string[], rows: Float64Array, row: number): Resources {
  const part = Object.fromEntries(names.map((name, i) => [name, rows[row * names.length + i]]));
  return {
    ...(part as unknown as Resources),
    provider_hours: part.contact_hours + part.preparation_hours + part.travel_hours,
    money: part.centre + part.regions,
  };
}
