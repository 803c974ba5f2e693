/** What the runs of a story give: the right choices, the replicate that is shown, and its replays. */
import { useEffect, useState } from "preact/hooks";
import type { Completer } from "../model/complete";
import { makeJob } from "../model/job";
import type { PageRunner } from "../study/runner";
import type { PageData, Runs } from "../types";
import { type ClassEngine, type ReadJob, replayJob } from "./open";
import type { Replay } from "./replay";
import {
  choiceIn, type Expression, type Means, mostTelling, type Reveal, reveals, type Right, rightChoice, scenarioOf,
  SIDES, type Side, type Step, type Story, type Telling,
} from "./story";

/** Replicates of each parameter set, and replicates among which the most typical one is chosen to be shown. */
const REPLICATES = 8;
const REGIONS = 24;

export interface Tools {
  data: PageData;
  runner: PageRunner;
  complete: Completer;
}

export interface StepAnswer {
  right: Right;
  reveals: Reveal[];
}

export interface StoryAnswers {
  steps: StepAnswer[];
  replicate: number; // the replicate that is shown
  runs: number; // runs behind each answer, on each side
}

const keyOf = (off: readonly string[]): string => [...off].sort().join("+");

/** The switches that are off, for every combination that a story's steps need; the first has all switches on. */
function combinations(story: Story): string[][] {
  const found = new Map<string, string[]>([["", []]]);
  for (const { off = [] } of story.steps) found.set(keyOf(off), off);
  return [...found.values()];
}

/** All weeks whose outcomes the steps of a story use, ascending. */
export function weeksOf(story: Story): number[] {
  const weeks = new Set<number>([story.scenario.horizon_weeks]);
  const collect = (one: Expression | undefined): void => {
    if (one === undefined || typeof one === "number" || typeof one === "string") return;
    if (Array.isArray(one)) one.slice(1).forEach((part) => collect(part as Expression));
    else weeks.add(one.week);
  };
  for (const { rule, show } of story.steps) {
    collect(rule.value);
    [...(rule.cuts ?? []), ...(rule.largest ?? [])].forEach(collect);
    for (const one of show) [one.week, one.from].forEach((week) => weeks.add(week));
  }
  return [...weeks].sort((a, b) => a - b);
}

/** Means over the replicates of each set; or, with `single`, each replicate of the first set by itself. */
function meansOf(runs: Record<Side, Runs>, single: boolean): Means {
  const { sets, replicates } = runs.left;
  return {
    sets: single ? replicates : sets,
    of: (side, outcome, week) => {
      const { values, weeks, places, outcomes } = runs[side];
      const column = outcomes.indexOf(outcome);
      const at = (set: number, replicate: number) =>
        values[(((set * replicates + replicate) * weeks.length + weeks.indexOf(week)) * places.length
          + places.length - 1) * outcomes.length + column];
      if (single) return Float64Array.from({ length: replicates }, (_, r) => at(0, r));
      return Float64Array.from({ length: sets }, (_, set) => {
        const known = Array.from({ length: replicates }, (_, r) => at(set, r)).filter((x) => !Number.isNaN(x));
        return known.reduce((sum, x) => sum + x, 0) / known.length;
      });
    },
  };
}

/** The most typical replicate: its choices are those that hold most often, and its values lie near the median. */
function typical(story: Story, single: Map<string, Means>, answers: StepAnswer[]): number {
  const count = single.get("")!.sets;
  const score = new Float64Array(count);
  story.steps.forEach((step, i) => {
    const means = single.get(keyOf(step.off ?? []))!;
    const found = Array.from({ length: count }, (_, r) => choiceIn(step.rule, r, means, single.get("")!));
    const values = found.map((one) => one.value);
    const middle = [...values].sort((a, b) => a - b)[Math.floor(count / 2)];
    const spread = Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / count) || 1;
    found.forEach(({ index, value }, r) => {
      score[r] += (index === answers[i].right.most ? 10 : 0) - ((value - middle) / spread) ** 2;
    });
  });
  return score.indexOf(Math.max(...score));
}

async function answersOf(story: Story, { data, runner, complete }: Tools, signal: AbortSignal): Promise<StoryAnswers> {
  const weeks = weeksOf(story);
  const many = new Map<string, Means>();
  const single = new Map<string, Means>();
  for (const off of combinations(story)) {
    const ask = async (typicalOnes: boolean): Promise<Record<Side, Runs>> => {
      const made = await Promise.all(SIDES.map((side) => {
        const scenario = complete(scenarioOf(story, side, off) as any);
        const sets = typicalOnes ? [runner.sets.own(scenario)] : runner.sets.within(scenario);
        const replicates = typicalOnes ? REGIONS : REPLICATES;
        return runner.run({ scenario, seed: scenario.seed, sets, replicates, weeks }, { signal, urgent: true });
      }));
      return { left: made[0], right: made[1] };
    };
    single.set(keyOf(off), meansOf(await ask(true), true));
    many.set(keyOf(off), meansOf(await ask(false), false));
  }
  const names = data.parameters.map((one) => one.name);
  const columns = names.map((_, i) => Float64Array.from(runner.sets.sets, (set) => set[i]));
  const kinds = new Map(data.outcomes.map((one) => [one.name, one.kind]));
  const steps = story.steps.map((step): StepAnswer => {
    const means = many.get(keyOf(step.off ?? []))!;
    return {
      right: rightChoice(step, means, many.get("")!, names, columns),
      reveals: reveals(step.show, means, (outcome) => kinds.get(outcome)!),
    };
  });
  return { steps, replicate: typical(story, single, steps), runs: runner.sets.sets.length * REPLICATES };
}

export interface Loaded<T> {
  value: T | null;
  fault: string;
}

/** The answers of a story; runs begin when the story is opened. */
export function useAnswers(story: Story | null, tools: Tools | null): Loaded<StoryAnswers> {
  const [found, setFound] = useState<{ key: string } & Loaded<StoryAnswers>>({ key: "", value: null, fault: "" });
  useEffect(() => {
    if (story === null || tools === null) return undefined;
    const stop = new AbortController();
    answersOf(story, tools, stop.signal).then(
      (value) => stop.signal.aborted || setFound({ key: story.key, value, fault: "" }),
      (error: Error) => stop.signal.aborted || setFound({ key: story.key, value: null, fault: error.message }),
    );
    return () => stop.abort();
  }, [story?.key, tools]);
  return found.key === story?.key ? found : { value: null, fault: "" };
}

export type Replays = Record<Side, Replay>;

const readJob: ReadJob = (job) => (globalThis as any).codoseEngine.readJob(job);

/** The replays of both sides; a pause between them lets the page draw. */
export async function replaysOf(
  story: Story, off: readonly string[], replicate: number, { runner, complete }: Tools,
): Promise<Replays> {
  const one = async (side: Side): Promise<Replay> => {
    await new Promise((done) => setTimeout(done));
    const scenario = complete(scenarioOf(story, side, off) as any);
    const set = runner.sets.own(scenario);
    const stagger = set[runner.engine.layout.parameters.indexOf("calendar_stagger")];
    const job = makeJob(runner.engine, scenario, scenario.seed, stagger, null);
    return replayJob(runner.engine as unknown as ClassEngine, readJob, job, set, replicate);
  };
  return { left: await one("left"), right: await one("right") };
}

const keptReplays = new Map<string, Promise<Replays>>();
const KEPT = 16;

export function useReplays(
  story: Story | null, off: readonly string[], replicate: number, tools: Tools | null,
): Loaded<Replays> {
  const key = story ? `${story.key} ${keyOf(off)} ${replicate}` : "";
  const [found, setFound] = useState<{ key: string } & Loaded<Replays>>({ key: "", value: null, fault: "" });
  useEffect(() => {
    if (story === null || tools === null || replicate < 0) return undefined;
    let open = true;
    if (!keptReplays.has(key)) keptReplays.set(key, replaysOf(story, off, replicate, tools));
    if (keptReplays.size > KEPT) keptReplays.delete(keptReplays.keys().next().value!);
    keptReplays.get(key)!.then(
      (value) => open && setFound({ key, value, fault: "" }),
      (error: Error) => {
        keptReplays.delete(key);
        if (open) setFound({ key, value: null, fault: error.message });
      },
    );
    return () => {
      open = false;
    };
  }, [key, tools]);
  // While another combination is being replayed, the last one stays on the screen.
  return found.value && found.key.split(" ")[0] === story?.key ? found : { value: null, fault: found.key === key ? found.fault : "" };
}

/** The person and the week that a step's reveal points at. */
export function tellingOf(step: Step, replays: Replays, { runner }: Tools): Telling | null {
  const { rules, layout } = runner.engine;
  return mostTelling(step.look, replays[step.look.side], rules, layout as any);
}
