/** Guesses and counts of a class, kept in the browser's storage; without storage they last until the page closes. */
import { useState } from "preact/hooks";

export type Phase = "guess" | "locked" | "shown" | "explained";

export const isShown = (phase: Phase): boolean => phase === "shown" || phase === "explained";

export interface StepKept {
  phase: Phase;
  guess: number; // -1: none yet
  hands: number[]; // show of hands for each choice
}

const KEY = "codose.class";

const fresh = (choices: number): StepKept => ({
  phase: "guess", guess: -1, hands: Array.from({ length: choices }, () => 0),
});

type Kept = Record<string, StepKept>; // "story/step"

function read(): Kept {
  try {
    const found = JSON.parse(window.localStorage.getItem(KEY) ?? "{}");
    return typeof found === "object" && found !== null && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

function write(kept: Kept): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden: what is on the screen stays.
  }
}

function usable(one: StepKept | undefined, choices: number): one is StepKept {
  return one !== undefined && Array.isArray(one.hands) && one.hands.length === choices
    && ["guess", "locked", "shown", "explained"].includes(one.phase) && Number.isInteger(one.guess);
}

export interface Progress {
  of(story: string, step: number, choices: number): StepKept;
  set(story: string, step: number, one: StepKept): void;
  forget(story: string): void;
}

export function useProgress(): Progress {
  const [kept, setKept] = useState<Kept>(read);
  const change = (next: Kept) => {
    setKept(next);
    write(next);
  };
  return {
    of: (story, step, choices) => {
      const one = kept[`${story}/${step}`];
      return usable(one, choices) ? one : fresh(choices);
    },
    set: (story, step, one) => change({ ...kept, [`${story}/${step}`]: one }),
    forget: (story) => change(Object.fromEntries(
      Object.entries(kept).filter(([key]) => !key.startsWith(`${story}/`)))),
  };
}
