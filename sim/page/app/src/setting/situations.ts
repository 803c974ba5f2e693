/** The situations of a region: presets of its start values (see situations.json). */
import presets from "../../../situations.json";
import type { PageData } from "../types";

export type Preset = { start?: Record<string, number>; leadership?: number };

export const SITUATIONS = presets as Record<string, Preset>;
export const START_FIELDS = ["trust", "staff_accountability", "provider_accountability", "knowledge", "demand", "leadership"];

/** The parameter that each start value replaces; its default is the typical value. */
const TYPICAL: Record<string, string> = {
  trust: "first_trust",
  staff_accountability: "staff_accountability_mean",
  provider_accountability: "provider_accountability_mean",
  knowledge: "knowledge_mean",
  demand: "demand_mean",
  leadership: "leadership_mean",
};

/** The start value of a typical region: the plan's own parameter, else the model's default. */
export function typicalOf(field: string, data: PageData, parameters: Record<string, number> = {}): number | null {
  const name = TYPICAL[field];
  return parameters[name] ?? data.parameters.find((one) => one.name === name)?.default ?? null;
}

/** The start values and leadership of an override, in one record. */
export function ownValues(override: any): Record<string, number> {
  const start = Object.entries(override?.start ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const found = Object.fromEntries(start) as Record<string, number>;
  if (override?.leadership !== undefined && override?.leadership !== null) found.leadership = override.leadership;
  return found;
}

/** The situation with exactly these values; "own" if there is none. */
export function situationOf(override: any): string {
  const own = ownValues(override);
  for (const [key, preset] of Object.entries(SITUATIONS)) {
    const values = ownValues(preset);
    const names = Object.keys(values);
    if (names.length === Object.keys(own).length && names.every((name) => values[name] === own[name])) return key;
  }
  return "own";
}
