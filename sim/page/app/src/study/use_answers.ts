/** useAnswers: what the page knows of its plans, worked out in the background as the document changes. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { completer } from "../model/complete";
import type { PageData } from "../types";
import { type Store, useStore } from "../ui/store";
import { Answers } from "./answer";
import { Desk, type Worked } from "./desk";
import type { PageRunner } from "./runner";

export interface Answered extends Worked {
  answers: Answers | null; // null: the engine is not there yet
  again: () => void;
}

const NOTHING: Worked = { answer: null, comparison: null, busy: true, error: null };

/** The answer of the open plan and the comparison of all, for the document as it stands at this moment. */
export function useAnswers(store: Store, data: PageData, runner: PageRunner | null): Answered {
  const file = useStore((state) => state.file);
  const [, draw] = useState(0);
  const made = useMemo(() => {
    if (!runner) return null;
    const answers = new Answers(runner, data, completer(data));
    return { answers, desk: new Desk(answers, data, () => draw((count) => count + 1)) };
  }, [runner, data]);
  useEffect(() => made?.desk.show(file), [made, file]);
  useEffect(() => () => made?.desk.close(), [made]);
  return {
    ...(made ? made.desk.state(file) : NOTHING),
    answers: made?.answers ?? null,
    again: () => made?.desk.again(store.file),
  };
}
