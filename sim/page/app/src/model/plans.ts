/** The document of plans: a new one, and every way in which its list of plans changes.
 *
 * All functions return a new document and leave the old one unchanged.
 */
import type { Plan, PlansFile, ScenarioData } from "../types";

export const LONGEST_NAME = 80; // characters, as Python counts them

export function newFile(scenario: ScenarioData, name: string): PlansFile {
  const plan = { name: cleanName(name) || "Plan", scenario };
  return {
    codose: "plans",
    version: 1,
    open: plan.name,
    reference: null,
    currency: "$",
    budget: { a_year: null, of: "centre" },
    targets: [],
    plans: [plan],
  };
}

export function planNamed(file: PlansFile, name: string): Plan | undefined {
  return file.plans.find((plan) => plan.name === name);
}

/** The plan on the screen. */
export function openPlan(file: PlansFile): Plan {
  return planNamed(file, file.open) ?? file.plans[0];
}

/** The plan with which others are compared. */
export function referencePlan(file: PlansFile): Plan {
  return (file.reference !== null && planNamed(file, file.reference)) || file.plans[0];
}

/** A, B, ..., Z, AA, AB, ... */
export function letterOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}

/** A text as the name of a plan: one line, at most 80 characters; "" where nothing is left. */
export function cleanName(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff\ufffe\uffff]+/gu, " ").replace(/\s+/g, " ");
  return [...line.trim()].slice(0, LONGEST_NAME).join("").trim();
}

function key(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/** The name `wanted`, with a number added where another plan has it. */
export function uniqueName(file: PlansFile, wanted: string, except?: string): string {
  const taken = new Set(file.plans.filter((plan) => plan.name !== except).map((plan) => key(plan.name)));
  const name = cleanName(wanted) || "Plan";
  if (!taken.has(key(name))) return name;
  const letters = [...name.replace(/ \d+$/, "")];
  for (let number = 2; ; number++) {
    const tail = ` ${number}`;
    const tried = letters.slice(0, LONGEST_NAME - tail.length).join("").trimEnd() + tail;
    if (!taken.has(key(tried))) return tried;
  }
}

/** The document with a further plan, which is put on the screen; its name is made unique. */
export function addPlan(file: PlansFile, plan: Plan, after?: string): PlansFile {
  const name = uniqueName(file, plan.name);
  const plans = [...file.plans];
  const place = after === undefined ? -1 : plans.findIndex((one) => one.name === after);
  plans.splice(place < 0 ? plans.length : place + 1, 0, { ...plan, name });
  return { ...file, plans, open: name };
}

/** The document with a plan made on the page, whose scenario takes the plan's name. */
export function addNew(file: PlansFile, name: string, scenario: ScenarioData, source?: string): PlansFile {
  const unique = uniqueName(file, name);
  const plan: Plan = { name: unique, scenario: { ...scenario, name: unique } };
  if (source !== undefined) plan.source = source;
  return addPlan(file, plan);
}

export function duplicatePlan(file: PlansFile, name: string, called: string): PlansFile {
  const plan = planNamed(file, name);
  if (!plan) return file;
  const unique = uniqueName(file, called);
  return addPlan(file, { ...plan, name: unique, scenario: { ...plan.scenario, name: unique } }, name);
}

export function renamePlan(file: PlansFile, name: string, wanted: string): PlansFile {
  if (!cleanName(wanted) || !planNamed(file, name)) return file;
  const unique = uniqueName(file, wanted, name);
  if (unique === name) return file;
  const renamed = (plan: Plan): Plan => ({ ...plan, name: unique, scenario: { ...plan.scenario, name: unique } });
  return {
    ...file,
    plans: file.plans.map((plan) => (plan.name === name ? renamed(plan) : plan)),
    open: file.open === name ? unique : file.open,
    reference: file.reference === name ? unique : file.reference,
  };
}

/** The document without a plan; the only plan cannot be removed. */
export function removePlan(file: PlansFile, name: string): PlansFile {
  const index = file.plans.findIndex((plan) => plan.name === name);
  if (index < 0 || file.plans.length < 2) return file;
  const plans = file.plans.filter((plan) => plan.name !== name);
  return {
    ...file,
    plans,
    open: file.open === name ? plans[Math.min(index, plans.length - 1)].name : file.open,
    reference: file.reference === name ? null : file.reference,
  };
}

export function movePlan(file: PlansFile, name: string, to: number): PlansFile {
  const from = file.plans.findIndex((plan) => plan.name === name);
  const place = Math.max(0, Math.min(file.plans.length - 1, to));
  if (from < 0 || from === place) return file;
  const plans = [...file.plans];
  plans.splice(place, 0, ...plans.splice(from, 1));
  // The reference stays the same plan, also where it was only by default the first one.
  return { ...file, plans, reference: file.reference ?? file.plans[0].name };
}

export function withReference(file: PlansFile, name: string): PlansFile {
  return planNamed(file, name) && referencePlan(file).name !== name ? { ...file, reference: name } : file;
}

export function withOpen(file: PlansFile, name: string): PlansFile {
  return planNamed(file, name) && file.open !== name ? { ...file, open: name } : file;
}

/** The document with the scenario of a plan changed; by default, of the plan on the screen. */
export function withScenario(
  file: PlansFile,
  change: (scenario: ScenarioData) => ScenarioData,
  name: string = openPlan(file).name,
): PlansFile {
  let changed = false;
  const plans = file.plans.map((plan) => {
    if (plan.name !== name) return plan;
    const scenario = change(plan.scenario);
    changed = scenario !== plan.scenario;
    return changed ? { ...plan, scenario } : plan;
  });
  return changed ? { ...file, plans } : file;
}

/** Whether two documents have the same content, whichever plan is on the screen. */
export function sameContent(one: PlansFile, other: PlansFile): boolean {
  return one === other || JSON.stringify({ ...one, open: "" }) === JSON.stringify({ ...other, open: "" });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value has the shape of a document; its scenarios are not checked. */
export function isPlansFile(value: unknown): value is PlansFile {
  if (!isObject(value) || value.codose !== "plans" || value.version !== 1) return false;
  const { plans, budget, targets } = value;
  if (!Array.isArray(plans) || !plans.length || !isObject(budget) || !Array.isArray(targets)) return false;
  const names = new Set<unknown>();
  for (const plan of plans) {
    if (!isObject(plan) || typeof plan.name !== "string" || !plan.name || !isObject(plan.scenario)) return false;
    if (plan.source !== undefined && typeof plan.source !== "string") return false;
    names.add(plan.name);
  }
  return (
    names.size === plans.length &&
    names.has(value.open) &&
    (value.reference === null || names.has(value.reference)) &&
    typeof value.currency === "string" &&
    (budget.a_year === null || typeof budget.a_year === "number") &&
    (budget.of === "centre" || budget.of === "all") &&
    targets.every((one) => isObject(one) && typeof one.outcome === "string" && typeof one.at_least === "number")
  );
}
