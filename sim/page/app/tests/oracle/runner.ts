/** What the runner gives with sound workers and with faulty ones: node runner.mjs CASES.json; see
 * tests/test_page_runner.py. */
import fs from "node:fs";
import * as complete from "../../src/model/complete";
import type { Layout } from "../../src/model/engine";
import { makeJob } from "../../src/model/job";
import { type PageRunner, type RunnerOptions, startRunner } from "../../src/study/runner";
import type { RunOptions, RunRequest, Runs } from "../../src/types";
import { threads } from "../threads";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const layout: Layout = JSON.parse(fs.readFileSync(asked.layout, "utf8"));
const wasm = new Uint8Array(fs.readFileSync(asked.wasm));
const whole = complete.completer(asked.data);
const scenario = whole(asked.scenario);
const large = whole(asked.large);
const base64 = (bytes: ArrayBufferLike): string => Buffer.from(bytes).toString("base64");

async function withRunner(
  options: RunnerOptions,
  act: (runner: PageRunner) => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const runner = await startRunner(asked.data, { layout, wasm }, { workers: 2, start: threads(), ...options });
  try {
    return await act(runner);
  } finally {
    runner.close();
  }
}

function request(runner: PageRunner, more: Partial<RunRequest> = {}): RunRequest {
  const sets = runner.sets.within(scenario).slice(0, asked.run.sets);
  return { scenario, seed: scenario.seed, ...asked.run, sets, ...more };
}

async function told(runner: PageRunner, one: RunRequest, options: RunOptions = {}): Promise<Record<string, unknown>> {
  const seen: number[] = [];
  try {
    const runs = await runner.run(one, {
      ...options,
      progress: (part) => {
        seen.push(part.made);
        options.progress?.(part);
      },
    });
    return { ...plain(runs), seen, here: runner.here };
  } catch (error) {
    return { error: (error as Error).message, name: (error as Error).name, seen };
  }
}

const plain = (runs: Runs): Record<string, unknown> => ({
  values: base64(runs.values.buffer), made: runs.made, failed: runs.failed,
});

const once = (options: RunnerOptions) => withRunner(options, (runner) => told(runner, request(runner)));

// This worker dies after its first message; a worker that never sent one would count as forbidden here.
const DIES = `const pause = new Int32Array(new SharedArrayBuffer(4));
parentPort.on("message", (data) => {
  if (data.setup) return;
  Atomics.wait(pause, 0, 0, 200);
  throw new Error("out of memory");
});`;
const SLEEPS = "self.addEventListener = () => {};";
const FALLS = "throw new Error('not allowed here');";

const found: Record<string, unknown> = {
  whole: await once({}),
  alone: await once({ workers: 1 }),
  one_dies: await once({ start: threads((number) => (number === 1 ? DIES : "")) }),
  all_die: await once({ start: threads(() => DIES) }),
  one_sleeps: await once({ start: threads((number) => (number === 1 ? SLEEPS : "")), patience: 2000 }),
  forbidden: await once({
    start: () => {
      throw new Error("SecurityError");
    },
  }),
  falls: await once({ start: threads(() => FALLS) }),
  blocked: await once({ start: threads(() => "", true) }),
};

found.stopped = await withRunner({}, async (runner) => {
  const early = AbortSignal.abort();
  const before = await told(runner, request(runner), { signal: early });
  const stop = new AbortController();
  const many = request(runner, { replicates: 500 });
  const during = await told(runner, many, { signal: stop.signal, progress: () => stop.abort() });
  return { before, during, after: await told(runner, request(runner)) };
});

found.kept = await withRunner({}, async (runner) => {
  const first = await runner.run(request(runner));
  const renamed = request(runner, { scenario: { ...scenario, name: "another", question: "?" } });
  const other = request(runner, { weeks: [1] });
  const copied = request(runner, { sets: request(runner).sets.map((set) => set.slice()) });
  return {
    again: (await runner.run(request(runner))) === first,
    renamed: (await runner.run(renamed)) === first,
    copied: (await runner.run(copied)) === first,
    other: (await runner.run(other)) === first,
    fresh: (await runner.run(request(runner, { first: 3 }))) === first,
  };
});

found.in_order = await withRunner({ workers: 1 }, async (runner) => {
  const parts: { made: number; fair: boolean }[] = [];
  const one = request(runner, { replicates: 300 });
  await runner.run(one, {
    progress: ({ sets, replicates, values, made }) => {
      const size = values.length / (sets * replicates);
      const filled = (set: number, replicate: number): boolean =>
        !Number.isNaN(values[(set * replicates + replicate) * size]);
      let fair = true;
      for (let i = 0; i < sets * replicates; i += 1) {
        if (filled(i % sets, Math.floor(i / sets)) !== i < made) fair = false;
      }
      parts.push({ made, fair });
    },
  });
  return { parts };
});

found.urgent = await withRunner({}, async (runner) => {
  const order: string[] = [];
  const slow = runner.run(request(runner, { replicates: 400 })).then(() => order.push("slow"));
  const quick = runner.run(request(runner, { weeks: [2] }), { urgent: true }).then(() => order.push("urgent"));
  await Promise.all([slow, quick]);
  return { order };
});

found.together = await withRunner({ workers: 1 }, async (runner) => {
  const made = [0, 0];
  const seen: number[][] = [];
  const ask = (place: number): Promise<unknown> =>
    runner.run(request(runner, { replicates: 200, weeks: [place] }), {
      urgent: true,
      progress: (part) => {
        made[place] = part.made;
        seen.push([...made]);
      },
    });
  await Promise.all([ask(0), ask(1)]);
  return { seen };
});

found.shared = await withRunner({}, async (runner) => {
  const [one, many] = [new AbortController(), request(runner, { replicates: 200 })];
  const first = told(runner, many, { signal: one.signal, progress: () => one.abort() });
  const second = runner.run(many);
  const third = runner.run(many, { urgent: true });
  const left = await first;
  return { left: left.name, same: (await second) === (await third), made: (await second).made };
});

found.refused = await withRunner({ mostMinutes: 1 }, async (runner) => {
  const sets = runner.sets.sets as Float64Array[];
  const much = { ...scenario, horizon_weeks: 1040, regions: { ...(scenario as any).regions, staff: 9000 } };
  return {
    memory: await told(runner, request(runner, { replicates: 100_000 })),
    run_memory: await told(runner, request(runner, { scenario: large, sets: sets.slice(0, 1), weekly: ["trust"] })),
    time: await told(runner, request(runner, { scenario: much, replicates: 100 })),
    run_time: await told(runner, request(runner, { scenario: large, sets: sets.slice(0, 1) })),
    seed: await told(runner, request(runner, { seed: 2 ** 60 })),
    week: await told(runner, request(runner, { weeks: [5000] })),
    outcome: await told(runner, request(runner, { weekly: ["luck"] })),
    after: await told(runner, request(runner)),
  };
});

found.failed = await withRunner({}, async (runner) => {
  const sets = request(runner).sets.map((set) => set.slice());
  sets[1][layout.parameters.indexOf("preparation_per_contact")] = NaN;
  return told(runner, request(runner, { sets, weekly: ["trust"] }));
});

found.staggered = await withRunner({}, async (runner) => {
  const sets = request(runner).sets.map((set, i) => {
    const own = set.slice();
    own[layout.parameters.indexOf("calendar_stagger")] = i % 2 ? 0 : 0.25;
    return own;
  });
  return told(runner, request(runner, { sets }));
});

found.looked = await withRunner({}, async ({ engine, sets }) =>
  Object.fromEntries(
    asked.looked.map((data: any) => {
      const one = whole(data);
      const set = sets.own(one);
      engine.open(makeJob(engine, one, one.seed, set[layout.parameters.indexOf("calendar_stagger")], null));
      const states = engine.states({ set, replicate: 3 });
      const again = engine.run({ sets: set, which: [0], replicates: [3] });
      return [
        one.name,
        {
          same: base64(states.record.buffer) === base64(again.buffer),
          record: base64(states.record.buffer),
          skill: base64(states.skill.buffer),
          load: base64(states.load.buffer),
          overload: base64(states.overload.buffer),
          regions: states.regions.map(({ people, site, ...rest }) => ({
            ...rest, people: base64(people.buffer), site: base64(site.buffer),
          })),
        },
      ];
    }),
  ),
);

found.draws = await withRunner({}, async ({ engine }) => {
  const { words, uniforms, irwin_halls } = engine.draws(BigInt(asked.draws.seed), asked.draws.counters);
  return { words: [...words], uniforms: [...uniforms], irwin_halls: [...irwin_halls] };
});

process.stdout.write(JSON.stringify(found));
