/** words.json holds every sentence that the sources of the page use, and no other. Paths lead to sentences in it. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { filled } from "../src/words/filled";
import words from "../../words.json";

const SRC = path.resolve(process.cwd(), "src");
/** The beginnings of short paths, by folder: t("when.title") in the setting means setting.when.title. */
const PREFIXES: [RegExp, string[]][] = [
  [/^setting\//, ["setting", "setting.line", "setting.event_line"]], [/^best\//, ["best"]], [/^klass\//, ["class"]], [/^hand_on\//, ["hand_on"]],
  [/^ui\//, ["document", "frame"]], [/^model\//, ["document", "setting.history"]], [/^study\//, ["runner", "results.compare"]],
];

const files = (fs.readdirSync(SRC, { recursive: true }) as string[]).filter((name) => /\.tsx?$/.test(name)).map((name) => name.replaceAll("\\", "/"));

/** The paths of all sentences; the forms of a sentence (one, other) count as one, and so do the rows of a table. */
function* sentences(value: unknown, way: string[] = []): Generator<string> {
  if (way.at(-1) === "//") return;
  if (typeof value === "string" || Array.isArray(value)) yield way.join(".");
  else if ("other" in (value as object) && Object.keys(value as object).length === 2 && "one" in (value as object)) yield way.join(".");
  else for (const [name, part] of Object.entries(value as object)) yield* sentences(part, [...way, name]);
}

interface Asked {
  texts: { file: string; text: string; called: boolean }[]; // quoted paths; * stands for a placeholder
  parts: Set<string>; // paths of parts that the sources take from the table as a whole, such as words.verdict.payer
}

function asked(): Asked {
  const found: Asked = { texts: [], parts: new Set() };
  for (const file of files) {
    const source = ts.createSourceFile(file, fs.readFileSync(path.join(SRC, file), "utf8"), ts.ScriptTarget.Latest, true);
    const names = new Map<string, string>([["words", ""]]); // variables that hold a part of the table, with its path
    const wayOf = (node: ts.Node): string | null => {
      if (ts.isIdentifier(node)) return names.get(node.text) ?? null;
      if (ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return wayOf(node.expression);
      if (!ts.isPropertyAccessExpression(node)) return null;
      if (node.name.text === "words") return "";
      const owner = wayOf(node.expression);
      return owner === null ? null : owner ? `${owner}.${node.name.text}` : node.name.text;
    };
    const visit = (node: ts.Node): void => {
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
        const way = wayOf(node.initializer);
        if (way !== null && /^(words|table)$/.test(node.name.text)) names.set(node.name.text, way);
      }
      if (ts.isPropertyAccessExpression(node) && !ts.isPropertyAccessExpression(node.parent)) {
        const way = wayOf(node);
        if (way && !(ts.isVariableDeclaration(node.parent) && names.has(node.parent.name.getText()))) found.parts.add(way);
      }
      const called = ts.isCallExpression(node.parent ?? node) && /(^|\.)(say|t|speak)$/.test((node.parent as ts.CallExpression).expression.getText());
      if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.texts.push({ file, text: node.text, called });
      if (ts.isTemplateExpression(node)) {
        const text = node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join("");
        found.texts.push({ file, text, called });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

const ways = [...sentences(words)];
const { texts, parts } = asked();
const prefixed = (file: string, text: string): string[] => [text, ...(PREFIXES.find(([one]) => one.test(file))?.[1] ?? []).map((one) => `${one}.${text}`)];
const pattern = (way: string): RegExp => new RegExp(`^${way.split("*").map((one) => one.replace(/[.$^()[\]{}?+\\|]/g, "\\$&")).join("[^.]+")}$`);

/** Templates that only put a beginning before a path; they use no sentence by themselves. */
const BEGINNINGS = [/^(document|setting|best|class)\.\*$/, /^(setting\.)?(history|line|event_line)\.\*$/];

/** Groups whose sentences are chosen by a name in the data (an outcome, a situation, ...). */
const BY_DATA = ["outcomes", "verdict.parameters"];

test("no sentence of the table is never said", () => {
  const used = new Set<string>();
  for (const part of [...parts, ...BY_DATA]) for (const way of ways) if (way === part || way.startsWith(`${part}.`) || way.endsWith(`.${part}`)) used.add(way);
  const patterns = new Set<string>();
  const said = texts.filter(({ text }) => /^[\w.*]+$/.test(text) && /\w\w/.test(text));
  for (const { file, text } of said) for (const way of prefixed(file, text)) patterns.add(way);
  // A path may name a group whose member is chosen by a number or a name: "results.failed_runs.*".
  for (const one of patterns) {
    if (BEGINNINGS.some((beginning) => beginning.test(one))) continue;
    if (!one.includes("*")) used.add(one);
    else for (const way of ways) if (pattern(one).test(way) || pattern(one).test(`${way}.one`)) used.add(way);
  }
  assert.deepEqual(ways.filter((way) => !used.has(way)), []);
});

test("every sentence that is asked for by its whole way is in the table", () => {
  const forms = new Set(ways.flatMap((way) => way.split(".").map((_, i, all) => all.slice(0, i + 1).join("."))));
  const missing = texts.filter(({ called, text }) => called && /^[\w.]+$/.test(text)).filter(({ file, text }) => !prefixed(file, text).some((way) => forms.has(way)));
  assert.deepEqual(missing.map(({ file, text }) => `${file}: ${text}`), []);
});

/** The texts of the table that are used for any count, which leaves out pairs of `one` and `other`. */
function* templates(value: unknown, way: string[] = []): Generator<[string, string]> {
  if (typeof value === "string") yield [way.join("."), value];
  else if (value && typeof value === "object" && !("one" in value && "other" in value))
    for (const [name, part] of Object.entries(value)) yield* templates(part, [...way, name]);
}

/** Texts whose count is never 1: those of several targets or runs, and of rhythms, where 1 has a word of its own. */
const SEVERAL = /^(all )?\{targets\} targets|first \{count\} of \{all\} plans|of \{targets\} |Least sure of \{count\} |every \{weeks\} weeks/

test("a count has its noun in its number", () => {
  const counts = "count|runs|fit|rows|regions|weeks|minutes|questions|steps|speed|sets|targets";
  const bare = new RegExp(`\\{(${counts})\\} (more )?[a-z]+s\\b`);
  const wrong = [...templates(words)].filter(([, text]) => bare.test(text.replace(new RegExp(SEVERAL, "g"), "")));
  assert.deepEqual(wrong, []);
  const say = (rows: string, regions: string): string => filled("{rows:contact|contacts} in {regions:region|regions}", (name) => ({ rows, regions })[name]!);
  assert.equal(say("1", "1"), "1 contact in 1 region");
  assert.equal(say("0", "12"), "0 contacts in 12 regions");
  assert.equal(say("1,001", "1"), "1,001 contacts in 1 region");
});
