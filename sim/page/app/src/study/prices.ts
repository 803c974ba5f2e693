/** Prices: the planned cost of a search's candidates, a year.
 *
 * Planned cost is linear in the hours of a series (see sim.studies.surface.grid), so that three calendars price
 * visits and calls of any length in one rhythm.
 */
import type { Budget, Planned, Scenario } from "../types";
import type { Choice, Space } from "./space";
import { inTurns } from "./turns";

export interface Taken {
  most: number; // cost to the budget's payer in the dearest year of 52 weeks, which is compared with the budget
  spend: number; // the same a year on average, by which plans are ranked
  centre: number; // cost to the centre, a year on average
}

const most = (values: readonly number[]): number => values.reduce((high, one) => Math.max(high, one), 0);

/** Planned cost of each year to the budget's payer. */
export function yearsOf(planned: Planned, of: Budget["of"]): number[] {
  return planned.years.map((year) => (of === "centre" ? year.centre : year.centre + year.regions));
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
/** A total as an amount a year; a plan of less than a year counts as one year. */
const aYear = (total: number, weeks: number): number => total / Math.max(1, weeks / 52);

/** Planned cost of a plan. `most` is that of sim.studies.budget.Budget with per: year. */
export function taken(planned: Planned, of: Budget["of"]): Taken {
  const { total, weeks } = planned;
  const spend = of === "centre" ? total.centre : total.centre + total.regions;
  return { most: most(yearsOf(planned, of)), spend: aYear(spend, weeks), centre: aYear(total.centre, weeks) };
}

/** Money by payer and year, as a linear function of the hours of visits and calls. */
interface Plane {
  fixed: Float64Array; // (payer, year)
  visit: Float64Array; // for each hour of a visit
  call: Float64Array;
  weeks: number;
}

const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((one, i) => one - (b[i] ?? 0));

export class Prices {
  private readonly planes = new Map<string, Plane>();

  constructor(
    private readonly space: Space,
    private readonly planned: (scenario: Scenario) => Planned,
  ) {}

  /** Price the rhythms of some choices. */
  prepare(choices: Iterable<Choice>, signal: AbortSignal): Promise<void> {
    return inTurns(choices, signal, (choice) => void this.plane(choice));
  }

  /** Planned cost of a candidate, up to rounding in the last digits. */
  of(choice: Choice, of: Budget["of"]): Taken {
    const { fixed, visit, call, weeks } = this.plane(choice);
    const years = fixed.length / 2;
    const at = (i: number) => fixed[i] + (choice.visitHours ?? 0) * visit[i] + (choice.callHours ?? 0) * call[i];
    const centre = Array.from({ length: years }, (_, year) => at(year));
    const counted = of === "centre" ? centre : centre.map((one, year) => one + at(years + year));
    return { most: most(counted), spend: aYear(sum(counted), weeks), centre: aYear(sum(centre), weeks) };
  }

  /** Planned cost of a scenario, from its own calendar. */
  exactly(scenario: Scenario, of: Budget["of"]): Taken {
    return taken(this.planned(scenario), of);
  }

  private plane(choice: Choice): Plane {
    const key = [choice.call, choice.callEvery, choice.visitEvery, choice.months].join("|");
    const known = this.planes.get(key);
    if (known) return known;
    let weeks = 0;
    const priced = (visitHours: number, callHours: number) => {
      const hours = { visitHours: choice.visitEvery === null ? null : visitHours, callHours: choice.call === null ? null : callHours };
      const found = this.planned(this.space.scenarioOf({ ...choice, ...hours }));
      weeks = found.weeks;
      return Float64Array.from([...found.years.map((one) => one.centre), ...found.years.map((one) => one.regions)]);
    };
    const both = priced(1, 1);
    const none = new Float64Array(both.length);
    const visit = choice.visitEvery === null ? none : minus(priced(2, 1), both);
    const call = choice.call === null ? none : minus(priced(1, 2), both);
    const made = { fixed: minus(minus(both, visit), call), visit, call, weeks };
    this.planes.set(key, made);
    return made;
  }
}
