/** Numbers as people type them: each is understood, or refused with a reason. An ambiguous one is never guessed. */

export type Read = { value: number } | { problem: Problem; values: Record<string, string> };
export type Problem = "empty" | "no_number" | "two_ways" | "groups";

/** What a number counts: an amount of `money` and a `whole` number have no three decimals. */
export type Counted = "money" | "whole" | "any";

/** The number that a text means. Of `money` and of a `whole` number, three digits after one mark are thousands ("300.000").
 *
 * >>> [readNumber("300k", "money"), readNumber("1,5"), readNumber("1,500"), readNumber("1,500", "whole")]
 * [{ value: 300000 }, { value: 1.5 }, { problem: "two_ways", values: { one: "1500", other: "1.5", text: "1,500" } }, { value: 1500 }]
 */
export function readNumber(typed: string, counted: Counted = "any"): Read {
  const text = typed.trim();
  if (!text) return { problem: "empty", values: {} };
  const refuse = (problem: Problem, values: Record<string, string> = {}): Read => ({
    problem,
    values: { text: text.slice(0, 40), ...values },
  });
  const parts = /^([-−+]?)\s*[\p{Sc}]?\s*([\d.,'’\s\u00a0\u202f]*\d[.,]?)\s*(k|m|%|[\p{Sc}])?$/iu.exec(text);
  if (!parts || (parts[3] && /[km]/i.test(parts[3]) && counted !== "money")) return refuse("no_number");
  const sign = parts[1] && parts[1] !== "+" ? -1 : 1;
  const times = { k: 1e3, m: 1e6 }[(parts[3] ?? "").toLowerCase()] ?? 1;
  const bare = plainDigits(parts[2], counted !== "any" && times === 1);
  if (typeof bare !== "string") return refuse(bare.problem, bare.values);
  const value = Number(bare);
  return Number.isFinite(value) ? { value: Number((sign * value * times).toPrecision(15)) } : refuse("no_number");
}

/** The digits with a point for decimals, whichever marks were typed. */
function plainDigits(text: string, thousands: boolean): string | { problem: Problem; values: Record<string, string> } {
  if (/\d[\s\u00a0\u202f'’]+\d/.test(text) && !/^\d{1,3}([\s\u00a0\u202f'’]\d{3})+([.,]\d*)?$/.test(text)) {
    return { problem: "groups", values: {} };
  }
  const digits = text.replace(/[\s\u00a0\u202f'’]/g, "");
  const marks = digits.match(/[.,]/g) ?? [];
  const kinds = new Set(marks);
  if (kinds.size === 2) {
    const last = Math.max(digits.lastIndexOf("."), digits.lastIndexOf(","));
    const mark = digits[last] === "." ? "," : ".";
    const whole = digits.slice(0, last);
    const grouped = new RegExp(`^\\d{1,3}(\\${mark}\\d{3})+$`).test(whole);
    return grouped ? `${whole.split(mark).join("")}.${digits.slice(last + 1)}` : { problem: "groups", values: {} };
  }
  const [mark] = kinds;
  if (marks.length > 1) {
    const grouped = new RegExp(`^\\d{1,3}(\\${mark}\\d{3})+$`).test(digits);
    return grouped ? digits.split(mark).join("") : { problem: "groups", values: {} };
  }
  const one = /^([1-9]\d{0,2})[.,](\d{3})$/.exec(digits);
  if (one && thousands) return one[1] + one[2];
  if (one && mark === ",") {
    return { problem: "two_ways", values: { one: one[1] + one[2], other: `${one[1]}.${one[2]}` } };
  }
  return digits.replace(",", ".");
}
