/** A runner whose outcomes follow a formula, so that the best plan is known. */
import type { OutcomeAbout, Planned, Resources, Runner, RunRequest, Runs, Scenario, Series } from "../src/types";

export const OUTCOMES: OutcomeAbout[] = [
  { name: "trust", label: "trust", unit: "0-1", meaning: "", kind: "level", overall: "mean", low: 0, high: 1, better: "more", headline: true },
  { name: "workload", label: "workload", unit: "0-1", meaning: "", kind: "level", overall: "mean", low: 0, high: 1, better: "less", headline: false },
];

export const TABLES = { t: [null, ...Array.from({ length: 400 }, (_, i) => (i < 9 ? 1.9 : 1.66))], z: 1.6448536269514722 };

export const series = (mode: Series["mode"], every_weeks: number, hours: number, more: Partial<Series> = {}): Series => ({
  mode, every_weeks, hours, first_week: 1, last_week: 104, co_creation: 0.6, taper: 1, timing: "scheduled", invited: 1, functions: null, ...more,
});

export const scenario = (dosage: Series[], more: Record<string, unknown> = {}): Scenario => ({
  name: "plan", seed: 1, horizon_weeks: 156, dosage, contact_log: null, shocks: [], parameters: {}, regions: { count: 2 }, ...more,
});

const WORTH = { onsite: 1.5, video: 1, phone: 0.75, email: 0.2 };
const PRICE = { onsite: [900, 300], video: [100, 200], phone: [60, 200], email: [10, 50] };

const lastOf = (one: Series, whole: Scenario) => one.last_week ?? whole.horizon_weeks;

/** The number of contacts of a series in a year (from 0), counted from a week. */
function contacts(one: Series, whole: Scenario, from: number, year: number): number {
  let count = 0;
  for (let week = one.first_week; week <= lastOf(one, whole); week += one.every_weeks) {
    const at = week - from;
    if (at >= 52 * year && at < 52 * (year + 1)) count++;
  }
  return count;
}

const resources = (centre: number, regions: number): Resources =>
  ({ contacts: 0, visits: 0, contact_hours: 0, preparation_hours: 0, travel_hours: 0, staff_hours: 0, provider_hours: 0, centre, regions, money: centre + regions });

export function plannedOf(whole: Scenario): Planned {
  const from = Math.min(...whole.dosage.map((one) => one.first_week));
  const end = Math.max(...whole.dosage.map((one) => lastOf(one, whole)));
  const years = whole.dosage.length ? Math.ceil((end - from + 1) / 52) : 0;
  const made = Array.from({ length: years }, (_, year) => {
    let [centre, regions] = [0, 0];
    for (const one of whole.dosage) {
      const count = contacts(one, whole, from, year);
      centre += count * (PRICE[one.mode][0] + PRICE[one.mode][1] * one.hours);
      regions += count * one.hours * 300;
    }
    return resources(centre, regions);
  });
  const total = resources(made.reduce((sum, one) => sum + one.centre, 0), made.reduce((sum, one) => sum + one.regions, 0));
  return { total, years: made, spent: resources(0, 0), weeks: end - from + 1, by_provider: [] } as unknown as Planned;
}

/** Mean trust: it rises with hours a week, with diminishing returns, and falls with the load of contacts. */
export function worthOf(whole: Scenario): number {
  let [dose, load] = [0, 0];
  for (const one of whole.dosage) {
    const together = typeof one.co_creation === "number" ? one.co_creation : (one.co_creation[0] + one.co_creation[1]) / 2;
    const length = (lastOf(one, whole) - one.first_week + 1) / 104;
    dose += ((WORTH[one.mode] * Math.sqrt(one.hours) * (0.5 + together)) / one.every_weeks) * Math.sqrt(length);
    load += one.hours / one.every_weeks;
  }
  return 0.3 + 0.4 * (1 - Math.exp(-dose)) - 0.02 * load;
}

/** A uniform number from -0.5 to 0.5 for a set and replicate, the same in every plan. */
function chance(set: number, replicate: number): number {
  let x = (set * 2654435761 + replicate * 40503 + 12345) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 2246822507) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 3266489909) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 4294967296 - 0.5;
}

export class FormulaRunner implements Runner {
  asked: RunRequest[] = [];
  running = 0;
  fail = "";

  constructor(
    readonly workers = 2,
    private readonly noise = 0.1,
    private readonly wait: (request: RunRequest) => number = () => 0,
  ) {}

  planned(whole: Scenario): Planned {
    return plannedOf(whole);
  }

  close(): void {}

  async run(request: RunRequest, options: { signal?: AbortSignal } = {}): Promise<Runs> {
    this.asked.push(request);
    this.running++;
    try {
      for (let turn = 0; turn <= this.wait(request); turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        options.signal?.throwIfAborted();
      }
      if (this.fail) throw new Error(this.fail);
      return this.made(request);
    } finally {
      this.running--;
    }
  }

  private made(request: RunRequest): Runs {
    const { sets, replicates, weeks, scenario: whole } = request;
    const worth = worthOf(whole);
    const values = new Float64Array(sets.length * replicates * weeks.length * 2 * 2);
    let at = 0;
    for (let set = 0; set < sets.length; set++)
      for (let r = 0; r < replicates; r++) {
        const replicate = ((request.first ?? 0) + set) * replicates + r;
        const drawn = sets[set][0] * this.noise + chance(0, replicate) * this.noise;
        for (let week = 0; week < weeks.length; week++)
          for (let place = 0; place < 2; place++) {
            values[at++] = worth + drawn - 0.02 * week;
            values[at++] = 1 - worth - drawn;
          }
      }
    return {
      sets: sets.length, replicates, weeks, places: ["region_1", "overall"], outcomes: ["trust", "workload"], values,
      weekly: null, made: sets.length * replicates, failed: 0,
    } as Runs;
  }
}

export const SETS = Array.from({ length: 20 }, (_, set) => Float64Array.of(chance(set + 1, 0)));
