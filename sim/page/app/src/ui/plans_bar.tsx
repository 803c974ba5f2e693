/** The plans as a row of tabs, and the tools of their document: saved, undo, redo, open, save. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { letterOf, LONGEST_NAME, referencePlan } from "../model/plans";
import type { PageData, Plan } from "../types";
import { type Asking, copyLink, OPEN_FILES, openFiles, openGiven, openLink, saveAll, savePlan } from "./documents";
import { type Saved, type Store, timeOf, useStore } from "./store";
import { Dialog, Menu, type MenuItem } from "./widgets";
import "./documents.css";

interface Props {
  store: Store;
  data: PageData;
}

// --- plans ---------------------------------------------------------------------------------------------

export function PlansBar({ store, data }: Props) {
  const file = useStore((state) => state.file, store);
  const [naming, setNaming] = useState<string | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  const used = useRef(false); // whether the bar caused the change that is drawn
  useEffect(() => {
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (used.current && lost) bar.current!.querySelector<HTMLElement>(".plan-open button")?.focus();
    used.current = false;
  }, [file, naming]);
  const open = (name: string) => (name === file.open ? undefined : store.open(name));
  return (
    <div ref={bar} class="plan-tabs" role="group" aria-label={store.say("plans_name")} onClickCapture={() => (used.current = true)}>
      {file.plans.map((plan, index) =>
        naming === plan.name ? (
          <Naming
            key="naming"
            store={store}
            name={plan.name}
            letter={letterOf(index)}
            done={(byKey) => {
              used.current = byKey;
              setNaming(null);
            }}
          />
        ) : plan.name === file.open ? (
          <OpenTab key={plan.name} store={store} plan={plan} index={index} rename={() => setNaming(plan.name)} />
        ) : (
          <button key={plan.name} type="button" class="plan-tab" onClick={() => open(plan.name)}>
            <TabText store={store} plan={plan} index={index} />
          </button>
        ),
      )}
      <Menu class="plan-new" label={store.say("new_plan")} items={newItems(store, data)} />
    </div>
  );
}

const isReference = (store: Store, plan: Plan): boolean =>
  store.file.plans.length > 1 && referencePlan(store.file) === plan;

function TabText({ store, plan, index }: { store: Store; plan: Plan; index: number }) {
  const compared = isReference(store, plan);
  return (
    <span class="tab-text" title={plan.name}>
      <b>{letterOf(index)}</b> <bdi>{plan.name}</bdi>
      {compared && " "}
      {compared && <span class="tab-reference">{store.say("reference_sign")}</span>}
    </span>
  );
}

function OpenTab({ store, plan, index, rename }: { store: Store; plan: Plan; index: number; rename: () => void }) {
  const sign = isReference(store, plan) ? ` ${store.say("reference_sign")}` : "";
  const name = store.say("tab_menu", { letter: letterOf(index), name: plan.name + sign });
  const label = (
    <>
      <TabText store={store} plan={plan} index={index} />
      <span aria-hidden="true"> ▾</span>
    </>
  );
  return (
    <div class="plan-open" aria-current="true" onDblClick={rename}>
      <Menu class="plan-tab" label={label} name={name} items={planItems(store, plan, index, rename)} />
    </div>
  );
}

function planItems(store: Store, plan: Plan, index: number, rename: () => void): MenuItem[] {
  const last = store.file.plans.length - 1;
  const { name } = plan;
  return [
    { label: store.say("rename"), run: rename },
    { label: store.say("duplicate"), run: () => store.duplicate(name) },
    { label: store.say("make_reference"), disabled: last === 0 || referencePlan(store.file) === plan, run: () => store.setReference(name) },
    { label: store.say("move_left"), disabled: index === 0, run: () => store.move(name, index - 1) },
    { label: store.say("move_right"), disabled: index === last, run: () => store.move(name, index + 1) },
    { label: store.say("save_plan"), hint: store.say("save_plan_hint"), run: () => savePlan(store, name) },
    { label: store.say("copy_link"), run: () => void copyLink(store) },
    { label: store.say("delete"), disabled: last === 0, run: () => store.remove(name) },
  ];
}

function newItems(store: Store, data: PageData): MenuItem[] {
  const items: MenuItem[] = [{ label: store.say("new_copy", { name: store.file.open }), run: () => store.duplicate(store.file.open) }];
  for (const group of ["start", "example", "class"] as const) {
    const found = data.scenarios.filter((one) => one.group === group);
    if (!found.length) continue;
    items.push({ label: store.say(`group_${group}`) });
    for (const { key, scenario } of found) items.push({ label: scenario.name, run: () => store.newPlan(key) });
  }
  return items;
}

function Naming({ store, name, letter, done }: { store: Store; name: string; letter: string; done: (byKey: boolean) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const finished = useRef(false);
  useEffect(() => {
    field.current!.focus();
    field.current!.select();
  }, []);
  const finish = (keep: boolean, byKey: boolean) => {
    if (finished.current) return;
    finished.current = true;
    done(byKey);
    if (keep) store.rename(name, field.current!.value);
  };
  return (
    <span class="plan-tab plan-naming">
      <b aria-hidden="true">{letter}</b>
      <input
        ref={field}
        type="text"
        maxLength={LONGEST_NAME}
        defaultValue={name}
        aria-label={store.say("name_of_plan")}
        onBlur={() => finish(true, false)}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish(true, true);
          if (event.key === "Escape") finish(false, true);
        }}
      />
    </span>
  );
}

// --- tools -----------------------------------------------------------------------------------------------

/** The tools in the head of the page. They also handle dropped and pasted files, links, and keys. */
export function DocumentTools({ store, data, children }: Props & { children?: ComponentChildren }) {
  const undo = useStore((state) => state.undo, store);
  const redo = useStore((state) => state.redo, store);
  const [asking, setAsking] = useState<Asking | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const dropping = useDocument(store, setAsking, () => picker.current!.click());
  const pick = (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const files = [...(field.files ?? [])];
    field.value = ""; // the same file can be opened again
    void openFiles(store, files, setAsking);
  };
  const sign = (text: string, label: string, what: string | null, run: () => void) => (
    <button type="button" class="sign" disabled={what === null} aria-label={what === null ? label : `${label}: ${what}`} title={what === null ? label : `${label}: ${what}`} onClick={run}>
      {text}
    </button>
  );
  return (
    <>
      <SavedText store={store} />
      {sign("↶", store.say("undo"), undo, () => store.undo())}
      {sign("↷", store.say("redo"), redo, () => store.redo())}
      <button type="button" onClick={() => picker.current!.click()}>
        {store.say("open_file")}
      </button>
      <input ref={picker} type="file" multiple hidden data-open onChange={pick} />
      <button type="button" title={store.say("save_file_hint")} onClick={() => saveAll(store)}>
        {store.say("save_file")}
      </button>
      {children}
      {dropping && <div class="drop-here">{store.say(data.served ? "drop_here_served" : "drop_here")}</div>}
      {asking && <Questions key={asking.name} store={store} asking={asking} done={() => setAsking(null)} />}
    </>
  );
}

function SavedText({ store }: { store: Store }) {
  const saved = useStore((state) => state.saved, store);
  const poor = saved.how === "nothing" || saved.how === "other";
  return (
    <span class={poor ? "saved-text poor" : "saved-text"} role="status">
      {savedWords(store, saved)}
    </span>
  );
}

export function savedWords(store: Store, saved: Saved): string {
  switch (saved.how) {
    case "kept":
      return store.say("saved_at", { time: timeOf(saved.at) });
    case "waiting":
      return store.say("saving");
    case "nothing":
      return store.say(`saved_${saved.why}`);
    case "other":
      return store.say("saved_other");
    case "new":
      return "";
  }
}

function Questions({ store, asking, done }: { store: Store; asking: Asking; done: () => void }) {
  const [answers, setAnswers] = useState(asking.questions.map((one) => one.proposed));
  const answer = (i: number, text: string) => setAnswers(answers.map((old, j) => (j === i ? text : old)));
  const go = () => {
    done();
    void asking.answer(answers);
  };
  const foot = (
    <button type="button" class="primary" disabled={answers.some((one) => !one.trim())} onClick={go}>
      {store.say("answer")}
    </button>
  );
  return (
    <Dialog title={store.say("questions", { name: asking.name })} onClose={done} foot={foot}>
      {asking.questions.map((one, i) => (
        <label class="question" key={one.text}>
          <span>{one.text}</span>
          {one.options.length ? (
            <select value={answers[i]} onChange={(event) => answer(i, event.currentTarget.value)}>
              {!one.proposed && <option value="">{store.say("choose")}</option>}
              {one.options.map((option) => (
                <option value={option}>{option}</option>
              ))}
            </select>
          ) : (
            <input type="text" value={answers[i]} onInput={(event) => answer(i, event.currentTarget.value)} />
          )}
        </label>
      ))}
    </Dialog>
  );
}

/** Handles dropping, pasting, keys and links; returns whether a file is held over the page. */
function useDocument(store: Store, ask: (asking: Asking) => void, pick: () => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const listening = new AbortController();
    const on = <K extends keyof WindowEventMap>(name: K, run: (event: WindowEventMap[K]) => void) =>
      window.addEventListener(name, run, { signal: listening.signal });
    const holdsFiles = (event: DragEvent) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    on("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    });
    on("dragleave", (event) => event.relatedTarget === null && setOver(false));
    on("drop", (event) => {
      setOver(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      void openFiles(store, [...event.dataTransfer!.files], ask);
    });
    const opening = (event: Event) => {
      const { files, as } = (event as CustomEvent).detail;
      void openFiles(store, files, ask, as);
    };
    window.addEventListener(OPEN_FILES, opening, { signal: listening.signal });
    on("paste", (event) => {
      if (isField(event.target)) return;
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (files.length) void openFiles(store, files, ask);
      else if (/^\s*(name|codose|"|\{|#|date|week)/i.test(text)) void openGiven(store, { name: store.say("pasted"), bytes: new TextEncoder().encode(text) }, ask);
    });
    on("keydown", (event) => key(event, store, pick));
    on("hashchange", () => void openLink(store, location.hash));
    void openLink(store, location.hash);
    return () => listening.abort();
  }, [store]);
  return over;
}

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

function key(event: KeyboardEvent, store: Store, pick: () => void): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const letter = event.key.toLowerCase();
  const inText = event.target instanceof HTMLInputElement && ["text", "number", "search"].includes(event.target.type);
  if (letter === "s") saveAll(store);
  else if (letter === "o") pick();
  else if (inText || event.target instanceof HTMLTextAreaElement) return;
  else if (letter === "z" && !event.shiftKey) store.undo();
  else if (letter === "y" || (letter === "z" && event.shiftKey)) store.redo();
  else return;
  event.preventDefault();
}
