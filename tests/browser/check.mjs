// node check.mjs ENGINE.JS SHIPPED CASES.JSON: hashes of records, rules, messages and what the pool does.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const [script, shipped, file] = process.argv.slice(2);
await import(pathToFileURL(script));
const { Engine, Pool } = globalThis.codoseEngine;
const layout = JSON.parse(fs.readFileSync(path.join(shipped, "layout.json")));
const wasm = fs.readFileSync(path.join(shipped, "engine.wasm"));
const cases = JSON.parse(fs.readFileSync(file));
const jobOf = (one) => fs.readFileSync(path.join(path.dirname(file), one.job));
function hash(records) {
  const same = records.map((one) => (Number.isNaN(one) ? NaN : one)); // every NaN the same one
  return hashOfBits(same);
}
const hashOfBits = (records) =>
  crypto.createHash("sha256").update(new Uint8Array(records.buffer)).digest("hex");
const found = { imports: WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map((i) => i.kind) };

async function message(what) {
  try {
    await what();
    return "no message";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

const engine = await Engine.load(wasm, layout);
found.records = cases.runs.map((one) => {
  engine.open(jobOf(one));
  const { which, replicates } = one;
  return hash(engine.run({ sets: new Float64Array(one.sets), which, replicates }));
});
found.outcomes = cases.runs.map((one, i) => {
  if (!one.outcomes) return null;
  engine.open(jobOf(one));
  const { which, replicates } = one;
  const records = engine.run({ sets: new Float64Array(one.sets), which, replicates });
  const arrays = {
    ...one.outcomes,
    records: { type: "float64", shape: engine.shape(which.length), values: records },
    which: { type: "int64", shape: [which.length], values: which },
  };
  return hash(engine.call("at_points", { numbers: { summed: 0 }, arrays, wanted: ["result"] }).result);
});
found.rules = cases.rules.map(([name, given]) => engine.rules[name](...given));

// --- messages
const first = cases.runs[0];
const sets = new Float64Array(first.sets);
const other = { ...layout, stamp: "0123456789abcdef" };
found.messages = {
  layout: await message(() => Engine.load(wasm, other)),
  noise: await message(() => engine.open(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]))),
  job: await message(() => engine.open(fs.readFileSync(path.join(path.dirname(file), "old.job")))),
  sets: await message(() => engine.run({ sets: sets.slice(1), which: [0], replicates: [0] })),
  entry: await message(() => engine.call("at_noon", { arrays: {}, wanted: [] })),
  argument: await message(() => engine.call("first_wrong", { arrays: {}, wanted: [] })),
  which: await message(() => engine.run({ sets, which: [7], replicates: [0] })),
  damaged: await message(() => Engine.load(wasm.subarray(0, 1000), layout)),
};
engine.open(jobOf(first));
found.messages.memory = await message(
  () => engine.run({ sets, which: new Uint32Array(2e6), replicates: new Uint32Array(2e6) }));
found.after = hash(engine.run({ sets, which: first.which, replicates: first.replicates }));
const { WebAssembly: real } = globalThis;
globalThis.WebAssembly = undefined;
found.messages.none = await message(() => Engine.load(wasm, layout));
globalThis.WebAssembly = real;

// --- the pool, on Node's threads
const likeBrowser =
  "const {parentPort} = require('node:worker_threads');" +
  "const self = {postMessage: (data, owned) => parentPort.postMessage(data, owned)," +
  " addEventListener: (kind, act) => parentPort.on('message', (data) => act({data}))};";
let started = 0;
function threads(prefix) {
  return (source) => {
    started += 1;
    const worker = new Worker(likeBrowser + prefix(started) + source, { eval: true });
    const shown = { onmessage: null, onerror: null };
    worker.on("message", (data) => shown.onmessage && shown.onmessage({ data }));
    worker.on("error", (error) => shown.onerror && shown.onerror({ message: error.message }));
    return Object.assign(shown, {
      postMessage: (data) => worker.postMessage(data),
      terminate: () => worker.terminate(),
    });
  };
}
// It has said a word before: of a worker that never did it is thought that none are allowed here.
const dies =
  "const pause = new Int32Array(new SharedArrayBuffer(4));" +
  "parentPort.on('message', (data) => { if (data.setup) return; Atomics.wait(pause, 0, 0, 200);" +
  " throw new Error('out of memory'); });";
const sleeps = "Engine = null; self.addEventListener = () => {};";
const runs = { sets, which: first.which, replicates: first.replicates };
const job = new Uint8Array(jobOf(first));

async function pooled(prefix, options = {}, pool = {}) {
  started = 0;
  const made = new Pool(wasm, layout, { workers: 2, start: threads(prefix), ...pool });
  const seen = [];
  try {
    const { records, shape } = await made.run(job, runs, {
      piece: 1,
      ...options,
      progress: (done, total) => {
        seen.push([done, total]);
        if (options.progress) options.progress();
      },
    });
    return { hash: hash(records), shape, seen, started };
  } catch (error) {
    return { error: error.message, seen, started };
  } finally {
    made.close();
  }
}

found.pool = {
  whole: await pooled(() => ""),
  one_dies: await pooled((number) => (number === 1 ? dies : "")),
  all_die: await pooled(() => dies),
  one_sleeps: await pooled((number) => (number === 1 ? sleeps : ""), {}, { patience: 3000 }),
};
const stop = new AbortController();
found.pool.stopped = await pooled(() => "", {
  signal: stop.signal, progress: () => stop.abort(),
});
const shut = new Pool(wasm, layout, { workers: 2, start: threads(() => sleeps) });
const underWay = message(() => shut.run(job, runs, { piece: 1 }));
shut.close();
found.pool.closed = await underWay;
found.pool.clocks = process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
console.log(JSON.stringify(found));
