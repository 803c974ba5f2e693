/** Isolates names written from right to left in sentences written from left to right. */

const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]/;
const [FIRST, LAST] = ["\u2068", "\u2069"];

/** The value as text, isolated where it could change the direction of the text around it. */
export function isolated(value: string | number): string {
  const text = String(value);
  if (!TURNS.test(text)) return text;
  const open = text.split(/[\u2066-\u2068]/).length - text.split(LAST).length;
  return FIRST + text + LAST.repeat(1 + Math.max(0, open));
}
