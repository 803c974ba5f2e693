// node browser.mjs ENGINE.JS SHIPPED CASE.JSON: measures on request, a line in and a line out.
//   "here": processor ms of a run in this thread; "all", "first": ms of all runs, or of the first
//   ones, on two workers.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const [script, shipped, file] = process.argv.slice(2);
await import(pathToFileURL(script));
const { Engine, Pool } = globalThis.codoseEngine;
const layout = JSON.parse(fs.readFileSync(path.join(shipped, "layout.json")));
const wasm = fs.readFileSync(path.join(shipped, "engine.wasm"));
const asked = JSON.parse(fs.readFileSync(file));
const job = new Uint8Array(fs.readFileSync(asked.job));
const sets = new Float64Array(asked.sets);
const count = sets.length / layout.parameters.length;

const likeBrowser =
  "const {parentPort} = require('node:worker_threads');" +
  "const self = {postMessage: (data, owned) => parentPort.postMessage(data, owned)," +
  " addEventListener: (kind, act) => parentPort.on('message', (data) => act({data}))};";

function start(source) {
  const worker = new Worker(likeBrowser + source, { eval: true });
  const shown = { onmessage: null, onerror: null };
  worker.on("message", (data) => shown.onmessage && shown.onmessage({ data }));
  worker.on("error", (error) => shown.onerror && shown.onerror({ message: error.message }));
  return Object.assign(shown, {
    postMessage: (data) => worker.postMessage(data),
    terminate: () => worker.terminate(),
  });
}

const engine = await Engine.load(wasm, layout);
engine.open(job);
const some = Array.from({ length: asked.runs }, (_, i) => i);
const one = { sets: sets.slice(0, layout.parameters.length), which: some.map(() => 0), replicates: some };

function here() {
  const before = process.cpuUsage();
  engine.run(one);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / asked.runs;
}

const pool = new Pool(wasm, layout, { workers: 2, start });
const places = Array.from({ length: count * asked.replicates }, (_, i) => i);
const all = { sets, which: places.map((i) => Math.floor(i / asked.replicates)), replicates: places };

async function pooled(number) {
  const which = all.which.slice(0, number);
  const replicates = all.replicates.slice(0, number);
  const begun = performance.now();
  await pool.run(job, { sets, which, replicates });
  return performance.now() - begun;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const number = line === "first" ? asked.first : places.length;
  console.log(line === "here" ? here() : await pooled(number));
}
pool.close();
