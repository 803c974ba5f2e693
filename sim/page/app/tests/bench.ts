/** The measurements of the page's runner in a browser, for experiments/benchmarks: the global `bench`. */
import { completer } from "../src/model/complete";
import { type PageRunner, startRunner } from "../src/study/runner";
import type { RunRequest, ScenarioData } from "../src/types";
import { engineLayout, engineModule, pageData } from "../src/ui/embedded";

const OUTCOMES = ["trust", "capacity", "mutual_accountability"];
const data = pageData();
const whole = completer(data);

async function withRunner<T>(workers: number, act: (runner: PageRunner) => Promise<T>): Promise<T> {
  const runner = await startRunner(data, { layout: engineLayout(), wasm: engineModule() }, { workers });
  try {
    return await act(runner);
  } finally {
    runner.close();
  }
}

/** A request like those of the page: all its sets, three outcomes week by week, three points in time. */
function requestOf(runner: PageRunner, scenario: ScenarioData, seed: number, replicates: number): RunRequest {
  const plan = whole(scenario);
  return {
    scenario: plan,
    seed,
    sets: runner.sets.within(plan),
    replicates,
    weeks: [0, Math.floor(plan.horizon_weeks / 2), plan.horizon_weeks],
    weekly: OUTCOMES,
  };
}

const bench = {
  /** Runs of a plan per second. */
  speed: (scenario: ScenarioData, workers: number, replicates: number) =>
    withRunner(workers, async (runner) => {
      await runner.run(requestOf(runner, scenario, 1, 1));
      const begun = performance.now();
      const { made } = await runner.run(requestOf(runner, scenario, 2, replicates));
      return { perSecond: (1000 * made) / (performance.now() - begun), here: runner.here };
    }),

  /** Moves of a slider, one after another: ms to the first part of the runs and to all of them. */
  moves: (scenario: ScenarioData, workers: number, count: number) =>
    withRunner(workers, async (runner) => {
      const found: { first: number; all: number; made: number }[] = [];
      for (let i = 0; i < count; i += 1) {
        const moved = { ...scenario, dosage: scenario.dosage.map((one: any) => ({ ...one, hours: 1 + 0.01 * i })) };
        const begun = performance.now();
        let [first, made] = [0, 0];
        await runner.run(requestOf(runner, moved, 1, 4), {
          urgent: true,
          progress: (part) => {
            if (first) return;
            first = performance.now() - begun;
            made = part.made;
          },
        });
        const all = performance.now() - begun;
        found.push({ first: first || all, all, made });
      }
      return found;
    }),

  /** Many moves, each of which stops the one before: the heap of the page at the end, in MB. */
  drag: (scenario: ScenarioData, workers: number, count: number) =>
    withRunner(workers, async (runner) => {
      let stop = new AbortController();
      for (let i = 0; i < count; i += 1) {
        stop.abort();
        stop = new AbortController();
        const moved = { ...scenario, dosage: scenario.dosage.map((one: any) => ({ ...one, hours: 1 + 0.001 * i })) };
        runner.run(requestOf(runner, moved, 1, 4), { urgent: true, signal: stop.signal }).catch(() => null);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const heap = (performance as any).memory?.usedJSHeapSize ?? 0;
      return { heap: heap / 2 ** 20 };
    }),
};

(globalThis as any).bench = bench;
document.title = "ready";
