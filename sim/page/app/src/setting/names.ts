/** Checks of the names of regions and providers, equal to those of sim.scenario.checking. */
import type { Panel } from "./panel";
import { readable } from "./read";

export const LONGEST = 80;
const RESERVED = ["overall", "worst", "spread"];

/** What is wrong with a name, given the other names: a key of words.json, or "". */
export function nameFault(name: string, others: string[]): string {
  if (!name) return "empty";
  if ([...name].length > LONGEST) return "long";
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return "letters";
  if (RESERVED.includes(name)) return "reserved";
  return others.includes(name) ? "twice" : "";
}

/** What is wrong with a name, in words; names that the page would show alike ("region_1" and "Region 1") are one name. */
export function nameProblem(panel: Panel, name: string, others: string[]): string {
  const seen = (one: string) => readable(one, panel.data.words);
  const fault = nameFault(name, others) || nameFault(seen(name), others.map(seen));
  return fault && panel.t(`names.${fault}`, { name: name.slice(0, 40), longest: LONGEST });
}
