/** Answers for the tests of words and charts; every number in them is chosen by hand. */
import words from "../../words.json";
import type {
  Comparison, LevelAt, OutcomeAbout, PageData, Paired, Plan, PlanAnswer, Planned, PlansFile, Resources, Share,
  TargetAnswer, Verdict,
} from "../src/types";

const ABOUT: [string, string, string, number | null, OutcomeAbout["better"]][] = [
  ["trust", "trust", "0-1", 1, "more"],
  ["integration", "integration", "0-1", 1, "more"],
  ["mutual_accountability", "mutual accountability", "0-1", 1, "more"],
  ["routines", "routines", "0-1", 1, "more"],
  ["workload", "workload", "0-1", 1, "less"],
  ["staff_hours", "hours of staff", "h", null, "less"],
  ["commitments_kept", "commitments kept", "commitments", null, "more"],
  ["cost", "expected spend", "money", null, "less"],
  ["contacts_held", "contacts held", "contacts", null, "neither"],
];

export const outcomes: OutcomeAbout[] = ABOUT.map(([name, label, unit, high, better]) => ({
  name, label, unit, meaning: label, kind: "level", overall: "mean", low: 0, high, better, headline: true,
}));

export const data = {
  version: "0.5.0",
  outcomes,
  parameters: [
    { name: "learning_rate", meaning: "knowledge gap closed per ideal contact", unit: "share", default: 0.3,
      minimum: 0, maximum: 1, low: 0.1, high: 0.5, grade: "B", source: "a study" },
    { name: "trust_step", meaning: "gap closed per contact", unit: "share", default: 0.3, minimum: 0, maximum: 1,
      low: 0.1, high: 0.5, grade: "assumption", source: "assumption" },
    { name: "response_base", meaning: "log-odds of answering", unit: "logit", default: 1, minimum: 0, maximum: 3,
      low: 0.1, high: 2.5, grade: "A", source: "a survey" },
    { name: "working_week", meaning: "hours of a full working week", unit: "h", default: 40, minimum: 1, maximum: 80,
      low: 40, high: 40, grade: "definition", source: "" },
  ],
  words,
  glossary: {},
  sets: { count: 50, replicates: 4, source: "plausible sets", targets: 15, borrowed: 8, varied: [], values: "" },
} as unknown as PageData;

export function resources(part: Partial<Resources> = {}): Resources {
  const made = {
    contacts: 300, visits: 96, contact_hours: 700, preparation_hours: 300, travel_hours: 200, staff_hours: 4280,
    provider_hours: 1200, centre: 276_000, regions: 428_000, money: 704_000, ...part,
  };
  return { ...made, money: part.money ?? made.centre + made.regions };
}

export function planned(a: number, b: number): Planned {
  return {
    total: resources({ centre: a + b }),
    years: [resources({ centre: a, regions: 214_000 }), resources({ centre: b, regions: 214_000 })],
    spent: resources({ contacts: 0, centre: 0, regions: 0, provider_hours: 0, staff_hours: 0 }),
    weeks: 104,
    by_provider: [{ name: "provider_1", hours: [300, 250], has: 1040 }],
  };
}

/** A difference with a given verdict, and an interval that agrees with it. */
export function paired(verdict: Verdict, better: OutcomeAbout["better"], told = true): Paired {
  const up = verdict === "higher" || (verdict === "better") === (better !== "less");
  const size = verdict === "about the same" ? 0.004 : verdict === "not clear yet" ? 0.02 : 0.15;
  const mean = verdict === "better" || verdict === "worse" || verdict === "higher" || verdict === "lower"
    ? (up ? size : -size) : size;
  const half = verdict === "not clear yet" ? 0.05 : verdict === "about the same" ? 0.006 : 0.02;
  return {
    mean, low: told ? mean - 0.08 : NaN, high: told ? mean + 0.09 : NaN, mean_low: mean - half, mean_high: mean + half,
    run_low: mean - 0.1, run_high: mean + 0.1, sets: 50, p_beats: 0.9, chance_share: told ? 0.2 : 0.9, resolved: verdict !== "not clear yet", verdict, margin: 0.01, n: 50,
    runs: 200,
  };
}

export function levels(outcome: string, verdict: Verdict, told = true, left = 0.8): LevelAt[] {
  const about = outcomes.find((one) => one.name === outcome)!;
  const gain = paired(verdict, about.better, told);
  const at = (week: number, share: number): LevelAt => ({
    outcome, place: "overall", week, mean: 0.27 + gain.mean * share, p05: 0.2, p50: 0.3, p95: 0.5, without: 0.27,
    gain: { ...gain, mean: gain.mean * share }, gain_p05: gain.mean - 0.1, gain_p95: gain.mean + 0.1, chance_share: 0.3,
  });
  return [at(0, 0), at(104, 1), at(156, left)];
}

export function target(outcome: string, met: TargetAnswer["met"]): TargetAnswer {
  const hits = { met: 170, "by the estimate": 143, "not met": 60 }[met];
  const share: Share = { p: hits / 200, low: hits / 200 - 0.05, high: hits / 200 + 0.05, hits, runs: 200 };
  return { target: { outcome, at_least: 0.4, when: "end_of_ta", sure: 0.7 }, week: 104, share, met };
}

export interface Wanted {
  outcome: string;
  second?: string;
  states: [Verdict, Verdict];
  budget: "met" | "not" | "none";
  of?: "centre" | "all";
  targets: TargetAnswer["met"][];
  log: boolean;
  told?: boolean;
  dated?: boolean;
  contacts?: boolean;
  driver?: string | null;
}

/** The input of verdict() for given states. */
export function input(wanted: Wanted) {
  const { outcome, second = outcome === "trust" ? "integration" : "trust", states } = wanted;
  const targets = wanted.targets.map((met, place) => target(place % 2 ? second : outcome, met));
  const cost = planned(150_000, 126_000);
  if (wanted.contacts === false) cost.total = resources({ contacts: 0, centre: 0, regions: 0 });
  const file: PlansFile = {
    codose: "plans", version: 1, open: "A", reference: null, currency: "$",
    budget: { a_year: { met: 700_000, not: 110_000, none: null }[wanted.budget], of: wanted.of ?? "centre" },
    targets: targets.map((one) => one.target),
    plans: [],
  };
  const names = [...new Set([outcome, second, "integration", "trust"])];
  const answer: PlanAnswer = {
    plan: "A", against: wanted.log ? "stopping now" : "without assistance", end: 104, horizon: 156,
    points: [0, 104, 156], targets, planned: cost, courses: [],
    levels: names.flatMap((name) => levels(name, states[name === outcome ? 0 : 1], wanted.told ?? true)),
    expected: { centre: 201_234, regions: 300_000, money: 501_234, years: [], spent: null }, busy: [0.3],
    at: { start: 0, now: null, end_of_ta: 104, year_after: 156, horizon: 156 }, places: ["overall"], used: [], lasting: [],
    rests: { numbers: 94, assumptions: 61, grades: { A: 0, B: 12, C: 21, assumption: 61 } },
    drivers: wanted.driver === null ? [] : [{ outcome, parameter: wanted.driver ?? "trust_step", rho: 0.7, clear: true }],
    sets: 50, replicates: 4, seed: 1, runs: 200, failed: 0, stands: true,
  };
  const plan: Plan = { name: "A", scenario: { name: "A", ...(wanted.dated === false ? {} : { start_date: "2027-01-04" }) } };
  file.plans = [plan];
  return { data, file, plan, answer, names: [outcome, second] };
}

export function comparison(names: string[], states: Verdict[]): Comparison {
  const made = (plan: string, centre: number) => {
    const { answer } = input({ outcome: "trust", states: ["better", "better"], budget: "none", targets: ["met"], log: false });
    return { ...answer, plan, planned: planned(centre, centre) };
  };
  return {
    reference: "A", horizon: 156, points: ["end_of_ta", "horizon"], regions: [], limits: [], stands: true,
    plans: [made("A", 150_000), made("B", 120_000)],
    differences: names.map((outcome, place) => ({
      plan: "B", outcome, week: 104, place: "overall", point: "end_of_ta" as const, week_of_reference: 104,
      mean_of_reference: 0.3, mean_of_plan: 0.4, gains: false,
      paired: paired(states[place], outcomes.find((one) => one.name === outcome)!.better),
    })),
  };
}
