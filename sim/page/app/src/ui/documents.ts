/** Opens and saves documents and handles links; the store's notices report every result. */
import { type As, type Ask, fileName, type Given, planText, plansFileName, plansText, type Question, type Read, readFile, withPlans } from "../model/files";
import { check } from "../model/check";
import { linkText, readLink } from "../model/links";
import { meantBy, type Take, type WithLog, withLog } from "../model/log";
import type { LogRead } from "../model/logtable";
import { openPlan, planNamed } from "../model/plans";
import type { PageData, Plan, ScenarioData } from "../types";
import { say } from "./say";
import { download, type Store } from "./store";

/** Questions of the server about a table, and the function that takes the answers. */
export interface Asking {
  name: string;
  questions: Question[];
  answer: (answers: string[]) => Promise<void>;
}

/** An event of the window. Its detail holds `files` and, in `as`, the kind of file to read them as. */
export const OPEN_FILES = "codose-open-files";

/** The function that asks `codose serve`; null where no server is behind the page. */
export function server(data: PageData): Ask | null {
  if (!data.served) return null;
  return async (as, given, map) => {
    const head = new TextEncoder().encode(JSON.stringify({ name: given.name, as, ...(map ? { map } : {}) }));
    const body = new Uint8Array(4 + head.length + given.bytes.length);
    new DataView(body.buffer).setUint32(0, head.length, true);
    body.set(head, 4);
    body.set(given.bytes, 4 + head.length);
    try {
      return await (await fetch("read", { method: "POST", body })).json();
    } catch {
      return { kind: "unread" };
    }
  };
}

/** Opens files one after the other; a file that cannot be read changes nothing. */
export async function openFiles(store: Store, files: Iterable<File>, ask: (asking: Asking) => void, as?: As): Promise<void> {
  for (const file of files) {
    const large = file.size > 10 * 1024 * 1024; // too large to be read at all
    const bytes = large ? new Uint8Array(0) : new Uint8Array(await file.arrayBuffer());
    const given = { name: file.name, bytes };
    if (large) problems(store, given.name, [store.say("file_large", { name: file.name, size: (file.size / 1024 ** 2).toFixed(1), most: "10" })]);
    else await openGiven(store, given, ask, as);
  }
}

export async function openGiven(store: Store, given: Given, ask: (asking: Asking) => void, as?: As): Promise<void> {
  take(store, await readFile(given, store.data, server(store.data), as), given, ask);
}

function take(store: Store, read: Read, given: Given, ask: (asking: Asking) => void): void {
  switch (read.kind) {
    case "problems":
      return problems(store, given.name, read.problems);
    case "plan":
      return takePlan(store, read.plan, given.name);
    case "plans":
      return takePlans(store, read, given.name);
    case "log":
      return void takeLog(store, read.log, read.said, given.name);
    case "survey":
      return store.notice({
        id: `file ${given.name}`,
        kind: "said",
        text: store.say("opened_survey", { file: given.name }),
        more: read.said,
        actions: [{ label: store.say("save_survey"), run: () => download(fileName(given.name.replace(/\.\w+$/, ""), ".observed.yaml"), read.text, "application/yaml") }],
      });
    case "questions":
      return ask({ name: given.name, questions: read.questions, answer: (answers) => answered(store, read, answers, ask) });
  }
}

async function answered(store: Store, read: Read & { kind: "questions" }, answers: string[], ask: (asking: Asking) => void): Promise<void> {
  const map = structuredClone(read.map);
  for (const [i, { where }] of read.questions.entries()) {
    let owner: any = map;
    for (const step of where.slice(0, -1)) owner = owner[step];
    owner[where.at(-1)!] = read.values?.[answers[i]] ?? answers[i];
  }
  if (read.values) return take(store, await readFile(read.given, store.data, null, read.as, map), read.given, ask);
  const to = server(store.data)!;
  take(store, await readFile(read.given, store.data, (as, given) => to(as, given, map), read.as), read.given, ask);
}

const SHOWN = 5;

function problems(store: Store, name: string, texts: string[]): void {
  const more = texts.length > 1 ? texts.slice(0, SHOWN) : undefined;
  const left = texts.length - SHOWN;
  if (more && left > 0) more.push(store.say("more_mistakes", { count: left }));
  const text = texts.length === 1 ? texts[0] : store.say("file_mistakes", { name, count: texts.length });
  store.notice({ id: `file ${name}`, kind: "problem", text, more, actions: [] });
}

function takePlan(store: Store, plan: Plan, file: string): void {
  store.addPlan(plan.name, plan.scenario, plan.source);
  store.tell(`file ${file}`, store.say("opened_plan", { file, plan: store.file.open }));
}

function takePlans(store: Store, read: Read & { kind: "plans" }, name: string): void {
  const before = store.file;
  store.replaceAll(store.say("step_open"), read.file, true);
  const id = `file ${name}`;
  const both = () => {
    store.dismiss(id);
    store.update(store.say("step_open"), () => withPlans(before, read.file.plans));
  };
  const text = store.say("opened_plans", { file: name, count: read.file.plans.length });
  store.tell(id, text, read.said, [{ label: store.say("open_both"), run: both }]);
}

/** Makes a log the history of the plan on the screen; returns whether it could. */
export function takeLog(store: Store, log: Pick<LogRead, "rows" | "dated">, said: string[], file: string, taking: Take = {}): boolean {
  const plan = openPlan(store.file);
  const made = withLog(plan.scenario, log, store.data, taking);
  const faults = check(made.scenario, store.data).map((one) => one.text);
  if (faults.length) {
    const own = strangers(store, plan.scenario, made, taking);
    problems(store, file, own.length ? own : faults);
    return false;
  }
  store.change(store.say("step_history"), () => made.scenario);
  const regions = new Set(made.scenario.contact_log.rows.map((row: any) => row.region)).size;
  const text = store.say("opened_log", { file, rows: log.rows.length, regions, plan: plan.name });
  store.tell(`file ${file}`, text, [...said, ...made.said.map((one) => store.say(one.way, one.values))]);
  return true;
}

/** Sentences on regions and providers of a log that a plan with names of its own does not have. */
function strangers(store: Store, scenario: ScenarioData, made: WithLog, taking: Take): string[] {
  const names = (all: string[]) => all.slice(0, 5).join(", ") + (all.length > 5 ? ", …" : "");
  const said = (["region", "provider"] as const)
    .filter((kind) => made.strangers[kind].length && !taking[`${kind}s`])
    .map((kind) => store.say(`log_strange_${kind}s`, { names: names(made.strangers[kind]) }));
  const meant = said.length ? meantBy(made.strangers, scenario, store.data) : [];
  return [...said, ...meant.map((one) => say(store.data.words, "setting.history.meant", one))];
}

// --- saving ------------------------------------------------------------------------------------------

export function saveAll(store: Store): void {
  download(plansFileName(store.file), plansText(store.file), "application/yaml");
  store.savedToFile();
}

export function savePlan(store: Store, name: string): void {
  const plan = planNamed(store.file, name);
  if (plan) download(fileName(plan.name, ".yaml"), planText(plan), "application/yaml");
}

// --- links -------------------------------------------------------------------------------------------

/** Whether others can open this page by its address. */
function hasAddress(): boolean {
  return /^https?:$/.test(location.protocol) && !/^(localhost|127\.|\[::1\])/.test(location.host);
}

export async function copyLink(store: Store): Promise<void> {
  if (!hasAddress()) {
    const save = { label: store.say("save_file"), run: () => saveAll(store) };
    store.notice({ id: "link", kind: "problem", text: store.say("link_here_only"), actions: [save] });
    return;
  }
  const link = `${location.href.split("#")[0]}#p=${await linkText(store.file)}`;
  try {
    await navigator.clipboard.writeText(link);
    store.notice({ id: "link", kind: "said", text: store.say("link_copied", { plan: store.file.open }), actions: [] });
  } catch {
    store.notice({ id: "link", kind: "said", text: store.say("link_shown"), more: [link], actions: [] });
  }
}

/** Opens the plan of a link in the address as a further plan; reports a link that holds none. */
export async function openLink(store: Store, hash: string): Promise<void> {
  const text = new URLSearchParams(hash.replace(/^#/, "")).get("p");
  if (text === null) return;
  const file = await readLink(text, store.data);
  if (!file) store.notice({ id: "link", kind: "problem", text: store.say("link_broken"), actions: [] });
  else {
    const [plan] = file.plans;
    const there = store.file.plans.find((one) => JSON.stringify(one.scenario) === JSON.stringify(plan.scenario));
    if (there) store.open(there.name);
    else {
      const fresh = store.get().saved.how === "new" && store.get().undo === null;
      store.update(store.say("step_link"), (into) => (fresh ? file : withPlans(into, [plan])));
    }
    undoableLink(store, plan.name, !there);
  }
  store.linkRead();
}

function undoableLink(store: Store, plan: string, added: boolean): void {
  const text = store.say("link_opened", { plan });
  if (added) store.tell("link", text);
  else store.notice({ id: "link", kind: "said", text, actions: [] });
}
