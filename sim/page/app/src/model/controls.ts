/** The fields that the page's controls show; "Also in this plan" lists all other fields of a plan. */
import type { ScenarioData } from "../types";
import { isObject, type Known } from "./check";
import { number as numeral } from "./python_text";

/** Paths of fields that have a control; * stands for any name or index. */
export const CONTROLS: readonly string[] = [
  "name",
  "start_date",
  "horizon_weeks",
  "skip",
  "seed",
  "background_trend",
  "delivery_work",
  "parameters",
  "regions.candidates",
  "regions.count",
  "regions.selection",
  "regions.staff",
  "regions.names",
  "regions.core_team",
  "regions.network.kind",
  "regions.network.neighbours",
  "regions.network.rewiring",
  "regions.overrides.*.staff",
  "regions.overrides.*.start",
  "regions.overrides.*.leadership",
  "providers.count",
  "providers.names",
  "providers.weekly_hours",
  "providers.assignment",
  "dosage.*.mode",
  "dosage.*.every_weeks",
  "dosage.*.hours",
  "dosage.*.first_week",
  "dosage.*.last_week",
  "dosage.*.co_creation",
  "dosage.*.taper",
  "dosage.*.timing",
  "dosage.*.invited",
  "dosage.*.functions",
  "shocks",
  "costs",
  "contact_log.rows",
];

export interface Also {
  path: (string | number)[];
  name: string; // "regions, core team"
  value: string; // the value in words
  meaning: string; // the schema's sentence on the field; "" where there is none
}

/** Fields of a plan that no control shows, with their values in words. */
export function alsoIn(scenario: ScenarioData, page: Pick<Known, "schema">, controls = CONTROLS): Also[] {
  const found: Also[] = [];
  const ways = controls.map((way) => way.split("."));
  const visit = (value: unknown, path: (string | number)[]): void => {
    if (path.join(".") === "regions.network" && typeof value === "string") return; // a network given by its kind alone
    const near = ways.filter((way) => way.slice(0, path.length).every((part, i) => part === "*" || part === String(path[i])));
    if (near.some((way) => way.length <= path.length)) return;
    if (near.length && isObject(value)) Object.entries(value).forEach(([key, item]) => visit(item, [...path, key]));
    else if (near.length && Array.isArray(value)) value.forEach((item, index) => visit(item, [...path, index]));
    else if (value !== null && value !== undefined && value !== "")
      found.push({ path, name: nameOf(path), value: inWords(value), meaning: meaningOf(path, page.schema) });
  };
  visit(scenario, []);
  return found;
}

function nameOf(path: (string | number)[]): string {
  return path.map((part) => (typeof part === "number" ? String(part + 1) : part.replaceAll("_", " "))).join(", ");
}

/** "0.1", "kind: hub, neighbours: 4", "3 entries". */
function inWords(value: unknown): string {
  if (typeof value === "number") return numeral(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) {
    const plain = value.every((item) => typeof item !== "object");
    if (plain && value.length <= 12) return value.map(inWords).join(", ");
    return value.length === 1 ? inWords(value[0]) : `${value.length} entries`;
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length > 6) return `${entries.length} entries`;
    return entries.map(([key, item]) => `${key.replaceAll("_", " ")}: ${inWords(item)}`).join(", ");
  }
  const text = String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function meaningOf(path: (string | number)[], schema: any): string {
  let at = schema;
  for (const part of path) {
    const inner = resolved(at, schema);
    const named = typeof part === "string" ? inner.find((one) => one.properties?.[part])?.properties[part] : undefined;
    const any = inner.find((one) => (typeof part === "number" ? one.items : isObject(one.additionalProperties)));
    at = named ?? (typeof part === "number" ? any?.items : any?.additionalProperties);
    if (at === undefined) return "";
  }
  return String(at.description ?? "").replace(/\s+/g, " ");
}

/** The schemas that a value may have, with references resolved. */
function resolved(at: any, schema: any): any[] {
  if (at.$ref) return resolved(schema.$defs[at.$ref.replace("#/$defs/", "")], schema);
  return at.anyOf ? at.anyOf.flatMap((one: any) => resolved(one, schema)) : [at];
}
