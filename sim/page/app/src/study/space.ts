/** Space: the candidates that a search tries in place of a plan's contacts, as scenarios that any command can run.
 *
 * A candidate keeps the plan's people, log, events, prices and e-mail contacts and has at most one series of visits
 * and one of calls, each in one rhythm from the first planned week to the last. A series is like the plan's own of its
 * mode (the most frequent, the first of equals): first week, co-creation, taper, people invited and functions stay, as
 * levers of the commands leave them. A mode that the plan lacks begins with the plan and takes co-creation, taper and
 * functions from its first series, as sim.scenario.levers adds one.
 */
import { planStart } from "../model/complete";
import type { Scenario, ScenarioData, Series } from "../types";

export type Call = "video" | "phone";
export type Kind = "onsite" | "video" | "phone" | "onsite+video" | "onsite+phone";
export const KINDS: readonly Kind[] = ["onsite", "video", "phone", "onsite+video", "onsite+phone"];

/** One candidate. Null means no such contacts; in `together` and `months` it keeps the plan's own. */
export interface Choice {
  call: Call | null;
  callEvery: number | null; // weeks
  callHours: number | null;
  visitEvery: number | null;
  visitHours: number | null;
  together: number | null; // co-creation, 0..1
  months: number | null; // of assistance, from the first planned week
}

/** The values to choose from, each list in ascending order. */
export interface Levers {
  calls: Call[];
  callEvery: number[];
  callHours: number[];
  visitEvery: number[];
  visitHours: number[];
  together: number[]; // besides the plan's own
  months: number[]; // shorter than the plan: a longer one would reach a target by another date
}

const USUAL: Levers = {
  calls: ["video", "phone"],
  callEvery: [1, 2, 3, 4, 6, 8, 13, 26],
  callHours: [0.5, 1, 1.5, 2, 3],
  visitEvery: [1, 2, 4, 8, 13, 26, 52],
  visitHours: [1.5, 2, 3, 4, 6],
  together: [0.3, 0.6, 0.9],
  months: [6, 12, 18, 24],
};

const WEEKS_A_YEAR = 52;
/** Weeks of some months, as sim.core.units.weeks_of counts them. */
const weeksOf = (months: number): number => Math.max(1, Math.floor((months * WEEKS_A_YEAR) / 12 + 0.5));

const DEFAULTS: Omit<Series, "mode" | "every_weeks" | "hours"> = {
  first_week: 1,
  last_week: null,
  co_creation: 0.6,
  taper: 1,
  timing: "scheduled",
  invited: 1,
  functions: null,
};

export const kindOf = (choice: Choice): Kind => {
  if (choice.call === null) return "onsite";
  return choice.visitEvery === null ? choice.call : `onsite+${choice.call}`;
};

export const keyOf = (choice: Choice): string =>
  [choice.call, choice.callEvery, choice.callHours, choice.visitEvery, choice.visitHours, choice.together, choice.months].join("|");

/** The most frequent series, the first of equals: sim.studies.surface.grid.main_series. */
export function mainSeries(dosage: readonly Series[]): Series | undefined {
  return dosage.reduce<Series | undefined>((best, one) => (best && best.every_weeks <= one.every_weeks ? best : one), undefined);
}

const near = (values: readonly number[], value: number): boolean => values.some((one) => Math.abs(one - value) < 1e-9);
const withOwn = (values: readonly number[], own: number | null): number[] =>
  own === null || near(values, own) ? [...values] : [...values, own].sort((a, b) => a - b);

export class Space {
  readonly levers: Levers;
  /** The plan itself, where it is one of the candidates; null where candidates would simplify it. */
  readonly own: Choice | null;
  private readonly start: number;
  private readonly end: number;
  private readonly templates: Record<"onsite" | Call, Series>;

  /**
   * @param scenario the plan, every default filled in
   * @param levers the values to choose from; default: the usual rhythms and hours, and those of the plan
   */
  constructor(
    readonly scenario: Scenario,
    levers?: Partial<Levers>,
  ) {
    this.start = planStart(scenario);
    const planned = scenario.dosage.map((one) => one.last_week ?? scenario.horizon_weeks);
    this.end = planned.length ? Math.max(...planned) : scenario.horizon_weeks;
    this.templates = { onsite: this.template("onsite"), video: this.template("video"), phone: this.template("phone") };
    this.own = this.ownChoice();
    this.levers = levers ? { ...this.usual(), ...levers } : this.usual();
  }

  private usual(): Levers {
    const own = this.own;
    const length = this.end - this.start + 1;
    const together = this.templates[own?.call ?? "onsite"].co_creation;
    return {
      calls: [...USUAL.calls],
      callEvery: withOwn(USUAL.callEvery, own?.callEvery ?? null),
      callHours: withOwn(USUAL.callHours, own?.callHours ?? null),
      visitEvery: withOwn(USUAL.visitEvery, own?.visitEvery ?? null),
      visitHours: withOwn(USUAL.visitHours, own?.visitHours ?? null),
      together: USUAL.together.filter((one) => one !== together),
      months: USUAL.months.filter((one) => weeksOf(one) < length),
    };
  }

  /** The series that candidates copy for a mode. */
  private template(mode: "onsite" | Call): Series {
    const all = this.scenario.dosage;
    const same = all.filter((one) => one.mode === mode);
    const main = mainSeries(same);
    const first = all[0];
    const found: Series = main ?? {
      mode,
      every_weeks: 1,
      hours: 1,
      ...DEFAULTS,
      co_creation: first?.co_creation ?? DEFAULTS.co_creation,
      taper: first?.taper ?? DEFAULTS.taper,
      functions: first?.functions ?? null,
    };
    const begins = same.length === 1 ? found.first_week : same.length ? Math.min(...same.map((one) => one.first_week)) : this.start;
    return { ...found, timing: "scheduled", first_week: begins };
  }

  private ownChoice(): Choice | null {
    const asked = this.asked;
    const visits = asked.filter((one) => one.mode === "onsite");
    const calls = asked.filter((one) => one.mode !== "onsite");
    const ends = asked.every((one) => this.lastOf(one) === this.end);
    const kept = asked.every((one) => one.timing === "scheduled" && one.hours > 0);
    if (!asked.length || visits.length > 1 || calls.length > 1 || !ends || !kept) return null;
    return {
      call: (calls[0]?.mode as Call | undefined) ?? null,
      callEvery: calls[0]?.every_weeks ?? null,
      callHours: calls[0]?.hours ?? null,
      visitEvery: visits[0]?.every_weeks ?? null,
      visitHours: visits[0]?.hours ?? null,
      together: null,
      months: null,
    };
  }

  /** All that candidates depend on besides their choice; while this text is the same, their runs stay valid. */
  get setting(): string {
    const { name: _name, question: _question, description: _description, dosage, ...rest } = this.scenario;
    const email = dosage.filter((one) => one.mode === "email");
    const like = Object.values(this.templates).map(({ every_weeks: _every, hours: _hours, last_week: _last, ...one }) => one);
    return JSON.stringify([rest, email, this.order, like, this.start, this.end]);
  }

  /** What no candidate keeps of the plan: several series of a kind, unscheduled contacts, series that end earlier. */
  get simplifies(): ("rows" | "chance" | "ends")[] {
    const asked = this.asked;
    if (this.own !== null || !asked.length) return [];
    const rows = asked.filter((one) => one.mode === "onsite").length > 1 || asked.filter((one) => one.mode !== "onsite").length > 1;
    const chance = asked.some((one) => one.timing !== "scheduled");
    const ends = !rows && asked.some((one) => this.lastOf(one) !== this.end);
    return [...(rows ? ["rows" as const] : []), ...(chance ? ["chance" as const] : []), ...(ends ? ["ends" as const] : [])];
  }

  /** The contacts that a search decides on. */
  private get asked(): Series[] {
    return this.scenario.dosage.filter((one) => one.mode !== "email");
  }

  private lastOf(one: Series): number {
    return one.last_week ?? this.scenario.horizon_weeks;
  }

  private lastWeek(months: number | null): number {
    return months === null ? this.end : this.start - 1 + weeksOf(months);
  }

  private ending(series: Series, end: number): number | null {
    return (series.last_week ?? this.scenario.horizon_weeks) === end ? series.last_week : end;
  }

  /** The scenario of a candidate, every default filled in. */
  scenarioOf(choice: Choice): Scenario {
    const end = this.lastWeek(choice.months);
    const made = new Map<string, Series>();
    const add = (mode: "onsite" | Call, every: number, hours: number) => {
      const like = this.templates[mode];
      const co_creation = choice.together ?? like.co_creation;
      made.set(mode, { ...like, every_weeks: every, hours, co_creation, last_week: this.ending(like, end) });
    };
    if (choice.visitEvery !== null && choice.visitHours !== null) add("onsite", choice.visitEvery, choice.visitHours);
    if (choice.call !== null && choice.callEvery !== null && choice.callHours !== null) add(choice.call, choice.callEvery, choice.callHours);
    const dosage = this.order.flatMap((place): Series[] => {
      if (place === "email") return this.emails(end);
      const series = place === "onsite" ? made.get("onsite") : choice.call && made.get(choice.call);
      return series ? [series] : [];
    });
    return { ...this.scenario, dosage };
  }

  /** E-mail contacts, which every candidate keeps. */
  private emails(end: number): Series[] {
    const kept = this.scenario.dosage.filter((one) => one.mode === "email" && one.first_week <= end);
    return kept.map((one) => ((one.last_week ?? this.scenario.horizon_weeks) <= end ? one : { ...one, last_week: end }));
  }

  /** The plan's order of series, added visits before calls: random numbers depend on a series' number. */
  private get order(): ("onsite" | "call" | "email")[] {
    const found = [...new Set(this.scenario.dosage.map((one) => (one.mode === "onsite" || one.mode === "email" ? one.mode : "call")))];
    if (!found.includes("onsite")) found.splice(found.includes("call") ? found.indexOf("call") : found.length, 0, "onsite");
    return found.includes("call") ? found : [...found, "call"];
  }

  /** A candidate in the form of the plan's file; only its contacts differ. */
  dataOf(choice: Choice, data: ScenarioData): ScenarioData {
    return { ...data, dosage: this.scenarioOf(choice).dosage.map(asSaid) };
  }

  /** Every choice of a kind; unless `all`, only with the plan's own co-creation and length. */
  *choices(kind: Kind, all = true): Generator<Choice> {
    const { levers } = this;
    const call = kind.includes("video") ? "video" : kind.includes("phone") ? "phone" : null;
    if (call !== null && !levers.calls.includes(call)) return;
    const visits = kind.startsWith("onsite");
    for (const months of all ? [null, ...levers.months] : [null])
      for (const together of all ? [null, ...levers.together] : [null])
        for (const callEvery of call ? levers.callEvery : [null])
          for (const callHours of call ? levers.callHours : [null])
            for (const visitEvery of visits ? levers.visitEvery : [null])
              for (const visitHours of visits ? levers.visitHours : [null])
                yield { call, callEvery, callHours, visitEvery, visitHours, together, months };
  }

  /** Candidates one step away: the next value of a lever, another way to call, calls or visits added or left out. */
  neighbours(choice: Choice): Choice[] {
    const { levers } = this;
    const found: Choice[] = [];
    const step = (name: keyof Choice, values: readonly (number | null)[]) => {
      const place = values.indexOf(choice[name] as number | null);
      for (const next of [place - 1, place + 1])
        if (next >= 0 && next < values.length) found.push({ ...choice, [name]: values[next] });
    };
    if (choice.call !== null) {
      step("callEvery", levers.callEvery);
      step("callHours", levers.callHours);
      for (const call of levers.calls) if (call !== choice.call) found.push({ ...choice, call });
      if (choice.visitEvery !== null) found.push({ ...choice, visitEvery: null, visitHours: null });
    }
    if (choice.visitEvery !== null) {
      step("visitEvery", levers.visitEvery);
      step("visitHours", levers.visitHours);
      if (choice.call !== null) found.push({ ...choice, call: null, callEvery: null, callHours: null });
    } else if (levers.visitEvery.length && levers.visitHours.length) {
      found.push({ ...choice, visitEvery: levers.visitEvery[levers.visitEvery.length - 1], visitHours: middle(levers.visitHours) });
    }
    if (choice.call === null && levers.callEvery.length && levers.callHours.length)
      for (const call of levers.calls)
        found.push({ ...choice, call, callEvery: levers.callEvery[levers.callEvery.length - 1], callHours: middle(levers.callHours) });
    step("together", this.ordered(levers.together, this.ownTogether));
    step("months", this.ordered(levers.months, ((this.end - this.start + 1) * 12) / WEEKS_A_YEAR));
    return found;
  }

  private get ownTogether(): number {
    const own = this.templates[this.own?.call ?? "onsite"].co_creation;
    return typeof own === "number" ? own : (own[0] + own[1]) / 2;
  }

  /** Values in ascending order, with null in place of the plan's own. */
  private ordered(values: readonly number[], own: number): (number | null)[] {
    return [...values.filter((one) => one < own), null, ...values.filter((one) => one >= own)];
  }
}

const middle = (values: readonly number[]): number => values[values.length >> 1];

/** A series in the form of a file, without the fields that have their default value. */
export function asSaid(series: Series): Record<string, unknown> {
  const said = Object.entries(series).filter(
    ([name, value]) => !(name in DEFAULTS) || JSON.stringify(value) !== JSON.stringify(DEFAULTS[name as keyof typeof DEFAULTS]),
  );
  return Object.fromEntries(said);
}
