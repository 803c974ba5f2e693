/** The verdict: the results of a plan in sentences.
 *
 * verdict() turns an answer into facts (better, met, ...) and texts (0.42, $138,000, ...). By the facts, a table of
 * words.json chooses each sentence; the texts are filled in. compared() does so for a plan beside the reference.
 */
import { isolated } from "./isolated";
import type {
  Budget, Comparison, LevelAt, OutcomeAbout, Paired, PageData, Plan, PlanAnswer, PlansFile, Resources,
  Target, TargetAnswer, Verdict,
} from "../types";
import { about, fill, hours, level, list, longMonth, money, month, number, outOf, percent, signed, upper, whole, type Values, wholeMoney } from "./text";

type Fact = string | boolean;
type Facts = Record<string, Fact>;
type Rows = { when: Facts; say: string; plural?: string }[];

/** The sentence of the first row whose conditions hold. */
export function say(rows: Rows, facts: Facts, values: Values, plural = false): string {
  const row = rows.find(({ when }) => Object.entries(when).every(([name, wanted]) => facts[name] === wanted));
  if (!row) throw new Error(`no sentence for ${JSON.stringify(facts)}`);
  return fill(plural && row.plural ? row.plural : row.say, values);
}

export function outcomeOf(data: PageData, name: string): OutcomeAbout {
  const found = data.outcomes.find((outcome) => outcome.name === name);
  if (!found) throw new Error(`no outcome ${name}`);
  return found;
}

/** A value of an outcome, with its unit where it is money or hours. */
export function valueOf(about_: OutcomeAbout, value: number, currency: string, difference = false): string {
  const sign = difference && value > 0 ? "+" : "";
  if (about_.unit === "money") return sign + about(value, currency);
  if (about_.unit === "h") return sign + hours(value);
  if (about_.high === null) return sign + number(value);
  return difference ? signed(value) : level(value);
}

const STATE: Record<Verdict, string> = {
  better: "better",
  worse: "worse",
  higher: "differs",
  lower: "differs",
  "about the same": "same",
  "not clear yet": "unclear",
  "-": "unclear",
};

/** The outcomes of the verdict: those of the targets, then integration and trust, up to `most`. */
export function asked(data: PageData, targets: Target[], most = 2): string[] {
  const wanted = [...targets.map((target) => target.outcome), "integration", "trust"];
  const known = new Set(data.outcomes.map((outcome) => outcome.name));
  return [...new Set(wanted)].filter((name) => known.has(name)).slice(0, most);
}

export function levelAt(answer: PlanAnswer, outcome: string, week: number, place = "overall"): LevelAt | undefined {
  return answer.levels.find((one) => one.outcome === outcome && one.week === week && one.place === place);
}

/** Whether the plan has a contact of its own. */
export function hasContacts(answer: PlanAnswer): boolean {
  return answer.planned.total.contacts > 0;
}

export function hasLog(answer: PlanAnswer): boolean {
  return answer.against === "stopping now";
}

// --- money and targets ------------------------------------------------------------------------------

export interface Spend {
  state: "met" | "not" | "none";
  payer: "centre" | "all";
  total: number;
  aYear: number; // a year, on average over the weeks of the plan
  most: number; // of any year of 52 weeks, to compare with a budget as sim.studies.budget.Budget with per: year
  limit: number | null;
  oneYear: boolean;
}

export function paid(resources: Resources, payer: Budget["of"]): number {
  return payer === "all" ? resources.money : resources.centre;
}

/** Planned cost to the budget's payer; without a budget, to the centre. */
export function spendOf(answer: PlanAnswer, budget: Budget): Spend {
  const { planned } = answer;
  const payer = budget.a_year === null ? "centre" : budget.of;
  const total = paid(planned.total, payer);
  const years = planned.years.map((year) => paid(year, payer));
  const most = Math.max(0, ...years);
  return {
    state: budget.a_year === null ? "none" : most <= budget.a_year ? "met" : "not",
    payer,
    total,
    aYear: aYear(total, planned.weeks),
    most,
    limit: budget.a_year,
    oneYear: planned.years.length < 2,
  };
}

/** Whether the average is enough to report, as the dearest year costs the same. */
export function isEven(spend: Spend): boolean {
  return spend.oneYear || Math.round(spend.most) === Math.round(spend.aYear);
}

/** A total as an amount a year; a plan of less than a year counts as one year. */
export function aYear(total: number, weeks: number): number {
  return total / Math.max(1, weeks / 52);
}

/** The target that is reached least surely, compared with the sureness demanded. */
export function leastSure(targets: TargetAnswer[]): TargetAnswer | undefined {
  const order = ["not met", "by the estimate", "met"];
  const margin = (one: TargetAnswer) => one.share.p - one.target.sure;
  return [...targets].sort((a, b) => order.indexOf(a.met) - order.indexOf(b.met) || margin(a) - margin(b))[0];
}

function targetFacts(targets: TargetAnswer[]): Facts {
  const worst = leastSure(targets);
  const missed = targets.filter((one) => one.met === "not met").length;
  return {
    target: worst ? { met: "met", "by the estimate": "estimate", "not met": "not" }[worst.met] : "none",
    targets: targets.length > 1 ? "many" : "one",
    missed: missed === targets.length ? "all" : missed === 1 ? "one" : "some",
  };
}

/** "7 of 10"; "75 %" where tenths are not exact. */
export function sureText(sure: number): string {
  const tenths = sure * 10;
  return Math.abs(tenths - Math.round(tenths)) < 1e-9 ? `${Math.round(tenths)} of 10` : percent(sure);
}

/** "integration of 0.40 or more in December 2028". */
export function targetText(data: PageData, answer: TargetAnswer, start: string | undefined, currency: string): string {
  const outcome = outcomeOf(data, answer.target.outcome);
  return say(data.words.verdict.target_text, { sense: outcome.better === "less" ? "less" : "more" }, {
    outcome: outcome.label,
    goal: valueOf(outcome, answer.target.at_least, currency),
    when: longMonth(answer.week, start),
  });
}

function targetValues(input: VerdictInput): Values {
  const worst = leastSure(input.answer.targets);
  if (!worst) return {};
  const { share, target } = worst;
  const low = Math.floor(100 * share.low + 1e-9);
  const high = Math.ceil(100 * share.high - 1e-9);
  return {
    target_text: targetText(input.data, worst, input.plan.scenario.start_date, input.file.currency),
    share: outOf(share.hits, share.runs),
    share_low: `${low}`,
    share_high: `${high} %`,
    asked: sureText(target.sure),
  };
}

// --- the verdict ------------------------------------------------------------------------------------

export interface VerdictInput {
  data: PageData;
  file: PlansFile;
  plan: Plan;
  answer: PlanAnswer;
  names?: string[]; // outcomes to speak of; by default those of asked()
}

export interface Said {
  headline: string; // one or two sentences
  text: string[]; // sentences
}

function outcomeFacts(input: VerdictInput, names: string[]): { facts: Facts; values: Values; first?: LevelAt } {
  const { answer, data, file } = input;
  const facts: Facts = { first: "none", second: "none", less1: false, less2: false };
  const values: Values = {};
  const keys = [["first", "one", "1"], ["second", "two", "2"]];
  let first: LevelAt | undefined;
  names.forEach((name, place) => {
    const outcome = outcomeOf(data, name);
    const at = levelAt(answer, name, answer.end);
    if (!at || place > 1) return;
    const [state, label, n] = keys[place];
    facts[state] = STATE[at.gain.verdict];
    facts[`less${n}`] = outcome.better === "less";
    values[label] = outcome.label;
    values[`a${n}`] = valueOf(outcome, at.mean, file.currency);
    values[`b${n}`] = valueOf(outcome, at.without, file.currency);
    first ??= at;
  });
  return { facts, values, first };
}

function gainTexts(outcome: OutcomeAbout, at: LevelAt, currency: string): Values {
  const text = (value: number) => valueOf(outcome, value, currency, true);
  return {
    low: text(at.gain.low),
    high: text(at.gain.high),
    mean_low: text(at.gain.mean_low),
    mean_high: text(at.gain.mean_high),
    run_low: text(at.gain_p05),
    run_high: text(at.gain_p95),
  };
}

const MORE = 1.05; // times the gain: from here on, it grew after the last contact

/** Share of the gain left a year after the last contact; null without such a week or without a clear gain. */
export function leftAfter(answer: PlanAnswer, outcome: string): number | null {
  const end = levelAt(answer, outcome, answer.end);
  const later = levelAt(answer, outcome, answer.end + 52);
  if (!end || !later || end.gain.verdict !== "better") return null;
  return later.gain.mean / end.gain.mean;
}

function fraction(words: any, share: number): string {
  return (words.fractions as [number, string][]).find(([least]) => share >= least)![1];
}

/** The parameter that an outcome depends on most, if any is clear. */
export function mainDriver(answer: PlanAnswer, outcome: string): string | null {
  const clear = answer.drivers.filter((one) => one.outcome === outcome && one.clear);
  clear.sort((a, b) => Math.abs(b.rho) - Math.abs(a.rho));
  return clear[0]?.parameter ?? null;
}

/** A parameter's meaning in words for planners. */
export function parameterText(data: PageData, name: string): string {
  const said = data.words.verdict.parameters?.[name];
  return said ?? data.parameters.find((one) => one.name === name)?.meaning ?? name;
}

export function gradeOf(data: PageData, name: string | null): string {
  const grade = name && data.parameters.find((one) => one.name === name)?.grade;
  if (!grade) return "none";
  return grade === "assumption" || grade === "D" ? "assumption" : grade === "A" ? "near" : /^[BC]$/.test(grade) ? "elsewhere" : grade;
}

function costValues(input: VerdictInput, spend: Spend): Values {
  const { answer, file, data } = input;
  const words = data.words.verdict;
  const text = (value: number) => wholeMoney(value, file.currency);
  return {
    Payer: upper(words.payer[spend.payer]),
    pays: words.pays[spend.payer],
    total: text(spend.total),
    a_year: text(spend.aYear),
    most: text(spend.most),
    limit: text(spend.limit ?? 0),
    over: text(spend.most - (spend.limit ?? 0)),
    regions: text(answer.planned.total.regions),
    regions_a_year: text(aYear(answer.planned.total.regions, answer.planned.weeks)),
    after: hasLog(answer) ? words.after_log : "",
  };
}

function costFacts(spend: Spend): Facts {
  return {
    budget: spend.state,
    room: spend.limit !== null && spend.most <= spend.limit / 2 ? "half" : "some",
    length: spend.oneYear ? "one" : "many",
    even: isEven(spend),
    average: spend.limit !== null && Math.round(spend.aYear) > spend.limit ? "over" : "within",
  };
}

function named({ names, data, file }: VerdictInput): string[] {
  return names ?? asked(data, file.targets);
}

/** All facts and values that the sentences may use. */
function gather(input: VerdictInput): { facts: Facts; values: Values } {
  const { answer, data, file, plan } = input;
  const words = data.words.verdict;
  const names = named(input);
  const known = outcomeFacts(input, names);
  const spend = spendOf(answer, file.budget);
  const driver = mainDriver(answer, names[0]);
  const left = leftAfter(answer, names[0]);
  const log = hasLog(answer);
  const missed = answer.targets.filter((one) => one.met === "not met").length;
  const facts: Facts = {
    ...known.facts,
    ...costFacts(spend),
    ...targetFacts(answer.targets),
    log,
    stands: answer.stands,
    told: Number.isFinite(known.first?.gain.low ?? NaN),
    after: left !== null,
    grown: left !== null && left >= MORE,
    driver: gradeOf(data, driver),
  };
  const actor = words.actor[log ? "log" : "without"];
  const values: Values = {
    ...known.values,
    ...(known.first ? gainTexts(outcomeOf(data, names[0]), known.first, file.currency) : {}),
    ...costValues(input, spend),
    ...targetValues(input),
    actor,
    Actor: upper(actor),
    other: words.other[log ? "log" : "without"],
    by: longMonth(answer.end, plan.scenario.start_date),
    runs: whole(answer.runs),
    targets: answer.targets.length,
    missed,
    ...(left !== null ? { fraction: fraction(words, left) } : {}),
    ...(driver ? { parameter: parameterText(data, driver) } : {}),
  };
  return { facts, values };
}

function ended(text: string): string {
  return text ? `${upper(text)}.` : "";
}

/** The results of a plan: a headline of one or two sentences, and the sentences behind it. */
export function verdict(input: VerdictInput): Said {
  const words = input.data.words.verdict;
  const { facts, values } = gather(input);
  if (!hasContacts(input.answer)) {
    return { headline: say(words.empty.headline, facts, values), text: [say(words.empty.text, facts, values)] };
  }
  const plurals: string[] = words.plural_outcomes;
  const second = named(input)[1];
  if (facts.first !== "none") {
    values.first_clause = say(words.first_clause, facts, values);
    if (facts.second !== "none") {
      values.second_clause = say(words.second_clause, facts, values, plurals.includes(second));
    }
  }
  if (facts.budget !== "none") values.budget_clause = say(words.budget_clause, facts, values);
  if (facts.target !== "none") values.target_clause = say(words.target_clause, facts, values);
  const effect = facts.first === "none" ? "" : ended(say(words.effect, facts, values));
  const standing = ended(say(words.standing, facts, values));
  const text = [
    facts.first === "none" ? "" : say(words.sure, facts, values),
    say(words.left, facts, values),
    say(words.target, facts, values),
    say(words.cost, facts, values),
    say(words.driver, facts, values),
  ];
  return { headline: [effect, standing].filter(Boolean).join(" "), text: text.filter(Boolean) };
}

// --- a plan beside the reference --------------------------------------------------------------------

/** The difference of a plan from the reference in an outcome. */
export function differenceOf(comparison: Comparison, plan: string, outcome: string): Paired | undefined {
  const found = comparison.differences.filter((one) => one.plan === plan && one.outcome === outcome);
  return (found.find((one) => one.point === "end_of_ta") ?? found[0])?.paired;
}

function groups(data: PageData, comparison: Comparison, plan: string, names: string[]): string {
  const words = data.words.verdict.compared;
  const found: Record<string, string[]> = { better: [], worse: [], differs: [], same: [], unclear: [] };
  for (const name of names) {
    const paired = differenceOf(comparison, plan, name);
    if (paired) found[STATE[paired.verdict]].push(outcomeOf(data, name).label);
  }
  const said = Object.entries(found).filter(([, labels]) => labels.length);
  if (said.length === 1 && said[0][0] === "same" && said[0][1].length > 1) return words.all_same;
  return list(said.map(([state, labels]) => fill(words.groups[state], { names: list(labels) })));
}

/** One or two sentences about a plan beside the reference, on every outcome named. */
export function compared(
  data: PageData, file: PlansFile, comparison: Comparison, plan: string, names: string[],
): string[] {
  const words = data.words.verdict.compared;
  if (plan === comparison.reference) return [fill(words.same_plan, { plan: quoted(plan) })];
  const mine = comparison.plans.find((one) => one.plan === plan);
  const theirs = comparison.plans.find((one) => one.plan === comparison.reference);
  if (!mine || !theirs) return [];
  const gap = Math.round(perYear(mine) - perYear(theirs));
  const mineSure = leastSure(mine.targets);
  const theirsSure = mineSure && theirs.targets.find((one) => sameTarget(one.target, mineSure.target));
  const values: Values = {
    plan: quoted(plan),
    reference: quoted(comparison.reference),
    groups: groups(data, comparison, plan, names),
    gap: money(Math.abs(gap), file.currency),
    mine: mineSure ? outOf(mineSure.share.hits, mineSure.share.runs) : "",
    theirs: theirsSure ? outOf(theirsSure.share.hits, theirsSure.share.runs) : "",
  };
  values.cost = say(words.cost, { cost: gap === 0 ? "same" : gap < 0 ? "less" : "more" }, values);
  values.target = say(words.target, {
    target: mineSure && theirsSure ? "some" : "none",
    targets: mine.targets.length > 1 ? "many" : "one",
    equal: values.mine === values.theirs,
  }, values);
  return [
    ...(values.groups ? [fill(words.outcomes, values)] : []),
    fill(values.target ? words.money_and_target : words.money, values),
  ];
}

function sameTarget(a: Target, b: Target): boolean {
  return a.outcome === b.outcome && a.at_least === b.at_least && a.when === b.when && a.sure === b.sure;
}

/** Planned cost to the centre, a year. */
export function perYear(answer: PlanAnswer): number {
  return aYear(answer.planned.total.centre, answer.planned.weeks);
}

export function quoted(name: string): string {
  return `“${isolated(name)}”`;
}

export { month };
