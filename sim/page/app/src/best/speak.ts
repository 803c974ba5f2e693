/** Sentences from the part "best" of words.json. */
import type { PageData } from "../types";
import { say } from "../ui/say";

export type Speak = (way: string, values?: Record<string, string | number>) => string;

export const speak =
  (data: PageData): Speak =>
  (way, values) =>
    say(data.words, `best.${way}`, values);
