/** Files: reads what was opened, dropped or pasted as plans, a log or a survey, and writes plans to files. */
import { Pair, YAMLMap, YAMLSeq } from "yaml";
import type { PageData, Plan, PlansFile, ScenarioData } from "../types";
import { say } from "../ui/say";
import { check, isObject, type Known } from "./check";
import { NOT_READ } from "./consistency";
import { MOST_ABOVE, readTable as tableIn } from "./csv";
import { faultTexts, type LogRead, readLog, remarksOn } from "./logtable";
import { checkPlansFile } from "./plans_check";
import { cleanName, uniqueName } from "./plans";
import { nodeFor, type Reading, readYaml, scalarNode, writeNode, writeYaml } from "./yaml_text";

export const MOST_BYTES = 10 * 1024 * 1024;

export interface Given {
  name: string;
  bytes: Uint8Array;
}

export type As = "plan" | "log" | "survey";
/** Asks `codose serve` to read a file; see sim/page/reading.py. */
export type Ask = (as: As, given: Given, map?: Record<string, unknown>) => Promise<any>;

type Map = Record<string, unknown>;

export interface Question {
  where: (string | number)[];
  text: string;
  options: string[];
  proposed: string;
}

/** The content of a file. `said` holds sentences about what was read or left out. */
export type Read =
  | { kind: "plans"; file: PlansFile; said: string[] }
  | { kind: "plan"; plan: Plan; said: string[] }
  | { kind: "log"; log: Pick<LogRead, "rows" | "dated">; said: string[] }
  | { kind: "survey"; text: string; said: string[] }
  | { kind: "questions"; as?: As; given: Given; map: Map; questions: Question[]; values?: Record<string, string> } // as: left out where it may be a log or a survey; values: what the options mean, where the page itself asks
  | { kind: "problems"; problems: string[] };

export type Reader = Pick<PageData, "words" | "plans_schema"> & Known;

/** Reads one file and changes nothing that is open. */
export async function readFile(given: Given, page: Reader, ask: Ask | null, as?: As, map?: Map): Promise<Read> {
  const tell = (way: string, values: Record<string, string | number> = {}) => say(page.words, `document.${way}`, values);
  const refuse = (way: string, values: Record<string, string | number> = {}): Read => ({
    kind: "problems",
    problems: [tell(way, { name: given.name, ...values })],
  });
  if (given.bytes.length > MOST_BYTES) return refuse("file_large", { size: megabytes(given.bytes.length), most: megabytes(MOST_BYTES) });
  if (!given.bytes.some((byte) => byte > 32)) return refuse("file_empty");
  const wrong = kindOfBytes(given.bytes);
  if (wrong === "workbook" && ask) return as ? asked(await ask(as, given), as, given, page) : logOrSurvey(ask, given, page);
  if (wrong === "workbook") return refuse("file_workbook");
  if (wrong) return refuse(`file_${wrong}`);
  let text: string;
  try {
    text = new TextDecoder(encodingOf(given.bytes), { fatal: true }).decode(given.bytes);
  } catch {
    if (looksLikeTable(given.name, "", page) && ask) return asked(await ask("log", given), "log", given, page);
    return refuse("file_not_utf8");
  }
  if (text.includes("\0")) return refuse("file_binary");
  if (as === "survey" && ask) return asked(await ask("survey", given), "survey", given, page);
  if (as === "log" || looksLikeTable(given.name, text, page)) return readTable(text, given, page, ask, as, map, refuse);
  return readText(text, given.name, page);
}

function megabytes(bytes: number): string {
  return (bytes / 1024 ** 2).toLocaleString("en", { maximumFractionDigits: 1 });
}

/** The encoding of a file. UTF-16 (Excel's "Unicode text" and some editors) begins with a mark. */
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

function kindOfBytes(bytes: Uint8Array): string | null {
  const begins = (...first: number[]) => first.every((byte, i) => bytes[i] === byte);
  const text = new TextDecoder("latin1").decode(bytes.slice(0, 400)).trimStart().toLowerCase();
  if (begins(0x50, 0x4b, 3, 4)) return new TextDecoder("latin1").decode(bytes).includes("word/document.xml") ? "document" : "workbook";
  if (begins(0xd0, 0xcf, 0x11, 0xe0)) return "old_workbook";
  if (text.startsWith("%pdf")) return "pdf";
  if (text.startsWith("<!doctype html") || text.startsWith("<html")) return "page";
  if (begins(0x89, 0x50, 0x4e, 0x47) || begins(0xff, 0xd8, 0xff) || text.startsWith("gif8")) return "picture";
  if (text.startsWith("begin:vcalendar")) return "calendar";
  if (encodingOf(bytes) === "utf-8" && bytes.slice(0, 8000).includes(0)) return "binary";
  return null;
}

/** Whether a file is a table by its name, or by its text: headings, and a row of as many cells, below lines such as a
 * title. A text that begins with a field of a plan, or with a brace, is none. */
function looksLikeTable(name: string, text: string, page: Reader): boolean {
  if (/\.(csv|tsv)$/i.test(name)) return true;
  if (/\.(ya?ml|json)$/i.test(name)) return false;
  const lines = text.replace(/^\ufeff/, "").split(/\r\n?|\n/, 10 * MOST_ABOVE);
  const first = lines.find((line) => /^\s*[^\s#]/.test(line) && line.trim() !== "---") ?? "";
  const field = /^\s*["']?(\w+)["']?\s*:/.exec(first)?.[1] ?? "";
  if (/^\s*[{[]/.test(first) || field === "codose" || field in page.schema.properties) return false;
  const { rows } = tableIn(lines.join("\n"));
  return rows.slice(0, MOST_ABOVE).some(({ cells }, i) => {
    const below = rows[i + 1]?.cells.length ?? cells.length;
    return cells.length > 1 && below === cells.length && cells.every((cell) => !/[:{]/.test(cell));
  });
}

const MOST_MISSING = 1; // of date, region, mode and hours, where a table may still be meant as a log

async function readTable(
  text: string, given: Given, page: Reader, ask: Ask | null, as: As | undefined, map: Map | undefined,
  refuse: (way: string, values?: Record<string, string>) => Read,
): Promise<Read> {
  const order = map?.order === "day" || map?.order === "month" ? map.order : null;
  const found = readLog(text, page, order);
  const understood = !found.faults.length && !(found.ambiguous && !order);
  if (ask && !(understood && !found.unused.length)) {
    const isLog = as === "log" || found.faults[0]?.fault !== "columns";
    return isLog ? asked(await ask("log", given), "log", given, page) : logOrSurvey(ask, given, page);
  }
  if (found.ambiguous && !order) return whichOrder(given, page);
  const history = (path: string, values?: Record<string, string | number>) => say(page.words, `setting.history.${path}`, values ?? {});
  if (understood) return { kind: "log", log: found, said: remarksOn(found, history) };
  const missing = found.faults[0].fault === "columns" ? found.faults[0].text.split(", ").length : 0;
  if (missing > MOST_MISSING) return refuse("file_table");
  return { kind: "problems", problems: faultTexts(found.faults, history).map((one) => `${given.name}: ${one}`) };
}

/** A table that may be a log or a survey is read as the one about which the server has fewer questions. */
async function logOrSurvey(ask: Ask, given: Given, page: Reader): Promise<Read> {
  const log = await ask("log", given);
  if (log?.kind === "log") return asked(log, "log", given, page);
  if (log?.kind === "questions" && log.questions[0].where[0] === "sheet") return asked(log, undefined, given, page);
  const survey = await ask("survey", given);
  const open = (answer: any) => (answer?.kind === "questions" ? answer.questions.length : answer?.kind === "survey" ? 0 : Infinity);
  return open(survey) < open(log) ? asked(survey, "survey", given, page) : asked(log, "log", given, page);
}

/** The question whether 3/4/2026 gives the day or the month first. */
function whichOrder(given: Given, page: Reader): Read {
  const tell = (way: string) => say(page.words, `setting.history.${way}`);
  const options = ["day", "month"].map((value) => ({ value, text: tell(`order_${value}`) }));
  const question = { where: ["order"], text: tell("order"), options: options.map((one) => one.text), proposed: "" };
  return { kind: "questions", as: "log", given, map: { order: "?" }, questions: [question], values: Object.fromEntries(options.map((one) => [one.text, one.value])) };
}

/** The server's answer as the content of a file. */
function asked(answer: any, as: As | undefined, given: Given, page: Reader): Read {
  switch (answer?.kind) {
    case "log":
      return { kind: "log", log: { rows: answer.rows.map((row: any) => dated(row, answer.first_day)), dated: answer.first_day !== null }, said: answer.notes };
    case "survey":
      return { kind: "survey", text: answer.text, said: answer.notes };
    case "questions":
      return { kind: "questions", as, given, map: answer.map, questions: answer.questions };
    case "plans":
      return { kind: "plans", file: answer.file, said: [] };
    case "problems":
      return { kind: "problems", problems: answer.problems };
  }
  return { kind: "problems", problems: [say(page.words, "document.file_unread", { name: given.name })] };
}

/** A row of the server, which counts weeks from the first day of the log, with a date. */
function dated(row: Record<string, any>, firstDay: string | null): Record<string, any> {
  if (firstDay === null) return row;
  const { week, ...rest } = row;
  const day = new Date(Date.parse(`${firstDay}T00:00:00Z`) + 7 * 86_400_000 * (week - 1));
  return { date: day.toISOString().slice(0, 10), ...rest };
}

/** Reads YAML or JSON: a file of plans, or a scenario. */
export function readText(text: string, name: string, page: Reader): Read {
  const tell = (way: string, values: Record<string, string | number> = {}) => say(page.words, `document.${way}`, { name, ...values });
  const problems = (texts: string[]): Read => ({ kind: "problems", problems: texts });
  const isPlans = /^\s*(#.*\n\s*)*\{?\s*"?codose"?\s*:/.test(text.replace(/^\ufeff/, "")) || /\.plans\.ya?ml$/i.test(name);
  const reading = readYaml(text, isPlans ? MOST_BYTES : undefined);
  if (reading.data === undefined || reading.problems.length) return problems(lines(reading.problems, name));
  const { data } = reading;
  if (!isObject(data)) return problems([tell("file_no_plan")]);
  if ("codose" in data) return readPlans(data, reading, name, page);
  if (typeof data.format === "string" && data.format.startsWith("codose ")) return problems([tell("file_results")]);
  const fields = Object.keys(data);
  if (2 * fields.filter((key) => key in page.schema.properties).length < fields.length || !fields.length) return problems([tell("file_no_plan")]);
  const found = check(data, page, reading);
  const beside = otherFiles(data as ScenarioData);
  if (found.length && beside.length && found.every(({ text }) => text.endsWith(NOT_READ))) return problems([tell("file_beside", { files: beside.join(", ") })]);
  if (found.length) return problems(lines(found, name));
  return { kind: "plan", plan: planOf(data.name, data as ScenarioData, reading.sourceOf([])), said: [] };
}

/** The files that a scenario names, which a page cannot open. */
function otherFiles(data: ScenarioData): string[] {
  const { network, overrides } = isObject(data.regions) ? data.regions : ({} as any);
  const own = isObject(overrides) ? Object.values(overrides).map((one) => isObject(one) && one.network) : [];
  const named = [data.contact_log, network, ...own].map((one) => (isObject(one) ? one.file : undefined));
  return [...new Set(named.filter((file): file is string => typeof file === "string"))];
}

function planOf(name: string, scenario: ScenarioData, source: string | undefined): Plan {
  const plan: Plan = { name: cleanName(name) || "Plan", scenario };
  return source === undefined ? plan : { ...plan, source };
}

function lines(problems: { line?: number; text: string }[], name: string): string[] {
  return problems.map(({ line, text }) => (line === undefined ? `${name}: ${text}` : `${name}:${line}: ${text}`));
}

/** A plans file. Plans with mistakes are left out and reported, unless no plan is left. */
function readPlans(data: Record<string, any>, reading: Reading, name: string, page: Reader): Read {
  if (data.codose === "plans" && typeof data.version === "number" && data.version > 1)
    return { kind: "problems", problems: [say(page.words, "document.file_newer", { name, version: data.version })] };
  const found = checkPlansFile(data, page, reading);
  const ofPlan = (path: (string | number)[]) => path[0] === "plans" && typeof path[1] === "number" && path[2] === "scenario";
  const general = found.filter((problem) => !ofPlan(problem.path));
  const bad = new Set(found.filter((problem) => ofPlan(problem.path)).map((problem) => problem.path[1] as number));
  if (general.length || bad.size === data.plans?.length) return { kind: "problems", problems: lines(found, name) };
  const kept = (data.plans as any[]).map((plan, i) => ({ ...plan, i })).filter(({ i }) => !bad.has(i));
  const plans: Plan[] = [];
  for (const { name: called, scenario, i } of kept) {
    const source = reading.sourceOf(["plans", i, "scenario"]);
    plans.push(source === undefined ? { name: called, scenario } : { name: called, scenario, source });
  }
  const names = new Set(plans.map((plan) => plan.name));
  const file: PlansFile = {
    codose: "plans",
    version: 1,
    open: names.has(data.open) ? data.open : plans[0].name,
    reference: names.has(data.reference) ? data.reference : null,
    currency: data.currency ?? "$",
    budget: { a_year: data.budget?.a_year ?? null, of: data.budget?.of ?? "centre" },
    targets: data.targets ?? [],
    plans,
  };
  const said = [...bad].map((i) => say(page.words, "document.plan_left_out", { plan: data.plans[i].name }));
  return { kind: "plans", file, said: [...said, ...lines(found, name)] };
}

// --- writing ---------------------------------------------------------------------------------------

/** One plan as a scenario file, with the comments of the text that it was read from. */
export function planText(plan: Plan): string {
  return writeYaml(plan.scenario, plan.source);
}

/** All plans as one file, which the commands read too. */
export function plansText(file: PlansFile): string {
  const top: [string, unknown][] = [
    ["codose", file.codose], ["version", file.version], ["open", file.open], ["reference", file.reference],
    ["currency", file.currency], ["budget", file.budget], ["targets", file.targets],
  ];
  const map = new YAMLMap();
  for (const [name, value] of top) if (value !== null) map.items.push(new Pair(scalarNode(name), nodeFor(value)));
  const plans = new YAMLSeq();
  for (const plan of file.plans) {
    const one = new YAMLMap();
    one.items.push(new Pair(scalarNode("name"), scalarNode(plan.name)));
    one.items.push(new Pair(scalarNode("scenario"), nodeFor(plan.scenario, plan.source)));
    plans.items.push(one);
  }
  map.items.push(new Pair(scalarNode("plans"), plans));
  return writeNode(map, " Plans of codose: the page opens this file, and codose compare and others read it.");
}

const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/** A file name from the name of a plan, valid on every system. */
export function fileName(name: string, ending: string): string {
  let stem = name.normalize("NFC").replace(/[<>:"/\\|?*\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, "-");
  stem = stem.replace(/\s+/g, " ").replace(/^[\s.-]+|[\s.-]+$/g, "");
  while (new TextEncoder().encode(stem).length > 120) stem = [...stem].slice(0, -1).join("").trimEnd();
  if (!stem) stem = "plan";
  if (RESERVED.test(stem)) stem = `_${stem}`;
  return stem + ending;
}

/** The name for the file of all plans. */
export function plansFileName(file: PlansFile): string {
  const more = file.plans.length - 1;
  return fileName(more ? `${file.plans[0].name} and ${more} more` : file.plans[0].name, ".plans.yaml");
}

/** A document with these plans added after its own. */
export function withPlans(file: PlansFile, plans: Plan[]): PlansFile {
  return plans.reduce<PlansFile>((into, plan) => {
    const name = uniqueName(into, plan.name);
    return { ...into, open: name, plans: [...into.plans, { ...plan, name }] };
  }, file);
}
