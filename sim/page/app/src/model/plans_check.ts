/** Checks whether a plans file can be used, as sim/scenario/plans_file.py decides it. */
import type { PageData, Problem } from "../types";
import { check, checkBySchema, isObject, type Known, sentence } from "./check";
import { didYouMean, shown, some } from "./python_text";
import type { Reading } from "./yaml_text";

/** Every mistake in a plans file and in its plans, by line where the text is known. */
export function checkPlansFile(data: Record<string, any>, page: Known & Pick<PageData, "plans_schema">, reading?: Reading): Problem[] {
  const found = checkBySchema(page.plans_schema, data, page, reading);
  const report = (path: (string | number)[], message: string, allowed = "", suggestion = "") =>
    found.push({ path, line: reading?.lineOf(path), text: sentence(path, message, allowed, suggestion) });
  const plans: any[] = Array.isArray(data.plans) ? data.plans : [];
  if (Array.isArray(data.plans) && !plans.length) report(["plans"], "has no plan", "one plan or more");
  const names: string[] = [];
  for (const [index, plan] of plans.entries()) {
    if (!isObject(plan)) continue;
    if (typeof plan.name === "string") {
      if (names.includes(plan.name)) report(["plans", index, "name"], `${shown(plan.name)} is given twice`);
      names.push(plan.name);
    }
    if (isObject(plan.scenario)) found.push(...check(plan.scenario, page, reading, ["plans", index, "scenario"]));
  }
  if (names.length === plans.length) {
    for (const field of ["open", "reference"]) {
      const name = data[field];
      if (typeof name === "string" && !names.includes(name))
        report([field], `${shown(name)} is not a plan of this file`, some(names), didYouMean(name, names));
    }
  }
  return found.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}
