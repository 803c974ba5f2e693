/** What every group of the setting is given, and how its fields write to the store. */
import { useMemo, useRef } from "preact/hooks";
import { openPlan } from "../model/plans";
import { type Store, useStore } from "../ui/store";
import type { PageData, PlanAnswer, PlansFile, Runner, ScenarioData } from "../types";
import { say, type Values } from "./say";

/** Writes edits. With an `id`, successive edits of one field are one step of undo, and each starts from the plan before
 * the first of them, so that a half-typed number destroys nothing. */
export interface Edits {
  scenario(label: string, change: (scenario: ScenarioData) => ScenarioData, id?: string): void;
  file(label: string, change: (file: PlansFile) => PlansFile, id?: string): void;
  settle(): void;
  abandon(): void; // takes the edits of the field under way back
}

export interface Panel {
  store: Store;
  data: PageData;
  runner: Runner | null; // null: nothing can be computed here
  file: PlansFile;
  scenario: ScenarioData;
  answer: PlanAnswer | undefined;
  edits: Edits;
  t(path: string, values?: Values): string;
}

export function useEdits(store: Store): Edits {
  const held = useRef<{ id: string; from: PlansFile; last: PlansFile } | null>(null);
  return useMemo(() => {
    const write = (label: string, change: (file: PlansFile) => PlansFile, id?: string) => {
      if (id === undefined) {
        held.current = null;
        store.settle();
        store.update(label, change);
        return;
      }
      const now = store.file;
      const goesOn = held.current && held.current.id === id && held.current.last === now;
      const from = goesOn ? held.current!.from : now;
      store.update(label, () => change(from), { drag: id });
      held.current = { id, from, last: store.file };
    };
    return {
      file: write,
      scenario: (label, change, id) => write(label, (file) => inOpenPlan(file, change), id),
      settle: () => {
        held.current = null;
        store.settle();
      },
      abandon: () => {
        if (held.current?.last === store.file) store.abandon();
        held.current = null;
      },
    };
  }, [store]);
}

function inOpenPlan(file: PlansFile, change: (scenario: ScenarioData) => ScenarioData): PlansFile {
  const open = openPlan(file);
  const scenario = change(open.scenario);
  if (scenario === open.scenario) return file;
  return { ...file, plans: file.plans.map((plan) => (plan === open ? { ...plan, scenario } : plan)) };
}

export function usePanel(store: Store, data: PageData, runner: Runner | null, answer?: PlanAnswer): Panel {
  const file = useStore((state) => state.file, store);
  const edits = useEdits(store);
  const t = useMemo(() => (path: string, values?: Values) => say(data.words, `setting.${path}`, values), [data]);
  return { store, data, runner, file, scenario: openPlan(file).scenario, answer, edits, t };
}
