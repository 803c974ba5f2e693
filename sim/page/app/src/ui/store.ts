/** The store: the document of plans with its history, the view on the screen, and how the document is kept.
 *
 * store.update("hours", (file) => ...)          one step that undo takes back
 * store.update("hours", (file) => ..., { drag: "dosage.0.hours" }); store.settle()
 *                                               all moves of one slider are one step
 * store.change("hours", (scenario) => ...)      the same, for the scenario of the open plan
 * useStore((state) => state.file.currency)      in a component, under <StoreContext.Provider>
 */
import { createContext } from "preact";
import { useContext, useLayoutEffect, useState } from "preact/hooks";
import {
  addNew,
  addPlan,
  duplicatePlan,
  movePlan,
  newFile,
  openPlan,
  planNamed,
  referencePlan,
  removePlan,
  renamePlan,
  sameContent,
  withOpen,
  withReference,
  withScenario,
} from "../model/plans";
import { firstMonday } from "../setting/weeks";
import type { PageData, PlansFile, ScenarioData } from "../types";
import { isoDay } from "../words/text";
import { type Kept, Keeper, KEY, type Shelf } from "./keep";
import { say } from "./say";

/** A change of the document, with the document before it. */
export interface Step {
  readonly label: string;
  readonly file: PlansFile;
}

/** How the document is kept. */
export type Saved =
  | { how: "kept"; at: Date }
  | { how: "waiting" } // it is written in a moment
  | { how: "nothing"; why: "forbidden" | "full" }
  | { how: "other"; at: Date } // another tab has written other content, and the user must decide
  | { how: "new" }; // nothing was made yet

/** The content of the address: view, plan, outcome, and what a view adds for itself. */
export type Place = Readonly<Record<string, string>>;

export interface Notice {
  id: string; // a notice replaces an earlier one with its id
  kind: "said" | "problem";
  text: string;
  more?: string[]; // further sentences, one a line
  actions: Action[];
  step?: Step; // the step that it reports: the notice goes when that step is undone
}

export interface Action {
  label: string;
  run: () => void;
  late?: boolean; // still right after later steps; other actions go with the next step
}

export interface StoreState {
  file: PlansFile;
  place: Place;
  undo: string | null; // the label of the step that Undo would take back
  redo: string | null;
  saved: Saved;
  notices: readonly Notice[];
}

export interface Options {
  drag?: string; // changes under one name, up to settle(), are one step
}

/** The parts of the browser that the store needs; tests bring their own. */
export interface Surroundings {
  shelf: Shelf | null;
  now(): Date;
  later(run: () => void, milliseconds: number): unknown;
  cancel(timer: unknown): void;
  readHash(): string;
  writeHash(hash: string, step: boolean): void;
  listen(event: string, run: (event: any) => void): void;
}


const STEPS_KEPT = 300;
const SAVE_AFTER = 400; // ms

export class Store {
  private state: StoreState;
  private past: Step[] = [];
  private future: Step[] = [];
  private drag: string | null = null;
  private listeners = new Set<() => void>();
  private timer: unknown = null;
  private inFile: PlansFile; // the document as last saved to a file, or as begun
  private keeper: Keeper;
  readonly words: Record<string, any>;

  constructor(
    readonly data: PageData,
    private around: Surroundings = browser(),
  ) {
    this.words = data.words;
    const first = data.opened ?? this.blank();
    this.keeper = new Keeper(around.shelf, data.opened ? `${KEY}.${mark(data.opened)}` : KEY, undefined, around.now);
    this.inFile = freeze(first);
    this.state = {
      file: this.inFile,
      place: readPlace(around.readHash()),
      undo: null,
      redo: null,
      saved: { how: "new" },
      notices: [],
    };
    this.begin();
    this.goToPlanOfPlace();
    this.writePlace(false);
    around.listen("storage", (event) => this.heard(event));
    around.listen("pagehide", () => this.keepNow());
    around.listen("visibilitychange", () => this.keepNow());
    around.listen("hashchange", () => this.returned());
    around.listen("beforeunload", (event) => {
      this.keepNow();
      if (this.wouldBeLost) event.preventDefault();
    });
  }

  // --- reading -------------------------------------------------------------------------------

  get(): StoreState {
    return this.state;
  }

  get file(): PlansFile {
    return this.state.file;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Whether closing the page now would lose changes. */
  get wouldBeLost(): boolean {
    const kept = this.state.saved.how === "kept" || this.state.saved.how === "new";
    return !kept && !sameContent(this.file, this.inFile);
  }

  /** A sentence of words.json, under "document". */
  say(way: string, values: Record<string, string | number> = {}): string {
    return say(this.words, `document.${way}`, values);
  }

  // --- changing the document -----------------------------------------------------------------

  /** Change the document in one step. `label` is a noun for the change ("hours"), which Undo shows. */
  update(label: string, change: (file: PlansFile) => PlansFile, options: Options = {}): void {
    const before = this.file;
    const after = change(before);
    if (after === before) return;
    const sameDrag = options.drag !== undefined && options.drag === this.drag;
    if (!sameDrag || !this.past.length) {
      this.past.push({ label, file: before });
      if (this.past.length > STEPS_KEPT) this.past.shift();
    }
    this.drag = options.drag ?? null;
    this.future = [];
    this.show(after);
  }

  /** Change the scenario of the plan on the screen (or of another) in one step. */
  change(label: string, change: (scenario: ScenarioData) => ScenarioData, options: Options & { plan?: string } = {}): void {
    this.update(label, (file) => withScenario(file, change, options.plan ?? openPlan(file).name), options);
  }

  /** Call this when a slider is let go: its next move is a step of its own. */
  settle(): void {
    this.drag = null;
  }

  /** Take back the step under way, as if its moves had not been made: no undo leads to it, no redo back. */
  abandon(): void {
    const step = this.drag === null ? undefined : this.past.pop();
    this.drag = null;
    if (step) this.show(step.file);
  }

  undo(): void {
    this.travel(this.past, this.future);
  }

  redo(): void {
    this.travel(this.future, this.past);
  }

  private travel(from: Step[], to: Step[]): void {
    const step = from.pop();
    if (!step) return;
    to.push({ label: step.label, file: this.file });
    this.drag = null;
    this.show(step.file);
  }

  /** Replace the whole document (by an opened file or a link) in one step. */
  replaceAll(label: string, file: PlansFile, inFile = false): void {
    if (inFile) this.inFile = file;
    this.update(label, () => file);
  }

  private show(file: PlansFile): void {
    freeze(file);
    const undo = this.past.at(-1)?.label ?? null;
    const redo = this.future.at(-1)?.label ?? null;
    const place = { ...this.state.place, plan: openPlan(file).name };
    const saved: Saved = this.keeper.usable && this.state.saved.how !== "other" ? { how: "waiting" } : this.state.saved;
    const notices = this.stillTrue();
    this.set({ file, undo, redo, place, notices, saved: saved.how === "new" ? { how: "nothing", why: "forbidden" } : saved });
    this.writePlace(false);
    this.keepLater();
  }

  /** The notices without those of undone steps, and without actions that a later step has overtaken. */
  private stillTrue(): readonly Notice[] {
    const last = this.past.at(-1);
    return this.state.notices
      .filter((one) => one.step === undefined || this.past.includes(one.step))
      .map((one) => (one.step === undefined || one.step === last ? one : { ...one, actions: one.actions.filter((each) => each.late) }));
  }

  // --- plans ---------------------------------------------------------------------------------

  /** Put a plan on the screen, which is no step of the history. */
  open(name: string): void {
    const file = withOpen(this.file, name);
    if (file !== this.file) this.show(file);
  }

  /** Add a plan, empty or from a shipped scenario by its key. */
  newPlan(key: string | null = null, name?: string): void {
    const scenario = this.data.scenarios.find((one) => one.key === key)?.scenario ?? { name: "" };
    const called = name ?? (key === null ? this.say("new_name") : scenario.name);
    this.update(this.say("step_new"), (file) => addNew(file, called, datedAs(openPlan(file).scenario, scenario)));
  }

  addPlan(name: string, scenario: ScenarioData, source?: string): void {
    const plan = source === undefined ? { name, scenario } : { name, scenario, source };
    this.update(this.say("step_new"), (file) => addPlan(file, plan));
  }

  duplicate(name: string): void {
    const called = this.say("copy_name", { name });
    this.update(this.say("step_duplicate"), (file) => duplicatePlan(file, name, called));
  }

  rename(name: string, wanted: string): void {
    this.update(this.say("step_rename"), (file) => renamePlan(file, name, wanted));
  }

  remove(name: string): void {
    const before = this.file;
    this.update(this.say("step_delete"), (file) => removePlan(file, name));
    if (this.file === before) return;
    const text = this.say("deleted", { name });
    const after = this.file;
    const back = () => {
      if (this.file === after) return this.undo();
      this.dismiss("deleted");
      this.restore(before, name);
    };
    this.notice({ id: "deleted", kind: "said", text, actions: [{ label: this.say("undo"), run: back, late: true }], step: this.past.at(-1) });
  }

  /** Bring a deleted plan back and keep later changes. */
  private restore(before: PlansFile, name: string): void {
    const plan = planNamed(before, name)!;
    const place = before.plans.indexOf(plan);
    const wasReference = referencePlan(before) === plan;
    this.update(this.say("step_restore"), (file) => {
      const added = addPlan(file, plan);
      const moved = movePlan({ ...added, reference: wasReference ? added.open : added.reference }, added.open, place);
      return moved;
    });
  }

  move(name: string, to: number): void {
    this.update(this.say("step_move"), (file) => movePlan(file, name, to));
  }

  setReference(name: string): void {
    this.update(this.say("step_reference"), (file) => withReference(file, name));
  }

  // --- the address ---------------------------------------------------------------------------

  /** Go to a view or an outcome; a new view is a step of the browser's history. Empty values are left out. */
  go(place: Place): void {
    const next = tidy({ ...this.state.place, ...place });
    const step = next.view !== this.state.place.view;
    this.set({ place: next });
    if (place.plan !== undefined) this.goToPlanOfPlace();
    this.writePlace(step);
  }

  private returned(): void {
    const hash = this.around.readHash();
    if (hash === hashOf(this.state.place)) return;
    const place = readPlace(hash);
    if (place.p !== undefined) return; // a link, which openLink() reads
    this.set({ place });
    this.goToPlanOfPlace();
    this.writePlace(false);
  }

  private goToPlanOfPlace(): void {
    const name = this.state.place.plan;
    if (name !== undefined && planNamed(this.file, name)) this.open(name);
    this.set({ place: { ...this.state.place, plan: openPlan(this.file).name } });
  }

  private writePlace(step: boolean): void {
    if (readPlace(this.around.readHash()).p !== undefined) return; // a link in the address is read first
    this.around.writeHash(hashOf(this.state.place), step);
  }

  /** Call this when the link in the address was read or failed: the address shows the current view again. */
  linkRead(): void {
    const { p: _, ...place } = this.state.place;
    this.set({ place });
    this.around.writeHash(hashOf(place), false);
  }

  // --- keeping -------------------------------------------------------------------------------

  private blank(): PlansFile {
    const scenario = (this.data.scenarios.find((one) => one.group === "start") ?? this.data.scenarios[0])?.scenario;
    const name = this.say("first_name");
    const { question, description, ...decisions } = scenario ?? {}; // what the shipped case asks is not asked here
    return newFile({ ...dated(this.around.now(), { ...decisions, name }) }, name);
  }

  private begin(): void {
    const found = this.keeper.read();
    if (!this.keeper.usable) {
      this.state = { ...this.state, saved: { how: "nothing", why: "forbidden" } };
    } else if (found && "kept" in found) {
      const { file, at } = found.kept;
      this.state = { ...this.state, file: freeze(file), saved: { how: "kept", at } };
      this.inFile = this.state.file;
    }
    if (found && "broken" in found) this.sayAside(found.broken, found.aside);
  }

  private sayAside(broken: "damaged" | "newer", aside: string | null): void {
    const text = aside === null ? null : this.keeper.asideText(aside);
    const save = { label: this.say("save_aside"), run: () => download("codose-kept.json", text ?? "", "application/json") };
    this.notice({ id: "aside", kind: "problem", text: this.say(`kept_${broken}`), actions: text === null ? [] : [save] });
  }

  private keepLater(): void {
    if (this.state.saved.how !== "waiting") return;
    if (this.timer !== null) this.around.cancel(this.timer);
    this.timer = this.around.later(() => this.keepNow(), SAVE_AFTER);
  }

  /** Write the document at once if it still waits to be written. */
  keepNow(over = false): void {
    if (this.timer !== null) this.around.cancel(this.timer);
    this.timer = null;
    if (this.state.saved.how !== "waiting" && !over) return;
    const written = this.keeper.write(this.file, over);
    if ("at" in written) this.set({ saved: { how: "kept", at: written.at } });
    else if ("other" in written) this.meet(written.other);
    else this.set({ saved: { how: "nothing", why: written.failed } });
  }

  /** Try the storage again after it was full, and report the outcome. */
  keepAgain(): void {
    if (this.state.saved.how === "nothing" && this.keeper.usable) this.set({ saved: { how: "waiting" } });
    this.keepNow();
  }

  private heard(event: { key: string | null; newValue: string | null }): void {
    if (event.key !== null && event.key !== this.keeper.name) return;
    if (event.newValue === null) {
      // The storage was emptied, so the document on the screen is the only copy.
      if (this.state.saved.how === "kept") this.keepNow(true);
      return;
    }
    const kept = this.keeper.seen(event.newValue);
    if (kept) this.meet(kept);
  }

  /** Another tab has written: nothing is overwritten until the user decides. */
  private meet(other: Kept): void {
    if (sameContent(other.file, this.file)) {
      this.keeper.accept(other);
      this.dismiss("other");
      this.set({ saved: { how: "kept", at: other.at } });
      return;
    }
    this.set({ saved: { how: "other", at: other.at } });
    const decided = (file: PlansFile | null) => () => {
      this.keeper.accept(other);
      this.dismiss("other");
      this.set({ saved: { how: "waiting" } });
      if (file) this.update(this.say("step_other"), () => file);
      this.keepNow(true);
    };
    const both = () => decided(joined(this.file, other.file))();
    this.notice({
      id: "other",
      kind: "problem",
      text: this.say("other_tab", { time: timeOf(other.at) }),
      actions: [
        { label: this.say("other_both"), run: both },
        { label: this.say("other_theirs"), run: decided(other.file) },
        { label: this.say("other_mine"), run: decided(null) },
      ],
    });
  }

  /** The document was saved to a file: closing the page loses nothing. */
  savedToFile(): void {
    this.inFile = this.file;
    this.set({});
  }

  // --- sentences -----------------------------------------------------------------------------

  notice(notice: Notice): void {
    this.set({ notices: [...this.state.notices.filter((one) => one.id !== notice.id), notice] });
  }

  /** Report what the last step did, with an Undo for it and perhaps further actions. */
  tell(id: string, text: string, more?: string[], actions: Action[] = []): void {
    const undo = { label: this.say("undo"), run: () => this.undo() };
    this.notice({ id, kind: "said", text, more, actions: [undo, ...actions], step: this.past.at(-1) });
  }

  dismiss(id: string): void {
    if (this.state.notices.some((one) => one.id === id))
      this.set({ notices: this.state.notices.filter((one) => one.id !== id) });
  }

  private set(part: Partial<StoreState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of [...this.listeners]) listener();
  }
}

// --- in components -------------------------------------------------------------------------------

export const StoreContext = createContext<Store | null>(null);

/** A part of the state; the component is drawn again when that part changes (by Object.is). */
export function useStore<T>(select: (state: StoreState) => T, given?: Store): T {
  const around = useContext<Store | null>(StoreContext);
  const store: Store | null = given ?? around;
  if (!store) throw new Error("useStore needs a store, or <StoreContext.Provider>");
  const value = select(store.get());
  const [, redraw] = useState<{}>({});
  useLayoutEffect(() => {
    let shown = value;
    const look = () => {
      const now = select(store.get());
      if (!Object.is(now, shown)) {
        shown = now;
        redraw({});
      }
    };
    look();
    return store.subscribe(look);
  });
  return value;
}

// --- helpers -------------------------------------------------------------------------------------

/** The plans of both documents: plans of the other that differ are added under names of their own. */
function joined(mine: PlansFile, other: PlansFile): PlansFile {
  const known = new Set(mine.plans.map((plan) => JSON.stringify(plan.scenario)));
  const news = other.plans.filter((plan) => !known.has(JSON.stringify(plan.scenario)));
  return { ...news.reduce((file, plan) => addPlan(file, plan), mine), open: mine.open };
}

/** Freeze the document, so that a change in place fails where it is made. */
function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}

/** A scenario without a date begins on the first Monday of next month, so that sentences and axes have dates. */
function dated(now: Date, scenario: ScenarioData): ScenarioData {
  if (hasDates(scenario)) return scenario;
  return { ...scenario, start_date: isoDay(firstMonday(now.getFullYear(), now.getMonth() + 1)) };
}

/** A new plan begins when the one beside it does. */
function datedAs(beside: ScenarioData, scenario: ScenarioData): ScenarioData {
  if (hasDates(scenario) || beside.start_date === undefined || beside.contact_log) return scenario;
  return { ...scenario, start_date: beside.start_date };
}

const hasDates = (scenario: ScenarioData): boolean =>
  scenario.start_date !== undefined || scenario.contact_log !== undefined;

/** A short hash of a document that came with the page, by which its changes are kept apart. */
function mark(file: PlansFile): string {
  let hash = 5381;
  for (const letter of JSON.stringify(file)) hash = ((hash * 33) ^ letter.codePointAt(0)!) >>> 0;
  return hash.toString(36);
}

function tidy(place: Place): Place {
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== ""));
}

export function readPlace(hash: string): Place {
  const found: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) found[name] = value;
  return tidy(found);
}

export function hashOf(place: Place): string {
  const text = new URLSearchParams({ ...place }).toString();
  return text ? `#${text}` : "";
}

/** 14:02 */
export function timeOf(date: Date): string {
  return `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** Hands a file to the browser's downloads. */
export function download(name: string, content: string | Blob, type = "text/plain"): void {
  const blob = typeof content === "string" ? new Blob([content], { type: `${type};charset=utf-8` }) : content;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function browser(): Surroundings {
  let shelf: Shelf | null = null;
  try {
    shelf = window.localStorage;
    shelf.getItem(KEY);
  } catch {
    shelf = null; // storage is forbidden
  }
  return {
    shelf,
    now: () => new Date(),
    later: (run, milliseconds) => window.setTimeout(run, milliseconds),
    cancel: (timer) => window.clearTimeout(timer as number),
    readHash: () => window.location.hash,
    writeHash: (hash, step) => {
      if (hash === window.location.hash) return;
      const address = hash || window.location.pathname + window.location.search;
      try {
        if (step) window.history.pushState(null, "", address);
        else window.history.replaceState(null, "", address);
      } catch {
        window.location.hash = hash; // where a page has no address of its own
      }
    },
    listen: (event, run) => {
      window.addEventListener(event, run);
      if (event === "hashchange") window.addEventListener("popstate", run);
    },
  };
}
