/** Sentences of the page, from its one table of words. */
import { isolated } from "../words/isolated";

/** The text at a dotted way in the words, with its {placeholders} filled.
 *
 * say(words, "document.saved_at", { time: "14:02" })
 */
export function say(words: Record<string, any>, way: string, values: Record<string, string | number> = {}): string {
  let found: any = words;
  for (const part of way.split(".")) found = found?.[part];
  if (typeof found !== "string") return way; // seen on the page, and by the test of words
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? isolated(values[name]) : whole));
}
