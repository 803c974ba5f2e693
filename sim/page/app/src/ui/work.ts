/** The work behind the screen: the answer of the open plan first, then the comparison of all plans.
 *
 * Every change of the document stops what is under way. An answer that grows is shown as it grows; one
 * that was made before is there at once.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { completer } from "../model/complete";
import { openPlan } from "../model/plans";
import { Answers } from "../study/answer";
import { compareOf } from "../study/compare";
import type { PageRunner } from "../study/runner";
import type { Comparison, PlanAnswer, PlansFile } from "../types";
import { keepLast } from "./last";
import type { Store } from "./store";
import { useStore } from "./store";

export interface Work {
  answer: PlanAnswer | null; // of the open plan as it stands
  comparison: Comparison | null;
  busy: boolean;
  error: string | null;
  again(): void;
}

/** ms that a plan stands still before the others are worked out too. */
const QUIET = 250;

interface Shown {
  answer: PlanAnswer | null;
  comparison: Comparison | null;
  busy: boolean;
  error: string | null;
}

const NOTHING: Shown = { answer: null, comparison: null, busy: true, error: null };

export function useAnswers(store: Store, runner: PageRunner | null): Answers | null {
  const { data } = store;
  return useMemo(() => runner && new Answers(runner, data, completer(data)), [runner, data]);
}

export function useWork(store: Store, answers: Answers | null): Work {
  const file = useStore((state) => state.file, store);
  const [shown, setShown] = useState<Shown>(NOTHING);
  const [tries, setTries] = useState(0);
  const asked = useRef<PlansFile | null>(null);
  useEffect(() => {
    if (answers === null) return;
    const stop = new AbortController();
    const set = (part: Partial<Shown>) => {
      if (!stop.signal.aborted) setShown((before) => ({ ...before, ...part }));
    };
    asked.current = file;
    void work(file, answers, stop.signal, set);
    return () => stop.abort();
  }, [answers, file, tries]);
  // Of the document before: never shown beside the plan as it stands now.
  const fresh = asked.current === file;
  const answer = fresh ? shown.answer : null;
  return {
    answer,
    comparison: shown.comparison,
    busy: !fresh || shown.busy,
    error: fresh ? shown.error : null,
    again: () => setTries(tries + 1),
  };
}

type Set = (part: Partial<Shown>) => void;

async function work(file: PlansFile, answers: Answers, signal: AbortSignal, set: Set): Promise<void> {
  const plan = openPlan(file);
  try {
    const known = answers.have(plan, file);
    set({ answer: known, busy: true, error: null });
    const answer = known ?? (await answers.answer(plan, file, {
      signal, urgent: true, progress: (part) => set({ answer: part }),
    }));
    set({ answer, busy: false });
    await wait(QUIET, signal);
    const comparison = await compareOf(file, answers, { signal, progress: (part) => set({ comparison: part }) });
    set({ comparison });
    keepLast({ plan: plan.scenario, answer, comparison });
  } catch (fault) {
    if (!signal.aborted) set({ answer: null, comparison: null, busy: false, error: sentenceOf(fault) });
  }
}

/** One sentence on what stopped the work. */
function sentenceOf(fault: unknown): string {
  const problems = (fault as { problems?: { text: string }[] }).problems;
  if (problems?.length) return problems.map((one) => one.text).join(" ");
  return fault instanceof Error ? fault.message : String(fault);
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("Stopped."));
    });
  });
}
