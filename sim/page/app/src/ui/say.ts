/** Sentences of the page, from words.json. */
import { filled } from "../words/filled";
import { isolated } from "../words/isolated";

export type Words = Record<string, any>;
export type Values = Record<string, string | number>;

/** The sentence at a dotted path in words.json, with its {placeholders} filled. Of forms (`one`, `other`), it takes
 * the one that fits `values.count`.
 *
 * >>> say({ a: { one: "{count} visit", other: "{count} visits" } }, "a", { count: 2 })
 * "2 visits"
 */
export function say(words: Words, way: string, values: Values = {}): string {
  let found: any = words;
  for (const part of way.split(".")) found = found?.[part];
  if (found && typeof found === "object") {
    const form = new Intl.PluralRules("en").select(Number(values.count ?? 1));
    found = found[form] ?? found.other;
  }
  if (typeof found !== "string") return way; // a missing sentence shows on the page and fails the test of words
  return filled(found, (name, hole) => (name in values ? shown(values[name]) : hole));
}

/** A number with no more digits than it has, up to 6 decimals. */
export function shown(value: string | number): string {
  return typeof value === "string" ? isolated(value) : String(Number(value.toFixed(6)));
}
