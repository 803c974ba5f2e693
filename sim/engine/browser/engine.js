/* The engine of codose in a browser or in Node: `codoseEngine.Engine`, one thread; `.Pool`, several.
 *
 * A classic script, so that a page opened from file:// can use it; it sets `codoseEngine`. It needs
 * engine.wasm and layout.json (both from sim/engine/shipped) and jobs: what Python prepared, see
 * sim/engine/job.py. Nothing here knows a size or an offset: all of them come from the layout.
 *
 *   const engine = await codoseEngine.Engine.load(wasmBytes, layout);
 *   engine.rules.sigmoid(0.3);                    // every rule of sim/core/rules.py
 *   engine.open(jobBytes);
 *   const records = engine.run({sets, which, replicates});
 *
 * sets: Float64Array, parameter sets one after another, each in the order of layout.parameters;
 * which, replicates: of each run, the number of its set and of its replicate (0..2^32 - 1).
 * records: Float64Array (run, row, region, column): engine.shape(runs); see layout.columns.
 */
"use strict";

function defineCodoseEngine() {
  const WORD = 8;
  const ALIGN = 64;
  const PAGE = 65536;

  class EngineError extends Error {
    constructor(message) {
      super(message);
      this.name = "EngineError";
    }
  }

  const rounded = (bytes) => Math.ceil(bytes / ALIGN) * ALIGN;
  const product = (shape) => shape.reduce((all, one) => all * one, 1);

  /* A job: a number (uint32), so many bytes of JSON, and from the next multiple of 64 on its data. */
  function readJob(bytes) {
    const data = new Uint8Array(bytes);
    try {
      const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
      const head = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
      return { head, data: data.subarray(rounded(4 + length)) };
    } catch (error) {
      throw new EngineError("This is not a job of codose: write it again with codose.");
    }
  }

  class Engine {
    /* wasm: the bytes of engine.wasm; layout: what layout.json says. */
    static async load(wasm, layout) {
      if (typeof WebAssembly !== "object") {
        throw new EngineError(
          "This browser has no WebAssembly, or it is switched off; browsers since 2020 have it.");
      }
      const memory = new WebAssembly.Memory({ initial: 32, maximum: layout.pages });
      let made;
      try {
        made = await WebAssembly.instantiate(wasm, { env: { memory } });
      } catch (error) {
        throw new EngineError(`This browser cannot load the engine: ${error.message}`);
      }
      return new Engine(made.instance.exports, memory, layout);
    }

    constructor(exported, memory, layout) {
      const is = exported[`${layout.prefix}stamp`]();
      if (is !== (parseInt(layout.stamp.slice(0, 8), 16) & 0x7fffffff)) {
        throw new EngineError(
          "The engine and its layout are of different versions: take both from one version of codose.");
      }
      this.layout = layout;
      this.version = layout.stamp;
      this.rules = {};
      for (const name of Object.keys(layout.functions)) {
        this.rules[name] = exported[layout.prefix + name];
      }
      this._exported = exported;
      this._memory = memory;
      this._start = rounded(exported.__heap_base.value);
      this._job = null;
    }

    /* Take a job; the one before is forgotten. */
    open(bytes) {
      const { head, data } = readJob(bytes);
      if (head.stamp !== this.version) {
        throw new EngineError(
          "The job was written by another version of codose than this engine: write it again.");
      }
      const entry = this.layout.entries[head.entry];
      this._job = { head, entry };
      this._top = this._start + rounded(entry.words * WORD);
      for (const one of Object.values(head.arrays)) this._place(one);
      for (const one of Object.values(head.spaces)) this._place(one);
      this._make_room(this._top);
      const memory = new Uint8Array(this._memory.buffer);
      memory.fill(0, this._start, this._top);
      for (const one of Object.values(head.arrays)) {
        memory.set(data.subarray(one.offset, one.offset + this._bytes(one)), one.address);
      }
      this._fill(entry, this._start, { ...head.arrays, ...head.spaces }, head.numbers);
      this._bottom = this._top;
    }

    /* (runs, rows, regions, columns) of so many runs of the open job. */
    shape(runs) {
      return [runs, ...this._job.head.record];
    }

    /* One run, with every state of everybody in every week, and what was drawn for it.
     *
     * set: one parameter set. Gives {records, snapshots, spaces}: snapshots, Float64Array (week,
     * state), of layout.people field after field for each region, then layout.site of each region;
     * spaces: what the engine left in its work space, {name: {shape, values}}.
     */
    watch({ set, replicate }) {
      const wide = this._watched();
      const snapshots = { type: "float64", shape: wide };
      const records = this.run({ sets: set, which: [0], replicates: [replicate], snapshots });
      const { buffer } = this._memory;
      const read = ({ type, shape, address }) => {
        const size = product(shape);
        if (type === "float64") return new Float64Array(buffer, address, size).slice();
        if (type === "int64") return Float64Array.from(new BigInt64Array(buffer, address, size), Number);
        return null;
      };
      const spaces = {};
      for (const [name, one] of Object.entries(this._job.head.spaces)) {
        spaces[name] = { shape: one.shape, values: read(one) };
      }
      return { records, snapshots: read(snapshots), shape: wide, spaces };
    }

    /* (weeks, states) of a run that is watched. */
    _watched() {
      if (this._job === null) throw new EngineError("No job is open.");
      const { numbers, spaces } = this._job.head;
      return [numbers.horizon + 1, product(spaces.people.shape) + product(spaces.sites.shape)];
    }

    /* Make some runs; the records are the caller's own. */
    run({ sets, which, replicates, snapshots = null }) {
      if (this._job === null) throw new EngineError("No job is open.");
      const width = this.layout.parameters.length;
      const runs = which.length;
      if (sets.length % width || replicates.length !== runs) {
        throw new EngineError(
          `Sets come in rows of ${width} numbers, and each run needs its set and its replicate.`);
      }
      const count = sets.length / width;
      if (Array.prototype.some.call(which, (one) => !(one >= 0 && one < count))) {
        throw new EngineError(`A run asks for a parameter set that is not among the ${count} given.`);
      }
      this._top = this._bottom;
      const given = {
        sets: { type: "parameters", shape: [count] },
        which: { type: "int64", shape: [runs] },
        replicates: { type: "int64", shape: [runs] },
        records: { type: "float64", shape: this.shape(runs) },
      };
      // The block is filled anew each time: a run that is not watched must not write where one was.
      given.snapshots = snapshots || { type: "float64", shape: [0, 0] };
      for (const one of Object.values(given)) this._place(one);
      this._make_room(this._top);
      const { buffer } = this._memory;
      new Uint8Array(buffer).fill(0, this._bottom, this._top);
      new Float64Array(buffer, given.sets.address, sets.length).set(sets);
      this._whole(given.which, which);
      this._whole(given.replicates, replicates);
      this._fill(this._job.entry, this._start, given, {});
      this._go(this._job.head.entry, this._start);
      return new Float64Array(buffer, given.records.address, product(given.records.shape)).slice();
    }

    /* Call another entry of the layout, for instance at_points, which makes outcomes of records.
     *
     * numbers: its single numbers; arrays: {name: {type, shape, values}}, zeros without values.
     * Gives the float64 arrays named in wanted, the caller's own. An open job stays open.
     */
    call(name, { numbers = {}, arrays, wanted }) {
      const entry = this.layout.entries[name];
      if (!entry) throw new EngineError(`The engine has no ${name}.`);
      const missing = entry.arguments.find((one) => !(one.name in arrays || one.name in numbers));
      if (missing) throw new EngineError(`${name} needs ${missing.name}.`);
      this._top = this._job === null ? this._start : this._bottom;
      const block = this._top;
      this._top += rounded(entry.words * WORD);
      const given = {};
      for (const [one, array] of Object.entries(arrays)) {
        given[one] = { ...array };
        this._place(given[one]);
      }
      this._make_room(this._top);
      const { buffer } = this._memory;
      new Uint8Array(buffer).fill(0, block, this._top);
      for (const { type, values, address } of Object.values(given)) {
        if (values && type === "int64") this._whole({ address }, values);
        else if (values) new Float64Array(buffer, address, values.length).set(values);
      }
      this._fill(entry, block, given, numbers);
      this._go(name, block);
      const copy = ({ address, shape }) => new Float64Array(buffer, address, product(shape)).slice();
      return Object.fromEntries(wanted.map((one) => [one, copy(given[one])]));
    }

    _go(name, block) {
      const status = this._exported[this.layout.prefix + name](block);
      if (status !== 0) throw new EngineError(`The engine gave up (status ${status}).`);
    }

    _bytes({ type, shape }) {
      const sizes = { float64: 8, int64: 8, int32: 4, uint32: 4, uint16: 2 };
      const record = this.layout.records[type];
      return product(shape) * (record ? record.size : sizes[type]);
    }

    _place(array) {
      array.address = this._top;
      this._top += rounded(this._bytes(array));
    }

    _make_room(bytes) {
      const missing = Math.ceil((bytes - this._memory.buffer.byteLength) / PAGE);
      if (missing <= 0) return;
      try {
        this._memory.grow(missing);
      } catch (error) {
        const size = Math.ceil(bytes / 2 ** 20);
        throw new EngineError(
          `This takes ${size} MB of memory, more than the browser gives: make fewer runs at a time.`);
      }
    }

    _whole(array, values) {
      const words = new DataView(this._memory.buffer, array.address);
      values.forEach((value, i) => words.setUint32(i * WORD, value, true));
    }

    /* Write the words of a block for some arrays (placed before) and numbers. */
    _fill(entry, block, arrays, numbers) {
      const words = new DataView(this._memory.buffer, block);
      for (const { name, word, type, dimensions } of entry.arguments) {
        const at = word * WORD;
        if (dimensions === 0 && name in numbers) {
          if (type === "float64") words.setFloat64(at, numbers[name], true);
          else words.setBigInt64(at, BigInt(numbers[name]), true);
        } else if (name in arrays) {
          words.setBigInt64(at, BigInt(arrays[name].address), true);
          arrays[name].shape.forEach((length, axis) => {
            words.setBigInt64(at + (axis + 1) * WORD, BigInt(length), true);
          });
        }
      }
    }
  }

  /* --- in a worker: one engine a job, so that several stay open ------------------------------- */

  function serve(self) {
    let setup = null;
    const engines = new Map();

    async function engineOf(job) {
      if (!engines.has(job.id)) {
        const engine = await Engine.load(setup.wasm, setup.layout);
        engine.open(job.bytes);
        engines.set(job.id, engine);
      }
      return engines.get(job.id);
    }

    self.addEventListener("message", async ({ data }) => {
      if (data.setup) {
        setup = data.setup;
        return;
      }
      try {
        const engine = await engineOf(data.job);
        const records = engine.run(data.runs);
        const shape = engine.shape(data.runs.which.length);
        self.postMessage({ piece: data.piece, records, shape }, [records.buffer]);
      } catch (error) {
        self.postMessage({ piece: data.piece, error: error.message });
      }
    });
  }

  function startWorker(source) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    return worker;
  }

  const workerSource = () => `(${defineCodoseEngine})().serve(self);`;

  /* Several workers, each with engines of its own.
   *
   * workers: how many; start: makes a worker from its source (for what is no browser); patience: ms
   * after which a worker that does not answer counts as dead. A dead worker is replaced, and its
   * piece is made again, once.
   */
  class Pool {
    constructor(wasm, layout, { workers, start = startWorker, patience = 60000 } = {}) {
      this._setup = { wasm, layout };
      this._start = start;
      this._patience = patience;
      this._waiting = [];
      this._jobs = new Map();
      this._free = [];
      this._all = new Set();
      this._busy = new Map();
      const hardware = typeof navigator === "object" ? navigator.hardwareConcurrency : 2;
      for (let i = 0; i < Math.max(1, workers || hardware || 2); i += 1) this._add();
    }

    /* Make runs; see Engine.run. Resolves to {records, shape}, in the order of the runs.
     *
     * piece: runs that a worker makes at a time; progress(done, total): after each; found(first,
     * records): the records of a piece as soon as they are there; signal: an AbortSignal.
     */
    run(job, { sets, which, replicates }, { piece = 20, progress, found, signal } = {}) {
      return new Promise((resolve, reject) => {
        const total = which.length;
        let done = 0;
        let records = null;
        const stop = (error) => {
          this._waiting = this._waiting.filter((one) => one.stop !== stop);
          reject(error);
        };
        const arrived = (first, made, shape) => {
          if (signal && signal.aborted) return;
          const size = product(shape.slice(1));
          records = records || new Float64Array(total * size);
          records.set(made, first * size);
          done += shape[0];
          if (found) found(first, made);
          if (progress) progress(done, total);
          if (done === total) resolve({ records, shape: [total, ...shape.slice(1)] });
        };
        if (signal && signal.aborted) stop(new EngineError("Stopped."));
        if (signal) signal.addEventListener("abort", () => stop(new EngineError("Stopped.")));
        for (let first = 0; first < total; first += piece) {
          const part = (values) => values.slice(first, first + piece);
          const runs = { sets, which: part(which), replicates: part(replicates) };
          this._waiting.push({ job: this._named(job), runs, first, arrived, stop, tries: 0 });
        }
        if (total === 0) resolve({ records: new Float64Array(0), shape: [0] });
        this._next();
      });
    }

    /* End all workers. */
    close() {
      for (const worker of this._all) worker.terminate();
      this._all.clear();
      this._free = [];
      const pieces = [...this._busy.values()].map(({ clear, piece }) => (clear(), piece));
      for (const one of [...pieces, ...this._waiting]) one.stop(new EngineError("Stopped."));
    }

    _named(bytes) {
      if (!this._jobs.has(bytes)) this._jobs.set(bytes, { id: this._jobs.size, bytes });
      return this._jobs.get(bytes);
    }

    _add() {
      let worker;
      try {
        worker = this._start(workerSource());
      } catch (error) {
        throw new EngineError(`This browser starts no workers: ${error.message}`);
      }
      worker.postMessage({ setup: this._setup });
      this._all.add(worker);
      this._free.push(worker);
    }

    _next() {
      while (this._free.length && this._waiting.length) {
        this._give(this._free.pop(), this._waiting.shift());
      }
    }

    _give(worker, piece) {
      const clock = setTimeout(() => died("does not answer"), this._patience);
      const clear = () => {
        clearTimeout(clock);
        this._busy.delete(worker);
        worker.onmessage = worker.onerror = null;
      };
      const died = (why) => {
        clear();
        worker.terminate();
        if (!this._all.delete(worker)) return;
        piece.tries += 1;
        if (piece.tries < 2) this._waiting.unshift(piece);
        else piece.stop(new EngineError(`A worker died twice over the same runs: it ${why}.`));
        this._add();
        this._next();
      };
      this._busy.set(worker, { clear, piece });
      worker.onerror = (event) => died(`failed (${event.message || "no reason given"})`);
      worker.onmessage = ({ data }) => {
        clear();
        this._free.push(worker);
        if (data.error) piece.stop(new EngineError(data.error));
        else piece.arrived(piece.first, data.records, data.shape);
        this._next();
      };
      worker.postMessage({ job: piece.job, runs: piece.runs, piece: piece.first });
    }
  }

  return { Engine, EngineError, Pool, readJob, serve };
}

globalThis.codoseEngine = defineCodoseEngine();
