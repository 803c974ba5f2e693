/** Values and names in messages, written as the commands write them. */

const SHOWN = 60;

/** The characters that Python's str.strip() removes. */
const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const ENDS = new RegExp(`^${BLANK}|${BLANK}$`, "g");

export function strip(text: string): string {
  return text.replace(ENDS, "");
}

/** A value as messages write it, cut to 60 characters. */
export function shown(value: unknown, decimal = false): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? quoted(value) : number(value as number, decimal);
  const letters = [...text];
  return letters.length <= SHOWN ? text : `${letters.slice(0, SHOWN - 3).join("")}...`;
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    if (letter === quote || letter === "\\") out += `\\${letter}`;
    else if (letter === "\n") out += "\\n";
    else if (letter === "\r") out += "\\r";
    else if (letter === "\t") out += "\\t";
    else if (letter !== " " && /[\p{C}\p{Z}]/u.test(letter)) out += escaped(code);
    else out += letter;
  }
  return out + quote;
}

function escaped(code: number): string {
  if (code < 256) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 65536) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** A number as Python's repr writes it; `decimal`: as a float also where it is whole. */
export function number(value: number, decimal = false): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Number.isInteger(value) && !decimal) return BigInt(value).toString();
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([-+])(\d)$/, "e$10$2");
  }
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** A number as Python's format `g` writes it: `digits` significant digits, without trailing zeros. */
export function general(value: number, digits = 6, thousands = false): string {
  if (!Number.isFinite(value)) return number(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, exponentText] = value.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  const bare = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? "-" : "+";
    return `${bare(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const [whole, part] = bare(value.toFixed(Math.max(0, digits - 1 - exponent))).split(".");
  const grouped = thousands ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** Names as text for a message; a long list is cut. */
export function some(names: readonly string[], most = 12): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

export function many(count: number, noun: string): string {
  return count === 1 ? `${count} ${noun}` : `${count} ${noun}s`;
}

/** The option most like a word, or "" when none is close (as Python's difflib judges it). */
export function didYouMean(word: unknown, options: readonly string[]): string {
  const wanted = [...String(word).toLowerCase()];
  const byLower = new Map(options.map((option) => [option.toLowerCase(), option]));
  let best = "";
  let most = 0.6;
  for (const lower of byLower.keys()) {
    const ratio = likeness([...lower], wanted);
    if (ratio > most || (ratio === most && (best === "" || lower > best))) [best, most] = [lower, ratio];
  }
  return best === "" ? "" : byLower.get(best)!;
}

function likeness(one: string[], other: string[]): number {
  const total = one.length + other.length;
  if (!total) return 1;
  const places = new Map<string, number[]>();
  other.forEach((letter, index) => places.set(letter, [...(places.get(letter) ?? []), index]));
  if (other.length >= 200) {
    for (const [letter, found] of places) if (found.length > Math.floor(other.length / 100) + 1) places.delete(letter);
  }
  let matches = 0;
  const waiting: [number, number, number, number][] = [[0, one.length, 0, other.length]];
  while (waiting.length) {
    const [a, aEnd, b, bEnd] = waiting.pop()!;
    const [i, j, size] = longestMatch(one, other, places, a, aEnd, b, bEnd);
    if (!size) continue;
    matches += size;
    waiting.push([a, i, b, j], [i + size, aEnd, j + size, bEnd]);
  }
  return (2 * matches) / total;
}

function longestMatch(
  one: string[], other: string[], places: Map<string, number[]>, a: number, aEnd: number, b: number, bEnd: number,
): [number, number, number] {
  let [i, j, size] = [a, b, 0];
  let before = new Map<number, number>();
  for (let p = a; p < aEnd; p++) {
    const here = new Map<number, number>();
    for (const q of places.get(one[p]) ?? []) {
      if (q < b) continue;
      if (q >= bEnd) break;
      const length = (before.get(q - 1) ?? 0) + 1;
      here.set(q, length);
      if (length > size) [i, j, size] = [p - length + 1, q - length + 1, length];
    }
    before = here;
  }
  while (i > a && j > b && one[i - 1] === other[j - 1]) [i, j, size] = [i - 1, j - 1, size + 1];
  while (i + size < aEnd && j + size < bEnd && one[i + size] === other[j + size]) size++;
  return [i, j, size];
}
