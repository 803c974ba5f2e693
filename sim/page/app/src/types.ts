/** The types that the parts of the page share.
 *
 * Data flow: PageData (written by Python) + PlansFile (made by the user)
 *   -> model/  complete(), check(), makeJob()        a plan as the engine's numbers
 *   -> study/  Runner, answers, comparisons, search   the engine's numbers as answers
 *   -> ui/, setting/, results/, best/, klass/         answers on the screen
 */

// --- what Python writes into the file (sim/page/data.py) -------------------------------------

export interface OutcomeAbout {
  name: string;
  label: string; // "mutual accountability"
  unit: string;
  meaning: string;
  kind: "level" | "total" | "rate";
  overall: "mean" | "sum";
  low: number;
  high: number | null;
  better: "more" | "less" | "neither";
  headline: boolean;
}

export interface ParameterAbout {
  name: string;
  meaning: string;
  unit: string;
  default: number;
  minimum: number;
  maximum: number;
  low: number | null; // plausible range; null: none, the number is fixed
  high: number | null;
  symbol: string;
  role: "free" | "uncertain" | "fixed" | "lever";
  grade: string; // A, B, C, assumption, definition
  source: string;
  fitted: {
    mean: number;
    low: number;
    high: number;
    narrowed: number; // share of its spread that calibration removed
    targets: string[];
    grades: string;
    our_reading: boolean;
    verdict: string; // "narrowed by 23 % (grade B)"
  } | null; // of calibrated numbers
}

export interface ShippedScenario {
  key: string; // "planning"
  group: "start" | "example" | "class";
  scenario: ScenarioData;
}

export interface ShippedSets {
  count: number;
  replicates: number;
  source: string; // one sentence on what the sets rest on
  targets: number;
  borrowed: number;
  own: number; // targets of the user's own
  varied: string[]; // names of parameters that differ between sets
  values: string; // base64 of float64 (count, parameters), little-endian, in the order of layout.parameters
}

export interface PageData {
  version: string; // of codose
  model: number; // version of the model
  engine: string; // stamp of the artefact
  outcomes: OutcomeAbout[]; // in the order of the engine's columns
  parameters: ParameterAbout[]; // in the order of layout.parameters
  schema: any; // scenario.schema.json
  plans_schema: any; // of a plans file, without that of its scenarios
  functions: {
    names: string[];
    presets: Record<string, Record<string, number>>;
    meanings: Record<string, string>; // of presets
  }; // the functions of assistance: what is done in a contact
  scenarios: ShippedScenario[];
  sets: ShippedSets;
  t: number[]; // t[df] = Student's t for a 90 % interval, df = 0..; t[0] is Infinity as null
  z: number;
  words: Record<string, any>; // sim/page/words.json: every sentence of the page
  glossary: Record<string, string>;
  stories: any[]; // class view
  equations: Record<string, any>; // the rules as trees, for arithmetic: sim/page/equations.py
  opened: PlansFile | null; // the file given to `codose page FILE`
  story: string | null; // `codose page --story NAME`
  served: boolean; // whether `codose serve` serves the page and answers POST /read
}

// --- what the user makes ------------------------------------------------------------------------

/** A scenario as in its file: plain JSON, names of scenario.schema.json, only the fields that were given. */
export type ScenarioData = Record<string, any> & { name: string };

export interface Plan {
  name: string; // unique in its file
  scenario: ScenarioData;
  source?: string; // the YAML that the plan was read from, where it holds comments; never saved
}

export interface Target {
  outcome: string;
  at_least: number; // the upper limit where less is better
  when: "end_of_ta" | "horizon";
  sure: number; // share of runs that must reach it, 0..1
}

export interface Budget {
  a_year: number | null; // in the file's currency; null: no limit
  of: "centre" | "all"; // whose money counts
}

/** The document of the page. It is saved as NAME.plans.yaml, which `codose compare` and others read too. */
export interface PlansFile {
  codose: "plans";
  version: 1;
  open: string; // name of the plan on the screen
  reference: string | null; // name of the plan that others are compared with; null: the first
  currency: string; // "$"
  budget: Budget;
  targets: Target[];
  plans: Plan[];
}

// --- model/ ----------------------------------------------------------------------------------------

export interface Series {
  mode: "onsite" | "video" | "phone" | "email";
  every_weeks: number;
  hours: number;
  first_week: number;
  last_week: number | null;
  co_creation: number | [number, number];
  taper: number;
  timing: "scheduled" | "irregular" | "on_demand";
  invited: number;
  functions: Record<string, number> | null;
}

/** A scenario with every default filled in, as Python's Scenario.to_dict() gives it. */
export type Scenario = Record<string, any> & {
  name: string;
  seed: number;
  horizon_weeks: number;
  start_date?: string;
  dosage: Series[];
};

export interface Problem {
  path: (string | number)[]; // ["dosage", 0, "hours"]
  line?: number;
  text: string; // one sentence with the value, what is allowed and a likely correction
}

export interface Resources {
  contacts: number;
  visits: number;
  contact_hours: number;
  preparation_hours: number;
  travel_hours: number;
  staff_hours: number;
  provider_hours: number;
  centre: number; // money
  regions: number;
  money: number;
}

/** The planned cost, as sim.model.dosage.Planned: without chance, with every contact held. */
export interface Planned {
  total: Resources;
  years: Resources[];
  spent: Resources; // of the contact log
  weeks: number;
  by_provider: { name: string; hours: number[]; has: number }[]; // hours by year; has: hours available a year
}

// --- study/ ----------------------------------------------------------------------------------------

export interface RunRequest {
  scenario: Scenario;
  seed: number;
  sets: Float64Array[]; // as the scenario uses them: Sets.within(scenario)
  replicates: number;
  weeks: number[]; // at which outcomes are reported
  weekly?: string[]; // outcomes kept in every week, overall
  first?: number; // number of the first set's design point: its replicates begin at first * replicates
}

export interface Runs {
  sets: number;
  replicates: number;
  weeks: number[];
  places: string[]; // regions, then "overall"
  outcomes: string[];
  values: Float64Array; // (set, replicate, week, place, outcome); NaN where empty or not yet made
  weekly: Float64Array | null; // (set, replicate, week 0..horizon, outcome of `weekly`)
  made: number; // runs made, replicate by replicate, so that a part is a fair sample of sets
  failed: number;
}

export interface RunOptions {
  signal?: AbortSignal;
  urgent?: boolean; // run before waiting requests: for the plan on the screen
  progress?: (runs: Runs) => void; // takes the growing result, always in the same arrays
  passing?: boolean; // needed once: the result does not displace those that the screen may need again
}

export interface Runner {
  run(request: RunRequest, options?: RunOptions): Promise<Runs>;
  planned(scenario: Scenario): Planned; // computed at once
  workers: number;
  close(): void;
}

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

export type Verdict = "better" | "worse" | "higher" | "lower" | "about the same" | "not clear yet" | "-";

/** A paired comparison, as sim.stats.paired.Paired: this plan less the other. */
export interface Paired extends Interval {
  mean_low: number;
  mean_high: number;
  p_beats: number;
  chance_share: number;
  run_low: number; // 90 % of single runs, chance included
  run_high: number;
  resolved: boolean;
  verdict: Verdict;
  margin: number;
  sets: number; // sets that have a difference
  n: number;
  runs: number;
}

export interface Share {
  p: number;
  low: number;
  high: number;
  hits: number;
  runs: number;
}

export interface LevelAt {
  outcome: string;
  place: string;
  week: number;
  mean: number; // of the means of sets
  p05: number; // of single runs
  p50: number;
  p95: number;
  without: number; // mean of the comparison: without assistance, or stopping now
  gain: Paired; // over the comparison
  gain_p05: number; // of single runs
  gain_p95: number;
  chance_share: number; // share of chance in the variance of a single run
}

export interface Course {
  outcome: string;
  weeks: number[];
  p05: Float64Array; // over all runs: chance and parameter uncertainty
  p50: Float64Array;
  p95: Float64Array;
  chance_low: Float64Array | null; // chance alone: mean of the sets -+ z SD by chance, within the outcome's bounds
  chance_high: Float64Array | null; // null: too few runs
  mean: Float64Array; // over all runs
  other_p05: Float64Array; // the comparison: without assistance, or stopping now
  other_p50: Float64Array;
  other_p95: Float64Array;
  other_mean: Float64Array;
}

export interface TargetAnswer {
  target: Target;
  week: number;
  share: Share;
  met: "met" | "by the estimate" | "not met"; // lower end of the interval >= sure; p >= sure; else
}

/** The weeks that have a name; null where there is no such week. */
export interface Moments {
  start: number;
  now: number | null; // the last week of the contact log
  end_of_ta: number;
  year_after: number | null; // a year after end_of_ta, where the horizon reaches that far
  horizon: number;
}

export interface Payers {
  centre: number;
  regions: number;
  money: number;
}

/** Expected spend: means of the runs, by years of 52 weeks from the first week of the plan. */
export interface Expected extends Payers {
  years: Payers[];
  spent: Payers | null; // spend on the contact log, in the runs
}

/** The model's numbers by grade, without definitions. */
export interface RestsOn {
  numbers: number;
  assumptions: number;
  grades: Record<string, number>; // numbers by grade
}

/** All results of a plan. While `stands` is false, they are still being refined. */
export interface PlanAnswer {
  plan: string;
  against: "without assistance" | "stopping now";
  end: number; // week of the end of assistance
  horizon: number;
  points: number[]; // weeks: start, now (with a log), end, year after, horizon
  at: Moments; // the points by name
  places: string[]; // regions in the order of the scenario, then "overall"; of several also "worst", "spread"
  levels: LevelAt[]; // outcome x place x point
  courses: Course[];
  targets: TargetAnswer[];
  planned: Planned;
  expected: Expected;
  busy: number[]; // mean share of each provider's hours used, from the start of the plan to the end of assistance
  used: { name: string; hours: number[]; has: number }[]; // mean hours of each provider by year
  lasting: { outcome: string; share: number | null }[]; // share of the gain left a year after the end; null: no gain, or no such week
  rests: RestsOn;
  drivers: { outcome: string; parameter: string; rho: number; clear: boolean }[];
  sets: number;
  replicates: number;
  seed: number;
  runs: number; // made
  failed: number;
  stands: boolean;
}

export interface Difference {
  plan: string;
  outcome: string;
  place: string;
  point: "end_of_ta" | "horizon"; // at each plan's own end of assistance, or at the common horizon
  week: number; // of this plan
  week_of_reference: number;
  mean_of_reference: number;
  mean_of_plan: number;
  gains: boolean; // true where gains over no assistance are compared, as people differ
  paired: Paired;
}

/** A limit of a comparison, which the page tells its user. */
export type Limit =
  | { what: "horizons"; weeks: { plan: string; weeks: number }[]; common: number }
  | { what: "people"; plan: string; fields: string[] } // regions or staff differ: gains are compared
  | { what: "prices"; plan: string; fields: string[] }
  | { what: "world"; plan: string; fields: string[] } // events, parameters or the trend differ
  | { what: "unusable"; plan: string; problems: Problem[] };

export interface Comparison {
  reference: string;
  horizon: number; // the common horizon
  points: ("end_of_ta" | "horizon")[]; // the points compared
  differences: Difference[]; // all regions together
  regions: Difference[]; // outcomes shown, in regions that both have, the worst region and the spread
  limits: Limit[];
  plans: PlanAnswer[]; // the reference first
  stands: boolean; // false: further plans are still being compared
}
