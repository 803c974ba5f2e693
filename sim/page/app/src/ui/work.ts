/** The work behind the screen: the answer of the open plan first, then the comparison of all plans. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { completer } from "../model/complete";
import { Answers } from "../study/answer";
import { Desk, type Worked } from "../study/desk";
import type { PageRunner } from "../study/runner";
import { openPlan } from "../model/plans";
import { keepLast } from "./last";
import { type Store, useStore } from "./store";

export interface Work extends Worked {
  again(): void;
}

const NOTHING: Worked = { answer: null, comparison: null, busy: true, error: null };

export function useAnswers(store: Store, runner: PageRunner | null): Answers | null {
  const { data } = store;
  return useMemo(() => runner && new Answers(runner, data, completer(data)), [runner, data]);
}

/** The results known for the current document; missing ones are worked out in the background. */
export function useWork(store: Store, answers: Answers | null): Work {
  const file = useStore((state) => state.file, store);
  const [, draw] = useState(0);
  const desk = useMemo(
    () => answers && new Desk(answers, store.data, () => draw((count) => count + 1)),
    [answers, store],
  );
  useEffect(() => desk?.show(file), [desk, file]);
  useEffect(() => () => desk?.close(), [desk]);
  const state = desk ? desk.state(file) : NOTHING;
  useEffect(() => {
    const { busy, answer, comparison } = state;
    if (!busy && answer?.stands) keepLast({ plan: openPlan(file).scenario, answer, comparison });
  }, [state.busy, state.answer, state.comparison]);
  return { ...state, again: () => desk?.again(store.file) };
}
