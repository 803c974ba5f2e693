/** Sentences out of words.json: `{placeholders}`, and forms by number (`one`, `other`) where a sentence counts. */
import { isolated } from "../words/isolated";

export type Words = Record<string, any>;
export type Values = Record<string, string | number>;

/** The sentence at a dotted path. A sentence with forms takes the one that fits `values.count`.
 *
 * >>> say({ a: { one: "{count} visit", other: "{count} visits" } }, "a", { count: 2 })
 * "2 visits"
 */
export function say(words: Words, path: string, values: Values = {}): string {
  let found: any = words;
  for (const part of path.split(".")) found = found?.[part];
  if (found && typeof found === "object") {
    const form = new Intl.PluralRules("en").select(Number(values.count ?? 1));
    found = found[form] ?? found.other;
  }
  if (typeof found !== "string") return path;
  return found.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? shown(values[name]) : whole,
  );
}

/** Parts as one list: "a", "a and b", "a, b and c". */
export function listed(parts: string[], and: string): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} ${and} ${parts[parts.length - 1]}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A number as it is, with no more digits than it has (up to 6 places). */
export function shown(value: string | number): string {
  if (typeof value === "string") return isolated(value);
  return String(Number(value.toFixed(6)));
}

/** A number for the eye: grouped as the reader's language does it. Never read back. */
export function grouped(value: number, digits = 6): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

export function percent(share: number): string {
  return `${shown(Number((share * 100).toFixed(4)))} %`;
}
