/** Desk: works out answers and comparisons for the current document, the plan on the screen first.
 *
 * const desk = new Desk(answers, data, () => redraw());
 * desk.show(file);          call on every change of the document: begins missing work, stops work no longer needed
 * desk.state(file)          the results of exactly this document, never those of an earlier one
 */
import { check } from "../model/check";
import { openPlan } from "../model/plans";
import type { Comparison, PageData, Plan, PlanAnswer, PlansFile, ScenarioData, Target } from "../types";
import type { Answers } from "./answer";
import { compareOf } from "./compare";

export interface Worked {
  answer: PlanAnswer | null; // null: not worked out yet for the current plan
  comparison: Comparison | null; // only rows that hold for the current plans
  busy: boolean;
  error: string | null; // why the plan on the screen cannot be worked out
}

type Targets = readonly Target[];

interface Draft {
  scenario: ScenarioData;
  targets: Targets;
  answer: PlanAnswer | null;
  error: string | null;
  stop: AbortController;
  done: boolean;
}

interface Compared {
  scenarios: Map<string, ScenarioData>; // of every plan when the comparison began
  reference: string;
  targets: Targets;
  comparison: Comparison | null;
  stop: AbortController;
}

/** Pause between a change and the comparison of all plans, in ms. */
const PAUSE = 250;

const referenceOf = (file: PlansFile): string =>
  (file.plans.find((one) => one.name === file.reference) ?? file.plans[0]).name;

export class Desk {
  private draft: Draft | null = null;
  private compared: Compared | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private checked = new WeakMap<ScenarioData, string | null>();

  constructor(
    private readonly answers: Answers,
    private readonly data: PageData,
    private readonly tell: () => void,
    private readonly pause = PAUSE,
  ) {}

  /** The results of exactly this document. */
  state(file: PlansFile): Worked {
    const plan = openPlan(file);
    const error = this.problem(plan);
    if (error !== null) return { answer: null, comparison: this.comparison(file), busy: false, error };
    const draft = this.holds(plan, file) ? this.draft : null;
    const answer = draft?.answer ?? this.answers.have(plan, file);
    return {
      answer: answer && { ...answer, plan: plan.name },
      comparison: this.comparison(file),
      busy: draft ? !draft.done : answer === null,
      error: draft?.error ?? null,
    };
  }

  /** Begin the work that a document lacks and stop work that is no longer needed. */
  show(file: PlansFile): void {
    const plan = openPlan(file);
    if (this.problem(plan) !== null) this.stopDraft();
    else if (!this.holds(plan, file)) this.begin(plan, file);
    this.planComparison(file);
  }

  /** Work everything out again after a failure. */
  again(file: PlansFile): void {
    this.stopDraft();
    this.compared?.stop.abort();
    this.compared = null;
    this.show(file);
    this.tell();
  }

  close(): void {
    this.stopDraft();
    this.compared?.stop.abort();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  // --- the plan on the screen ----------------------------------------------------------------------

  /** The first mistake of a plan; null where it can be run. */
  private problem({ scenario }: Plan): string | null {
    if (!this.checked.has(scenario)) this.checked.set(scenario, check(scenario, this.data)[0]?.text ?? null);
    return this.checked.get(scenario)!;
  }

  private holds(plan: Plan, { targets }: PlansFile): boolean {
    return this.draft !== null && this.draft.scenario === plan.scenario && this.draft.targets === targets;
  }

  private stopDraft(): void {
    this.draft?.stop.abort();
    this.draft = null;
  }

  private begin(plan: Plan, file: PlansFile): void {
    this.stopDraft();
    const stop = new AbortController();
    const draft: Draft = {
      scenario: plan.scenario, targets: file.targets, answer: this.answers.have(plan, file), error: null, stop, done: false,
    };
    this.draft = draft;
    const take = (answer: PlanAnswer | null, error: string | null, done: boolean) => {
      if (stop.signal.aborted) return;
      if (answer) draft.answer = answer;
      draft.error = error;
      draft.done = done;
      this.tell();
    };
    if (draft.answer) {
      draft.done = true;
      return;
    }
    this.answers
      .answer(plan, file, { signal: stop.signal, urgent: true, progress: (part) => take(part, null, false) })
      .then(
        (answer) => take(answer, null, true),
        (fault) => take(null, reasonOf(fault), true),
      );
  }

  // --- all plans ---------------------------------------------------------------------------------

  private planComparison(file: PlansFile): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (file.plans.length < 2) {
      this.compared?.stop.abort();
      this.compared = null;
      return;
    }
    if (this.compared && sameAsked(this.compared, file)) return;
    this.compared?.stop.abort();
    this.timer = setTimeout(() => this.compare(file), this.pause);
  }

  private compare(file: PlansFile): void {
    const before = this.comparison(file);
    const compared: Compared = {
      scenarios: new Map(file.plans.map((plan) => [plan.name, plan.scenario])),
      reference: referenceOf(file),
      targets: file.targets,
      comparison: before,
      stop: new AbortController(),
    };
    this.compared = compared;
    const take = (comparison: Comparison) => {
      if (compared.stop.signal.aborted) return;
      compared.comparison = comparison.stands ? comparison : merged(before, comparison);
      this.tell();
    };
    compareOf(file, this.answers, { signal: compared.stop.signal, progress: take }).then(take, () => undefined);
  }

  /** The rows of the last comparison that hold for a document: unchanged plans against the same reference. */
  private comparison(file: PlansFile): Comparison | null {
    const { compared } = this;
    if (!compared?.comparison || compared.targets !== file.targets) return null;
    const reference = file.plans.find((one) => one.name === referenceOf(file))!;
    const name = renamed(compared, reference);
    if (name === null || name !== compared.comparison.reference) return null;
    const kept = new Map<string, string>(); // name in the comparison -> current name
    for (const plan of file.plans) {
      const then = renamed(compared, plan);
      if (then !== null) kept.set(then, plan.name);
    }
    const { comparison } = compared;
    const whole = kept.size === compared.scenarios.size && file.plans.length === kept.size;
    if (whole && [...kept].every(([then, now]) => then === now)) return comparison;
    const rows = <T extends { plan: string }>(all: T[]): T[] =>
      all.filter((one) => kept.has(one.plan)).map((one) => ({ ...one, plan: kept.get(one.plan)! }));
    return {
      ...comparison,
      reference: reference.name,
      differences: rows(comparison.differences),
      regions: rows(comparison.regions),
      plans: rows(comparison.plans),
      stands: comparison.stands && whole,
    };
  }
}

/** The name that a plan had in a comparison; null where its current scenario was not part of it. */
function renamed({ scenarios }: Compared, plan: Plan): string | null {
  if (scenarios.get(plan.name) === plan.scenario) return plan.name;
  for (const [name, scenario] of scenarios) if (scenario === plan.scenario) return name;
  return null;
}

function sameAsked(compared: Compared, file: PlansFile): boolean {
  return (
    compared.targets === file.targets &&
    compared.reference === referenceOf(file) &&
    compared.scenarios.size === file.plans.length &&
    file.plans.every((plan) => compared.scenarios.get(plan.name) === plan.scenario)
  );
}

/** A comparison under way, completed by rows of the one before that still hold. */
function merged(before: Comparison | null, now: Comparison): Comparison {
  if (!before || before.reference !== now.reference) return now;
  const made = new Set(now.plans.map((one) => one.plan));
  const rest = <T extends { plan: string }>(all: T[]): T[] => all.filter((one) => !made.has(one.plan));
  return {
    ...now,
    differences: [...now.differences, ...rest(before.differences)],
    regions: [...now.regions, ...rest(before.regions)],
    plans: [...now.plans, ...rest(before.plans)],
  };
}

function reasonOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
