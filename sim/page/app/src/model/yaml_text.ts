/** Reads and writes YAML by the rules of sim/scenario/loading.py, and keeps comments.
 *
 * `no`, `on`, `012`, `1_000`, `0x10`, `1:30` and dates are text; `1e-3` is a number; a repeated key,
 * an anchor, an alias, a tag, a merge key and a second document are mistakes.
 */
import {
  Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
  type Node,
  Pair,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import type { Problem } from "../types";

export const DEPTH_LIMIT = 40;
export const TEXT_LIMIT = 1024 * 1024; // characters of a scenario; Python has the same limit

export type Way = (string | number)[];

export interface Reading {
  data: any; // undefined where nothing can be read
  problems: Problem[];
  lineOf(way: Way): number | undefined;
  /** Whether a whole number was written as a decimal ("156.0"), which Python takes for a float. */
  isDecimal(way: Way): boolean;
  /** Whether a mistake that is reported already makes the value unusable. */
  isBroken(way: Way): boolean;
  /** Whether a number was too large for a browser to hold it exactly. */
  isRounded(way: Way): boolean;
  /** The text of a part by itself, where it holds comments. */
  sourceOf(way: Way): string | undefined;
}

// --- words -----------------------------------------------------------------------------------------

const WHOLE = /^[-+]?(0|[1-9][0-9]*)$/;
const REAL = /^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INFINITE = /^([-+]?)\.(inf|Inf|INF)$/;
const WORDS: Record<string, unknown> = {
  "": null,
  "~": null,
  null: null,
  true: true,
  True: true,
  false: false,
  False: false,
};

/** The meaning of an unquoted word: a value, or the text itself. */
export function scalarOf(text: string): any {
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  if (REAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  if (text === ".nan" || text === ".NaN" || text === ".NAN") return NaN;
  return text;
}

// --- reading ---------------------------------------------------------------------------------------

const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function dotted(way: Way): string {
  let text = "";
  for (const part of way) {
    if (typeof part === "number") text += `[${part}]`;
    else text += (text ? "." : "") + ([...part].length > 60 ? `${[...part].slice(0, 57).join("")}...` : part);
  }
  return text;
}

const keyOf = (way: Way): string => JSON.stringify(way);

export function readYaml(given: string, limit = TEXT_LIMIT): Reading {
  const text = given.replace(/^\ufeff/, "").replace(/\r\n|[\r\x85]/g, "\n"); // line breaks, as YAML 1.1 has them
  const reader = new Reader(text);
  const fault = textFault(text, limit);
  if (fault) reader.problems.push(fault);
  else reader.read();
  return reader;
}

function textFault(text: string, limit: number): Problem | null {
  if (text.length > limit) return { path: [], text: `is too large; allowed: at most ${limit / 1024 ** 2} MiB` };
  const deep = depthFault(text);
  if (deep) return deep;
  const odd = UNPRINTABLE.exec(text);
  if (odd) {
    const code = odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    return { path: [], line: lineAt(text, odd.index), text: `a character that is not text (U+${code})` };
  }
  return null;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Find nesting far beyond every limit, without recursion and before the parser spends time on it. */
function depthFault(text: string): Problem | null {
  const compact = /^[ \t]*(?:[-?:][ \t]+){200}/m.exec(text);
  if (compact) return tooDeep(lineAt(text, compact.index));
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === "[" || letter === "{") depth++;
    else if (letter === "]" || letter === "}") depth = Math.max(0, depth - 1);
    if (depth > 1000) return tooDeep(lineAt(text, i));
  }
  return null;
}

function tooDeep(line?: number): Problem {
  return { path: [], line, text: `is nested too deeply; allowed: at most ${DEPTH_LIMIT} levels` };
}

class Stop extends Error {
  constructor(readonly problem: Problem) {
    super(problem.text);
  }
}

class Reader implements Reading {
  data: any = undefined;
  problems: Problem[] = [];
  private lines = new LineCounter();
  private places = new Map<string, number>();
  private decimals = new Set<string>();
  private broken = new Set<string>();
  private rounded = new Set<string>();
  private nodes = new Map<string, Node>();
  private text: string;

  constructor(text: string) {
    this.text = text;
  }

  lineOf(way: Way): number | undefined {
    for (let end = way.length; end >= 0; end--) {
      const line = this.places.get(keyOf(way.slice(0, end)));
      if (line !== undefined) return line;
    }
    return undefined;
  }

  isDecimal(way: Way): boolean {
    return this.decimals.has(keyOf(way));
  }

  isBroken(way: Way): boolean {
    return this.broken.has(keyOf(way));
  }

  isRounded(way: Way): boolean {
    return this.rounded.has(keyOf(way));
  }

  sourceOf(way: Way): string | undefined {
    const node = this.nodes.get(keyOf(way));
    if (!isMap(node)) return undefined;
    let comments = false;
    visit(node, {
      Node: (_, one) => void (comments ||= !!(one.comment || one.commentBefore)),
    });
    if (!comments) return undefined;
    const doc = failsafe("{}");
    doc.contents = node as any;
    return escaped(doc.toString(WRITING));
  }

  read(): void {
    let doc: Document;
    try {
      doc = parseDocument(this.text, {
        schema: "failsafe",
        lineCounter: this.lines,
        uniqueKeys: false,
        merge: false,
        prettyErrors: false,
        logLevel: "error",
      });
    } catch (fault) {
      this.problems.push(fault instanceof RangeError ? tooDeep() : { path: [], text: `is not valid YAML: ${String(fault)}` });
      return;
    }
    for (const error of doc.errors) {
      const line = this.lines.linePos(error.pos[0]).line;
      if (error.code === "MULTIPLE_DOCS") {
        this.problems.push({ path: [], line, text: "a file may hold one document only; '---' begins a second one" });
        continue;
      }
      if (/call stack/.test(error.message)) {
        this.problems.push(tooDeep(line));
        return;
      }
      if (!SYNTAX_OF_TAGS.has(error.code)) {
        const tab = error.code === "TAB_AS_INDENT";
        const said = error.message.split("\n")[0].replace(/ at line .*$/, "");
        const text = tab ? "a tab cannot be used here; indent with spaces" : `is not valid YAML: ${said}`;
        this.problems.push({ path: [], line, text });
        return;
      }
    }
    if (!doc.contents || (isScalar(doc.contents) && doc.contents.value === "" && doc.contents.type === "PLAIN")) {
      this.problems.push({ path: [], text: "the file is empty" });
      return;
    }
    const top = doc.contents;
    if (doc.commentBefore) top.commentBefore = [doc.commentBefore, top.commentBefore].filter(Boolean).join("\n\n");
    if (doc.comment) top.comment = doc.comment;
    try {
      this.data = this.value(top, [], 0);
    } catch (fault) {
      if (!(fault instanceof Stop)) throw fault;
      this.problems = [fault.problem];
      this.data = undefined;
    }
  }

  private lineOfNode(node: Node): number | undefined {
    return node.range ? this.lines.linePos(node.range[0]).line : undefined;
  }

  private fault(way: Way, node: Node, text: string): void {
    this.problems.push({ path: way, line: this.lineOfNode(node), text: way.length ? `${dotted(way)}: ${text}` : text });
  }

  private refuse(way: Way, node: Node, text: string): void {
    this.fault(way, node, text);
    this.broken.add(keyOf(way));
  }

  private value(node: Node | null, way: Way, depth: number): any {
    if (node === null) return null;
    if (depth > DEPTH_LIMIT) throw new Stop(tooDeep(this.lineOfNode(node)));
    const line = this.lineOfNode(node);
    if (line !== undefined) this.places.set(keyOf(way), line);
    if (isAlias(node)) {
      this.refuse(way, node, `aliases are not allowed (*${node.source}); write it out`);
      return null;
    }
    if ("anchor" in node && node.anchor) this.fault(way, node, `anchors are not allowed (&${node.anchor})`);
    if (node.tag) this.refuse(way, node, `tags are not allowed (${node.tag.replace("tag:yaml.org,2002:", "!!")})`);
    if (isScalar(node)) return this.scalar(node, way);
    if (isSeq(node)) return node.items.map((item, index) => this.value(item as Node, [...way, index], depth + 1));
    if (isMap(node)) return this.mapping(node, way, depth);
    return null;
  }

  private scalar(node: Scalar, way: Way): any {
    const text = node.value === null ? "" : String(node.value);
    if (node.type !== "PLAIN") return text;
    const value = scalarOf(text);
    if (typeof value === "number") {
      if (!WHOLE.test(text)) this.decimals.add(keyOf(way));
      if (WHOLE.test(text) && !Number.isSafeInteger(value)) this.rounded.add(keyOf(way));
      if (WHOLE.test(text) && text.length >= 100) this.decimals.add(keyOf(way));
    }
    return value;
  }

  private mapping(node: YAMLMap, way: Way, depth: number): Record<string, any> {
    this.nodes.set(keyOf(way), node);
    const items: [string, any][] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const key = this.key(pair, way);
      if (key === null) continue;
      const inner = [...way, key];
      if (seen.has(key)) {
        const first = this.places.get(keyOf([...inner, "", "key"]));
        this.refuse(inner, pair.key as Node, `is given twice; the first is on line ${first}`);
        continue;
      }
      seen.add(key);
      const line = this.lineOfNode(pair.key as Node);
      if (line !== undefined) {
        this.places.set(keyOf(inner), line);
        this.places.set(keyOf([...inner, "", "key"]), line);
      }
      items.push([key, this.value(pair.value as Node | null, inner, depth + 1)]);
    }
    return Object.fromEntries(items); // holds a key such as __proto__ too
  }

  private key(pair: Pair, way: Way): string | null {
    const node = pair.key as Node | null;
    const holder = node ?? (pair.value as Node | null) ?? new Scalar("");
    if (isAlias(node)) this.fault(way, node, `aliases are not allowed (*${node.source}); write it out`);
    else if (node !== null && !isScalar(node)) this.fault(way, node, "a field name must be text");
    else {
      const anchored = node as Scalar | null;
      if (anchored?.anchor) this.fault(way, holder, `anchors are not allowed (&${anchored.anchor})`);
      if (anchored?.tag) this.fault(way, holder, `tags are not allowed (${anchored.tag})`);
      const text = anchored === null || anchored.value === null ? "" : String(anchored.value);
      if (text === "<<" && anchored?.type === "PLAIN")
        this.fault(way, holder, "merge keys are not allowed (<<); write the fields out");
      else if (!text) this.fault(way, holder, "a field name is missing before ':'");
      else return text;
    }
    return null;
  }
}

/** Errors of the parser that are not errors of syntax; the reader reports them itself. */
const SYNTAX_OF_TAGS = new Set<string>(["TAG_RESOLVE_FAILED", "BAD_ALIAS", "DUPLICATE_KEY"]);

// --- writing ---------------------------------------------------------------------------------------

const WRITING = { lineWidth: 100, minContentWidth: 20, flowCollectionPadding: false, blockQuote: true } as const;
const PLAIN = /^[\p{L}_][\p{L}\p{N}_ .,()/'%+*=-]*$/u;

/** A text with the line breaks of YAML 1.1, which occur in quotes only, as escapes. */
function escaped(text: string): string {
  return text.replace(/[\x85\u2028\u2029\ufeff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function failsafe(text: string): Document {
  return parseDocument(text, { schema: "failsafe", uniqueKeys: false, merge: false, logLevel: "silent" }) as Document;
}

/** Data as YAML. `source` is the text that it was read from, whose comments and forms are kept. */
export function writeYaml(data: Record<string, any>, source?: string, head = ""): string {
  const doc = documentOf(data, source);
  if (head) doc.commentBefore = head;
  return escaped(doc.toString(WRITING));
}

/** A given node as a document, in the same form. */
export function writeNode(node: Node, head: string): string {
  const doc = failsafe("{}");
  doc.contents = node as any;
  doc.commentBefore = head;
  return escaped(doc.toString(WRITING));
}

export function scalarNode(text: string): Scalar {
  return textNode(text);
}

/** The data as a node for a larger document. */
export function nodeFor(data: any, source?: string): Node {
  if (source === undefined) return nodeOf(data);
  const doc = documentOf(data, source);
  const node = doc.contents as Node;
  if (doc.commentBefore) node.commentBefore = [doc.commentBefore, node.commentBefore].filter(Boolean).join("\n\n");
  return node;
}

function documentOf(data: any, source?: string): Document {
  if (source !== undefined) {
    const doc = failsafe(source);
    const was = readYaml(source).data;
    if (!doc.errors.length && isMap(doc.contents) && was) {
      patchMap(doc.contents, was, data);
      return doc;
    }
  }
  const doc = failsafe("{}");
  doc.contents = nodeOf(data) as any;
  return doc;
}

const same = (one: any, other: any): boolean => Object.is(one, other) || textOf(one) === textOf(other);
const textOf = (value: any): string =>
  JSON.stringify(value, (_, part) => (typeof part === "number" && !Number.isFinite(part) ? String(part) : part)) ?? "";
const isObject = (value: any): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

function patch(node: Node | null, was: any, now: any): Node {
  if (node && same(was, now)) return node;
  if (isMap(node) && isObject(was) && isObject(now)) {
    patchMap(node, was, now);
    return node;
  }
  if (isSeq(node) && Array.isArray(was) && Array.isArray(now)) {
    patchSeq(node, was, now);
    return node;
  }
  const made = nodeOf(now);
  if (isScalar(node) && isScalar(made)) {
    made.comment = node.comment;
    made.commentBefore = node.commentBefore;
    made.spaceBefore = node.spaceBefore;
  }
  return made;
}

const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));

function patchMap(node: YAMLMap, was: Record<string, any>, now: Record<string, any>): void {
  node.items = node.items.filter((pair) => Object.hasOwn(now, keyText(pair)));
  const there = new Map(node.items.map((pair) => [keyText(pair), pair]));
  for (const [key, value] of Object.entries(now)) {
    const pair = there.get(key);
    if (pair) pair.value = patch(pair.value as Node | null, was[key], value);
    else if (value !== undefined) node.items.push(pairOf(key, value));
  }
  if (node.flow && JSON.stringify(now).length > 120) node.flow = false;
}

/** Equal entries keep their comments; the entries between them are matched in order. */
function patchSeq(node: YAMLSeq, was: any[], now: any[]): void {
  const items = node.items as Node[];
  const made: Node[] = [];
  let [i, j] = [0, 0];
  for (const [oldPlace, newPlace] of [...unchanged(was, now), [was.length, now.length]]) {
    for (; j < newPlace; j++) {
      const old = i < oldPlace ? i++ : -1;
      made.push(old < 0 ? nodeOf(now[j]) : patch(items[old], was[old], now[j]));
    }
    if (newPlace < now.length) made.push(items[oldPlace]);
    [i, j] = [oldPlace + 1, newPlace + 1];
  }
  node.items = made;
}

/** Pairs of indices of equal entries: the longest common subsequence of both lists. */
function unchanged(was: any[], now: any[]): [number, number][] {
  const [one, other] = [was.map(textOf), now.map(textOf)];
  if (one.length * other.length > 250_000) return sameEnds(one, other);
  const longest = one.map(() => new Uint16Array(other.length + 1));
  longest.push(new Uint16Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i--)
    for (let j = other.length - 1; j >= 0; j--)
      longest[i][j] = one[i] === other[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const found: [number, number][] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    if (one[i] === other[j]) found.push([i++, j++]);
    else if (longest[i + 1][j] >= longest[i][j + 1]) i++;
    else j++;
  }
  return found;
}

function sameEnds(one: string[], other: string[]): [number, number][] {
  const found: [number, number][] = [];
  const most = Math.min(one.length, other.length);
  let head = 0;
  while (head < most && one[head] === other[head]) found.push([head, head++]);
  const ends: [number, number][] = [];
  for (let t = 1; t <= most - head && one.at(-t) === other.at(-t); t++) ends.push([one.length - t, other.length - t]);
  return [...found, ...ends.reverse()];
}

function pairOf(key: string, value: any): Pair {
  return new Pair(textNode(key), nodeOf(value));
}

function nodeOf(value: any): Node {
  if (Array.isArray(value)) {
    const node = new YAMLSeq();
    node.items = value.map(nodeOf);
    node.flow = value.length > 0 && value.every((item) => typeof item !== "object" || item === null);
    if (!value.length) node.flow = true;
    return node;
  }
  if (isObject(value)) {
    const node = new YAMLMap();
    for (const [key, item] of Object.entries(value)) if (item !== undefined) node.items.push(pairOf(key, item));
    return node;
  }
  return typeof value === "string" ? textNode(value) : plainNode(wordOf(value));
}

function wordOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value < 0 ? "-.inf" : ".inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString();
  return String(value);
}

function plainNode(text: string): Scalar {
  const node = new Scalar(text);
  node.type = "PLAIN";
  return node;
}

function textNode(text: string): Scalar {
  const node = new Scalar(text);
  const plain = PLAIN.test(text) && !text.endsWith(" ") && scalarOf(text) === text && text.length < 500;
  if (plain) node.type = "PLAIN";
  else if (isBlockText(text)) node.type = "BLOCK_LITERAL";
  else node.type = "QUOTE_DOUBLE";
  return node;
}

/** Whether a text of several lines can be written as it is. */
function isBlockText(text: string): boolean {
  return /^\S[^\r\x85\u2028\u2029\ufeff]*\S\n?$/.test(text) && text.includes("\n") && !/[ \t]\n/.test(text) && !UNPRINTABLE.test(text);
}
