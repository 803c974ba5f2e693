/** The last results, kept in the browser and shown where the page cannot compute. */
import type { Comparison, PlanAnswer } from "../types";

const KEY = "codose.last";
const MOST = 1_500_000; // letters: plans have priority in the browser's storage

export interface Last {
  plan: unknown; // the scenario of the answer
  answer: PlanAnswer;
  comparison: Comparison | null;
}

/** JSON has no NaN and no arrays of float64: both are written as objects. */
export function written(last: Last): string {
  return JSON.stringify(last, (_, value) => {
    if (value instanceof Float64Array) return { float64: Array.from(value, (one) => (isNaN(one) ? null : one)) };
    if (typeof value === "number" && !Number.isFinite(value)) return { number: String(value) };
    return value;
  });
}

export function readBack(text: string): Last {
  return JSON.parse(text, (_, value) => {
    if (Array.isArray(value?.float64)) return Float64Array.from(value.float64 as (number | null)[], (one) => one ?? NaN);
    if (typeof value?.number === "string" && Object.keys(value).length === 1) return Number(value.number);
    return value;
  });
}

export function keepLast(last: Last): void {
  try {
    const text = written(last);
    if (text.length <= MOST) localStorage.setItem(KEY, text);
  } catch {
    // The storage is full or forbidden; the plans matter more than these results.
  }
}

export function lastResults(): Last | null {
  try {
    const text = localStorage.getItem(KEY);
    return text === null ? null : readBack(text);
  } catch {
    return null;
  }
}
