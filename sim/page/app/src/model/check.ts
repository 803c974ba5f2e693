/** Checks whether a scenario can be used and reports every mistake, as the commands decide and word it.
 *
 * The JSON schema that Python writes judges each field by itself; consistency.ts judges how fields fit
 * together.
 */
import type { PageData, Problem } from "../types";
import { issues } from "./consistency";
import { didYouMean, number as numeral, shown, strip } from "./python_text";
import { dotted, type Reading, scalarOf, type Way } from "./yaml_text";

type Schema = any;
/** The parts of PageData that a check needs. */
export type Known = Pick<PageData, "schema" | "parameters" | "functions">;

const MISTAKES_SHOWN = 50;

/** Every mistake, by line where the text is known; empty: the scenario can be used. */
export function check(data: unknown, page: Known, reading?: Reading, at: Way = []): Problem[] {
  const checker = new Checker(page, reading, at);
  if (!isObject(data) || reading?.isBroken(at)) {
    if (!reading?.isBroken(at)) checker.report([], `a scenario must be a mapping (field: value), not ${shown(data, reading?.isDecimal(at))}`);
    return checker.problems;
  }
  checker.object(page.schema, data, []);
  for (const issue of issues(checker.sound(data), page)) checker.issue(issue);
  const found = [...checker.problems].sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  const more = found.length - MISTAKES_SHOWN;
  if (more <= 0) return found;
  return [...found.slice(0, MISTAKES_SHOWN), { path: at, text: `and ${more.toLocaleString("en")} more mistake${more === 1 ? "" : "s"}` }];
}

/** A mistake that only several fields together show; `reads` names the other fields that it rests on. */
export interface Issue {
  where: Way;
  message: string;
  allowed?: string;
  suggestion?: string;
  near?: { word: string; options: readonly string[] };
  reads?: Way[];
}

export function isObject(value: unknown): value is Record<string, any> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A mistake as one sentence. */
export function sentence(way: Way, message: string, allowed = "", suggestion = ""): string {
  let text = way.length ? `${dotted(way)}: ${message}` : message;
  if (allowed) text += `; allowed: ${allowed}`;
  if (suggestion) text += `; did you mean '${suggestion}'?`;
  return text;
}

class Checker {
  problems: Problem[] = [];
  private lost: Way[] = [];
  private compared = 0;

  constructor(
    private page: Known,
    private reading: Reading | undefined,
    private at: Way,
  ) {}

  report(way: Way, message: string, allowed = "", suggestion = ""): void {
    const path = [...this.at, ...way];
    this.problems.push({ path, line: this.reading?.lineOf(path), text: sentence(path, message, allowed, suggestion) });
  }

  /** Report a value that cannot be used and leave it out of later checks. */
  private refuse(way: Way, message: string, allowed = "", suggestion = ""): void {
    this.report(way, message, allowed, suggestion);
    this.lost.push(way);
  }

  issue(issue: Issue): void {
    if ([issue.where, ...(issue.reads ?? [])].some((way) => this.isLost(way))) return;
    let suggestion = issue.suggestion ?? "";
    if (issue.near) suggestion = this.near(issue.near.word, issue.near.options);
    this.report(issue.where, issue.message, issue.allowed, suggestion);
  }

  private near(word: string, options: readonly string[]): string {
    if (this.problems.length >= MISTAKES_SHOWN || this.compared >= 20_000) return "";
    this.compared += options.length; // a search for a similar word takes time
    return didYouMean(word, options);
  }

  private isLost(way: Way): boolean {
    return this.lost.some((gone) => {
      const length = Math.min(gone.length, way.length);
      return gone.slice(0, length).every((part, i) => part === way[i]);
    });
  }

  /** The data without the refused values; refused entries of a list are undefined. */
  sound(data: Record<string, any>): Record<string, any> {
    if (!this.lost.length) return data;
    const gone = new Set(this.lost.map((way) => JSON.stringify(way)));
    const clean = (value: any, way: Way): any => {
      if (gone.has(JSON.stringify(way))) return undefined;
      if (Array.isArray(value)) return value.map((item, index) => clean(item, [...way, index]));
      if (!isObject(value)) return value;
      const kept = Object.entries(value).map(([key, item]) => [key, clean(item, [...way, key])] as const);
      return Object.fromEntries(kept.filter(([, item]) => item !== undefined));
    };
    return clean(data, []) ?? {};
  }

  private isDecimal(way: Way): boolean {
    return this.reading?.isDecimal([...this.at, ...way]) ?? false;
  }

  private shown(value: unknown, way: Way): string {
    return shown(value, this.isDecimal(way));
  }

  private mappingWanted(value: unknown, way: Way): string {
    return value === null ? "is empty; fill it in or remove it" : `must be a mapping (field: value), not ${this.shown(value, way)}`;
  }

  // --- by the schema -----------------------------------------------------------------------------

  private resolved(schema: Schema): Schema {
    const name = schema.$ref?.replace("#/$defs/", "");
    return name ? this.page.schema.$defs[name] : schema;
  }

  value(given: Schema, value: any, way: Way): void {
    if (this.reading?.isBroken([...this.at, ...way])) {
      this.lost.push(way); // reported by the reading already
      return;
    }
    const schema = this.resolved(given);
    if (schema.anyOf) return this.any(schema.anyOf.map((one: Schema) => this.resolved(one)), value, way);
    if (schema.oneOf) return this.tagged(schema, value, way);
    if (schema.enum) return this.choice(schema.enum, value, way);
    if (typeof schema.const === "string") return this.choice([schema.const], value, way);
    if (schema.const !== undefined) return this.version(schema.const, value, way);
    if (schema.type === "object") return this.mapping(schema, value, way);
    if (schema.type === "array") return this.list(schema, value, way);
    if (schema.type === "boolean") return this.truth(value, way);
    if (schema.type === "number" || schema.type === "integer") return this.number(schema, value, way);
    if (schema.type === "string") return this.text(schema, value, way);
  }

  private any(schemas: Schema[], value: any, way: Way): void {
    const others = schemas.filter((one) => one.type !== "null");
    if (value === null && others.length < schemas.length) return;
    const nested = others.flatMap((one) => (one.anyOf ? one.anyOf.map((inner: Schema) => this.resolved(inner)) : [one]));
    const by = (type: string) => nested.find((one) => one.type === type);
    const [list, named, mapping] = [by("array"), nested.find((one) => one.enum), by("object")];
    if (nested.length === 1) return this.value(nested[0], value, way);
    if (named && mapping) return this.shorthand(named, mapping, value, way);
    if (list && mapping) return isObject(value) ? this.value(mapping, value, way) : this.value(list, value, way);
    if (list && Array.isArray(value)) return this.numbers(list, value, way);
    this.value(nested.find((one) => one.type !== "array"), value, way);
  }

  /** One number, or a list of numbers; mistakes in the list are reported for the field as a whole. */
  private numbers(schema: Schema, value: any[], way: Way): void {
    if (schema.minItems !== undefined && value.length !== schema.minItems) {
      return this.refuse(way, `is a list of ${value.length}`, "one number 0..1, or [start, end]");
    }
    for (const [index, item] of value.entries()) {
      const found = this.numberFault(schema.items, item, [...way, index]);
      if (found) return this.refuse(way, ...found);
    }
  }

  /** A field that takes a name in place of a mapping. */
  private shorthand(named: Schema, mapping: Schema, value: any, way: Way): void {
    const isMix = mapping["x-adds-up-to"] !== undefined;
    if (typeof value === "string") {
      if (named.enum.includes(value)) return;
      if (!isMix) return this.choice(named.enum, value, way);
      const allowed = `${named.enum.join(", ")}, or ${this.sharesAllowed(mapping)}`;
      return this.refuse(way, `${this.shown(value, way)} is not a mix of functions`, allowed, didYouMean(value, named.enum));
    }
    if (isMix && !isObject(value)) {
      const allowed = `${named.enum.join(", ")}, or ${this.sharesAllowed(mapping)}`;
      return this.refuse(way, `must be a mapping (function: share) or the name of a mix, not ${this.shown(value, way)}`, allowed);
    }
    if (isMix) return this.shares(mapping, value, way);
    this.mapping(mapping, value, way);
  }

  private sharesAllowed(mapping: Schema): string {
    return `shares of ${Object.keys(mapping.properties).join(", ")} that add up to 1`;
  }

  private shares(schema: Schema, value: Record<string, any>, way: Way): void {
    const allowed = this.sharesAllowed(schema);
    const [entries, tolerance] = [Object.entries(value), schema["x-tolerance"]];
    if (entries.every(([name]) => name in schema.properties)) {
      if (!entries.length) return this.refuse(way, "names no function", allowed);
      const numbers = entries.map(([, one]) => one).filter((one) => typeof one === "number" && one >= 0);
      const total = numbers.reduce((sum, one) => sum + one, 0);
      const most = Math.max(...numbers);
      if (numbers.length === entries.length && most > 1 && most <= 100) {
        const percent = total > 10 ? "; they look like percent" : "";
        const whole = percent && Math.abs(total - 100) <= 100 * tolerance;
        const suggestion = whole ? sharesText(ofPercent(value)) : "";
        return this.refuse(way, `the shares add up to ${generalOf(total)}${percent}`, allowed, suggestion);
      }
    }
    const before = this.problems.length;
    this.object(schema, value, way);
    if (this.problems.length > before) return;
    const total = entries.reduce((sum, [, one]) => sum + one, 0);
    if (total === 0) this.refuse(way, "all shares are 0; leave `functions` out for the reference mix", allowed);
    else if (Math.abs(total - schema["x-adds-up-to"]) > tolerance + 1e-9)
      this.refuse(way, `the shares add up to ${generalOf(total)}`, allowed);
  }

  /** One of several mappings, which a field distinguishes. */
  private tagged(schema: Schema, value: any, way: Way): void {
    const { mapping, propertyName } = schema.discriminator;
    const tags = (schema.oneOf as Schema[]).map((one) => this.resolved(one).properties[propertyName].const);
    if (!isObject(value)) return this.refuse(way, this.mappingWanted(value, way));
    if (!(propertyName in value)) {
      this.report([...way, propertyName], "is required", tags.join(", "));
      this.lost.push(way);
      return;
    }
    const tag = value[propertyName];
    if (typeof tag === "string" && Object.hasOwn(mapping, tag)) return this.object(this.resolved({ $ref: mapping[tag] }), value, way);
    const inner = [...way, propertyName];
    const message = tag === null ? "is empty" : `${this.shown(tag, inner)} is not one of the choices`;
    this.report(inner, message, tags.join(", "), typeof tag === "string" ? didYouMean(tag, tags) : "");
    this.lost.push(way);
  }

  private choice(options: string[], value: any, way: Way): void {
    if (typeof value === "string" && options.includes(value)) return;
    const message = value === null ? "is empty" : `${this.shown(value, way)} is not one of the choices`;
    const suggestion = typeof value === "string" ? this.near(value, options) : "";
    this.refuse(way, message, options.join(", "), suggestion);
  }

  private version(read: number, value: any, way: Way): void {
    if (value === read && !this.isDecimal(way)) return;
    this.refuse(way, `${this.shown(value, way)} is not a version that is read here`, `${read}; a later one needs a newer codose`);
  }

  private mapping(schema: Schema, value: any, way: Way): void {
    if (isObject(value)) this.object(schema, value, way);
    else this.refuse(way, value === null ? "is empty; fill it in or remove it" : this.mappingWanted(value, way));
  }

  object(schema: Schema, value: Record<string, any>, way: Way): void {
    const fields: Record<string, Schema> = schema.properties ?? {};
    const names = Object.keys(fields);
    const meant = new Set<string>();
    const entries = Object.entries(value);
    for (const [name, item] of entries) {
      const inner = [...way, name];
      if (name === "parameters" && !way.length) {
        if (!isObject(item)) this.mapping({}, item, inner); // consistency.ts judges its names and values
      } else if (Object.hasOwn(fields, name)) {
        if (!(item === null && isComputed(fields, name))) this.value(fields[name], item, inner);
      } else if (isObject(schema.additionalProperties)) {
        if (item === null && !this.takesNull(schema.additionalProperties)) this.refuse(inner, "is empty; fill it in or remove it");
        else this.value(schema.additionalProperties, item, inner);
      } else if (schema.additionalProperties === false) {
        const suggestion = this.near(name, names);
        this.refuse(inner, "is not a field", names.join(", "), suggestion);
        if (suggestion) meant.add(suggestion);
        if (suggestion && !(suggestion in value)) this.lost.push([...way, suggestion]);
      }
    }
    for (const name of schema.required ?? []) {
      if (Object.hasOwn(value, name)) continue;
      if (!meant.has(name)) this.report([...way, name], "is required");
      if (way.length) this.lost.push(way);
    }
  }

  private takesNull(schema: Schema): boolean {
    return !this.resolved(schema).properties;
  }

  private list(schema: Schema, value: any, way: Way): void {
    if (!Array.isArray(value)) {
      return this.refuse(way, value === null ? "is empty; fill it in or remove it" : `must be a list, not ${this.shown(value, way)}`);
    }
    if (schema.minItems !== undefined && schema.items.type === "string" && schema.maxItems === 2) return this.pair(value, way);
    for (const [index, item] of value.entries()) {
      const inner = [...way, index];
      if (schema.items.type === "array" && !Array.isArray(item)) this.refuse(inner, "is not a pair of names", "[one, other]");
      else if (item === null && this.resolved(schema.items).properties) this.refuse(inner, "is empty; fill it in or remove it");
      else this.value(schema.items, item, inner);
    }
  }

  private pair(value: any[], way: Way): void {
    if (value.length !== 2 || !value.every((name) => typeof name === "string"))
      this.refuse(way, "is not a pair of names", "[one, other]");
  }

  private truth(value: any, way: Way): void {
    if (typeof value !== "boolean") this.refuse(way, `${this.shown(value, way)} is not true or false`, "true, false");
  }

  private number(schema: Schema, value: any, way: Way): void {
    const found = this.numberFault(schema, value, way);
    if (found) this.refuse(way, ...found);
  }

  /** The message of a wrong number and what is allowed; null where it is right. */
  private numberFault(schema: Schema, value: any, way: Way): [string, string] | null {
    const allowed = limits(schema);
    const decimal = this.isDecimal(way);
    if (typeof value === "string" && typeof scalarOf(strip(value)) === "number")
      return [`${this.shown(value, way)} is text, not a number; remove the quotes`, allowed];
    if (value === null) return ["is empty", allowed];
    if (typeof value !== "number") return [`${this.shown(value, way)} is not a number`, allowed];
    if (!Number.isFinite(value)) return [`${this.shown(value, way)} is not a finite number`, allowed];
    const whole = schema.type === "integer";
    if (whole && (decimal || !Number.isInteger(value))) return [`${this.shown(value, way)} is not a whole number`, allowed];
    const above = schema.exclusiveMinimum;
    const tooLow = above !== undefined ? value <= above : schema.minimum !== undefined && value < schema.minimum;
    if (tooLow || (schema.maximum !== undefined && value > schema.maximum))
      return [`${this.shown(value, way)} is out of range`, allowed];
    if (whole && !Number.isSafeInteger(value))
      return [`${this.shown(value, way)} has more digits than a browser counts exactly`, `whole numbers up to ${Number.MAX_SAFE_INTEGER}`];
    return null;
  }

  private text(schema: Schema, value: any, way: Way): void {
    const found = schema.format === "date" ? dayFault(value) : /\\d\{4\}/.test(schema.pattern ?? "") ? daysFault(value) : textFault(schema, value);
    if (found) this.refuse(way, ...found);
  }
}

/** Fields that Python fills in from others where they are left out or empty. */
function isComputed(fields: Record<string, Schema>, name: string): boolean {
  return name === "count" && "names" in fields;
}

function limits(schema: Schema): string {
  const kind = schema.type === "integer" ? "whole numbers " : "";
  const { minimum, maximum, exclusiveMinimum: above } = schema;
  const low = above ?? minimum;
  if (low === undefined) return `${kind}any number`;
  const [lowText, highText] = [numeral(low), maximum === undefined ? "" : maximum === 2 ** 63 ? "9223372036854775807" : numeral(maximum)];
  if (maximum === undefined) return above !== undefined ? `${kind}above ${lowText}` : `${kind}${lowText} or more`;
  if (above !== undefined) return `${kind}above ${lowText}, up to ${highText}`;
  return `${kind}${lowText}..${highText}`;
}

type Fault = [message: string, allowed?: string] | null;

function textFault(schema: Schema, value: any): Fault {
  if (value === null) return ["is empty", "text"];
  if (typeof value !== "string") return [`${shown(value)} is not text; put it in quotes`, "text"];
  if (schema.minLength && !strip(value)) return ["is empty", "text"];
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    return [`is too long (${length.toLocaleString("en")} characters)`, `at most ${schema.maxLength.toLocaleString("en")}`];
  for (const letter of value) {
    if (/[\p{Cc}\p{Cs}]/u.test(letter) && letter !== "\n" && letter !== "\t") {
      const code = letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
      return [`holds a character that is not text (U+${code})`];
    }
  }
  if (schema.pattern && /[\n\t]/.test(value)) return ["holds a line break or a tab", "text on one line"];
  if (schema.pattern && value !== strip(value)) return [`${shown(value)} begins or ends with a space`];
  if (schema.not?.enum?.includes(value)) return [`${shown(value)} is a reserved name`];
  return null;
}

const ISO = "yyyy-mm-dd, such as 2016-11-01";

/** Days since 1970 of a date of the calendar; null for any other text. */
export function dayNumber(text: unknown): number | null {
  if (typeof text !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) || text.startsWith("0000")) return null;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text ? Math.round(time / 86_400_000) : null;
}

function dayFault(value: any): Fault {
  if (dayNumber(value) === null) return [`${shown(value)} is not a date`, ISO];
  const year = Number(value.slice(0, 4));
  return year < 1900 || year >= 2200 ? [`${value} is out of range`, "a day of the years 1900 to 2199"] : null;
}

function daysFault(value: any): Fault {
  const [first, last] = typeof value === "string" ? splitOnce(value) : [value, value];
  const fault = dayFault(first) ?? dayFault(last || first);
  if (fault) return fault;
  return (last || first) < first ? [`${last} is before ${first}`, "the first day, then the last"] : null;
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf(" to ");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 4)];
}

function generalOf(total: number): string {
  return Number(total.toPrecision(4)).toString();
}

/** Shares of 1 from percent; where these do not add up to 100, hundredths by largest remainders. */
function ofPercent(percent: Record<string, number>): Record<string, number> {
  const total = Object.values(percent).reduce((sum, one) => sum + one, 0);
  const entries = Object.entries(percent);
  if (Math.abs(total - 100) < 1e-9) return Object.fromEntries(entries.map(([name, one]) => [name, one / 100]));
  const parts = entries.map(([name, one]) => ({ name, part: (100 * one) / total, found: Math.floor((100 * one) / total) }));
  const left = 100 - parts.reduce((sum, one) => sum + one.found, 0);
  const order = parts.map((_, i) => i).sort((i, j) => parts[i].found - parts[i].part - (parts[j].found - parts[j].part) || i - j);
  for (const i of order.slice(0, left)) parts[i].found++;
  return Object.fromEntries(parts.map(({ name, found }) => [name, found / 100]));
}

function sharesText(shares: Record<string, number>): string {
  return `{${Object.entries(shares).map(([name, share]) => `${name}: ${Number(share.toPrecision(6))}`).join(", ")}}`;
}

/** The mistakes of one part of a scenario, such as a LogRow. */
export function checkPart(name: string, value: unknown, page: Known): string[] {
  const checker = new Checker(page, undefined, []);
  checker.value(page.schema.$defs[name], value, []);
  return checker.problems.map((problem) => problem.text);
}

/** The mistakes of another kind of file, each value judged by that file's schema. */
export function checkBySchema(schema: Schema, data: Record<string, any>, page: Known, reading?: Reading): Problem[] {
  const checker = new Checker({ ...page, schema }, reading, []);
  checker.object(schema, data, []);
  return checker.problems;
}
