/* The engine of codose in a browser or in Node: `codoseEngine.Engine` has one thread, `.Pool` several.
 *
 * A classic script, so that a page opened from file:// can use it; it sets `codoseEngine`. It needs
 * engine.wasm and layout.json (both from sim/engine/shipped) and jobs (see sim/engine/job.py).
 * Nothing in this file knows a size or an offset: all of them come from the layout.
 *
 *   const engine = await codoseEngine.Engine.load(wasmBytes, layout);
 *   engine.rules.sigmoid(0.3);                    // every rule of sim/core/rules.py
 *   engine.open(jobBytes);
 *   const records = engine.run({sets, which, replicates});
 *
 * sets: Float64Array, parameter sets one after another, each in the order of layout.parameters;
 * which, replicates: for each run, the index of its set and its replicate (0 to 2^32 - 1).
 * records: Float64Array of shape (run, row, region, column), see engine.shape and layout.columns.
 *
 *   engine.outcomes({sets, which, replicates, reduce});   // outcomes at some weeks only
 *   engine.states({set, replicate});                      // everyone in every week of one run
 *   engine.draws(seed, [{purpose: "staff_contact", entity, week, series, replicate}]);
 *   engine.call(entry, {numbers, arrays, wanted});        // any other entry of the layout
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

  /* A job: the length of its JSON (uint32), the JSON, and its data from the next multiple of 64 on. */
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
    /* wasm: the bytes of engine.wasm, or the module of another engine; layout: layout.json. */
    static async load(wasm, layout) {
      if (typeof WebAssembly !== "object") {
        throw new EngineError(
          "This browser has no WebAssembly, or it is switched off; browsers since 2020 have it.");
      }
      const memory = new WebAssembly.Memory({ initial: 32, maximum: layout.pages });
      try {
        const module = wasm instanceof WebAssembly.Module ? wasm : await WebAssembly.compile(wasm);
        const instance = await WebAssembly.instantiate(module, { env: { memory } });
        return new Engine(instance.exports, memory, layout, module);
      } catch (error) {
        if (error instanceof EngineError) throw error;
        throw new EngineError(
          `This browser cannot load the engine, as browsers since March 2023 do: ${error.message}`);
      }
    }

    constructor(exported, memory, layout, module) {
      const is = exported[`${layout.prefix}stamp`]();
      if (is !== (parseInt(layout.stamp.slice(0, 8), 16) & 0x7fffffff)) {
        throw new EngineError(
          "The engine and its layout are of different versions: take both from one version of codose.");
      }
      this.layout = layout;
      this.module = module;
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

    /* Open a job; the one before is forgotten. */
    open(bytes) {
      const { head, data } = readJob(bytes);
      if (head.stamp !== this.version) {
        throw new EngineError(
          "The job was written by another version of codose than this engine: write it again.");
      }
      const entry = this.layout.entries[head.entry];
      this._job = { head, data, entry };
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

    /* The memory of this engine, in bytes. */
    get bytes() {
      return this._memory.buffer.byteLength;
    }

    /* The shape (runs, rows, regions, columns) of the records of so many runs of the open job. */
    shape(runs) {
      return [runs, ...this._job.head.record];
    }

    /* Make some runs; the records are a copy for the caller. */
    run(runs) {
      const given = this._given(runs);
      this._lay(given);
      this._run(given, runs);
      return this._floats(given.records);
    }

    /* Make some runs and give their outcomes at some weeks, without their records.
     *
     * reduce: rates (3: money a provider hour, staff hour and visit); now, before: for each point, the
     * row of its week and that of the week before its window; summed: whether the job's rows are only
     * some weeks; weekly: indices of the outcomes wanted for every week (the job then has all weeks).
     * Gives points (run, point, place, outcome), whose last place is all regions together; weekly
     * (run, week, wanted outcome) of all regions, or null; wrong: runs without finite numbers, which
     * are NaN in both.
     */
    outcomes({ reduce, ...runs }) {
      const { rates, now, before, summed, weekly } = reduce;
      const given = this._given(runs);
      const [count, rows, regions, columns] = given.records.shape;
      const { work_rows: work, outcomes } = this.layout;
      const places = [regions + 1, outcomes.length];
      const more = {
        rates: { type: "float64", shape: [3], values: rates },
        given: { type: "float64", shape: [given.sets.shape[0], this.layout.given.length] },
        status: { type: "int64", shape: [count] },
        now: { type: "int64", shape: [now.length], values: now },
        before: { type: "int64", shape: [before.length], values: before },
        work: { type: "float64", shape: [work.all + work.region * regions, columns] },
        result: { type: "float64", shape: [count, now.length, ...places] },
      };
      const every = { type: "float64", shape: [weekly ? count : 0, rows, ...places] };
      const each = { type: "float64", shape: [weekly ? count : 0, ...more.work.shape] };
      const blocks = this._blocks("fill_given", "first_wrong", "at_points", "weekly");
      this._lay({ ...given, ...more, every, each, ...blocks });
      this._run(given, runs);
      const flat = { ...given.records, shape: [count, rows * regions * columns] };
      const arrays = { ...given, ...more };
      this._enter("fill_given", blocks, arrays);
      this._enter("first_wrong", blocks, { ...arrays, records: flat });
      this._enter("at_points", blocks, arrays, { summed: summed ? 1 : 0 });
      if (weekly) this._enter("weekly", blocks, { ...arrays, work: each, result: every }, { first: 0 });
      const found = { points: this._floats(more.result), weekly: null, wrong: [] };
      if (weekly) found.weekly = this._overall(every, weekly);
      this._leave_out(found, new BigInt64Array(this._memory.buffer, more.status.address, count));
      return found;
    }

    /* All people in every week of one run: {record, shape, regions, skill, load, overload}.
     *
     * set: Float64Array, one parameter set. regions, for each: name, candidate, staff; people (week,
     * field of layout.people, post), site (week, field of layout.site); ties: pairs of posts, null
     * in a complete network. skill, load, overload: (week, provider).
     */
    states({ set, replicate }) {
      const { head, data } = this._job;
      const { people, site, records, networks } = this.layout;
      const [posts, regions] = [head.spaces.people.shape[0], head.regions.length];
      const [weeks, providers] = head.spaces.skills.shape;
      const width = posts + regions * site.length;
      const runs = { sets: set, which: [0], replicates: [replicate] };
      const given = this._given(runs);
      given.snapshots = { type: "float64", shape: [weeks, width] };
      this._lay(given);
      this._run(given, runs);
      const shots = this._floats(given.snapshots);
      const whole = (array, place) =>
        Number(new BigInt64Array(this._memory.buffer, array.address + place * WORD, 1)[0]);
      const about = new DataView(data.buffer, data.byteOffset + head.arrays.regions.offset);
      const cut = (from, size) => {
        const part = new Float64Array(weeks * size);
        for (let week = 0; week < weeks; week += 1) {
          const start = week * width + from;
          part.set(shots.subarray(start, start + size), week * size);
        }
        return part;
      };
      const found = head.regions.map((name, r) => {
        const field = (one) =>
          Number(about.getBigInt64(r * records.region.size + records.region.fields[one].offset, true));
        const staff = field("staff");
        return {
          name,
          staff,
          candidate: whole(head.spaces.chosen, r),
          people: cut(people.length * field("first"), people.length * staff),
          site: cut(posts + r * site.length, site.length),
          ties: networks[field("network")] === "complete" ? null
            : this._ties(field("place") + 1, staff, whole),
        };
      });
      const [skill, load, overload] = ["skills", "loads", "overloads"].map((one) =>
        this._floats(head.spaces[one]));
      const record = this._floats(given.records);
      return {
        record, shape: given.records.shape.slice(1), weeks, providers, regions: found,
        skill, load, overload,
      };
    }

    /* The states and work space of one run, from which it can be replayed: {snapshots, shape, spaces}.
     *
     * snapshots: Float64Array (week, state): for each region the fields of layout.people one after
     * another, then for each the fields of layout.site; spaces: float64 and int64 arrays of the work
     * space, {name: {shape, values}}.
     */
    watch({ set, replicate }) {
      const runs = { sets: set, which: [0], replicates: [replicate] };
      const given = this._given(runs);
      const { people, sites, skills, ...others } = this._job.head.spaces;
      const shape = [skills.shape[0], product(people.shape) + product(sites.shape)];
      given.snapshots = { type: "float64", shape };
      this._lay(given);
      this._run(given);
      const whole = ({ address, shape: size }) =>
        Float64Array.from(new BigInt64Array(this._memory.buffer, address, product(size)), Number);
      const spaces = {};
      for (const [name, one] of Object.entries({ people, sites, skills, ...others })) {
        if (one.type === "float64") spaces[name] = { shape: one.shape, values: this._floats(one) };
        if (one.type === "int64") spaces[name] = { shape: one.shape, values: whole(one) };
      }
      return { snapshots: this._floats(given.snapshots), shape, spaces };
    }

    /* Blocks of four random draws: {words, uniforms, irwin_halls}, each Float64Array (block, 4).
     *
     * counters: for each block its purpose (a name of layout.purposes), entity (a region's candidate;
     * for a post candidate * layout.posts + post), and week, series and replicate where they are not 0.
     */
    draws(seed, counters) {
      const { purposes, series_step: step } = this.layout;
      const values = counters.flatMap(({ purpose, entity, week = 0, series = 0, replicate = 0 }) => {
        if (!(purpose in purposes)) throw new EngineError(`The streams have no ${purpose}.`);
        return [entity, week, purposes[purpose] + step * series, replicate];
      });
      const shape = [counters.length, 4];
      const big = BigInt(seed);
      return this.call("draws", {
        numbers: { seed_low: big & 0xffffffffn, seed_high: big >> 32n },
        arrays: {
          counters: { type: "int64", shape, values },
          words: { type: "float64", shape },
          uniforms: { type: "float64", shape },
          irwin_halls: { type: "float64", shape },
        },
        wanted: ["words", "uniforms", "irwin_halls"],
      });
    }

    /* Call another entry of the layout, such as at_points, which computes outcomes from records.
     *
     * numbers: its single numbers; arrays: {name: {type, shape, values or bytes}}, zeros without
     * either. Gives copies of the arrays named in wanted, as Float64Array, or Uint8Array for other
     * types. An open job stays open.
     */
    call(name, { numbers = {}, arrays, wanted }) {
      const entry = this.layout.entries[name];
      if (!entry) throw new EngineError(`The engine has no ${name}.`);
      const missing = entry.arguments.find((one) => !(one.name in arrays || one.name in numbers));
      if (missing) throw new EngineError(`${name} needs ${missing.name}.`);
      const given = {};
      for (const [one, array] of Object.entries(arrays)) given[one] = { ...array };
      const blocks = this._blocks(name);
      this._lay({ ...blocks, ...given });
      this._enter(name, blocks, given, numbers);
      const copy = (array) =>
        array.type === "float64" ? this._floats(array)
          : new Uint8Array(this._memory.buffer, array.address, this._bytes(array)).slice();
      return Object.fromEntries(wanted.map((one) => [one, copy(given[one])]));
    }

    /* The arrays that a call of the open job needs for some runs. */
    _given({ sets, which, replicates }) {
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
      return {
        sets: { type: "parameters", shape: [count], values: sets },
        which: { type: "int64", shape: [runs], values: which },
        replicates: { type: "int64", shape: [runs], values: replicates },
        records: { type: "float64", shape: this.shape(runs) },
        snapshots: { type: "float64", shape: [0, 0] },
      };
    }

    _run(given) {
      this._fill(this._job.entry, this._start, given, {});
      this._go(this._job.head.entry, this._start);
    }

    /* Arrays for the argument words of some entries. */
    _blocks(...names) {
      const room = (name) => ({ type: "float64", shape: [this.layout.entries[name].words] });
      return Object.fromEntries(names.map((name) => [`words of ${name}`, room(name)]));
    }

    /* Place arrays behind those of the open job, filled with their values or zeros. */
    _lay(arrays) {
      const first = this._job === null ? this._start : this._bottom;
      this._top = first;
      for (const one of Object.values(arrays)) this._place(one);
      this._make_room(this._top);
      const { buffer } = this._memory;
      new Uint8Array(buffer).fill(0, first, this._top);
      for (const { type, values, bytes, address } of Object.values(arrays)) {
        if (bytes) new Uint8Array(buffer).set(bytes, address);
        else if (values && type === "int64") this._whole({ address }, values);
        else if (values) new Float64Array(buffer, address, values.length).set(values);
      }
    }

    /* Call an entry whose argument words and arrays are placed. */
    _enter(name, blocks, arrays, numbers = {}) {
      const block = blocks[`words of ${name}`].address;
      this._fill(this.layout.entries[name], block, arrays, numbers);
      this._go(name, block);
    }

    _floats({ address, shape }) {
      return new Float64Array(this._memory.buffer, address, product(shape)).slice();
    }

    /* Some outcomes of all regions together, from those of every place in every week. */
    _overall({ address, shape }, wanted) {
      const [runs, weeks, places, outcomes] = shape;
      const all = new Float64Array(this._memory.buffer, address, product(shape));
      const found = new Float64Array(runs * weeks * wanted.length);
      for (let row = 0; row < runs * weeks; row += 1) {
        const start = ((row + 1) * places - 1) * outcomes;
        for (let i = 0; i < wanted.length; i += 1) {
          found[row * wanted.length + i] = all[start + wanted[i]];
        }
      }
      return found;
    }

    _leave_out(found, status) {
      status.forEach((wrong, run) => {
        if (wrong === 0n) return;
        found.wrong.push(run);
        for (const values of [found.points, found.weekly]) {
          if (values === null) continue;
          const size = values.length / status.length;
          values.fill(NaN, run * size, (run + 1) * size);
        }
      });
    }

    /* The ties of a network of the last run, as pairs of posts. */
    _ties(place, staff, whole) {
      const { graphs } = this._job.head.spaces;
      const pairs = [];
      for (let post = 0; post < staff; post += 1) {
        const last = whole(graphs, place + post + 1);
        for (let i = whole(graphs, place + post); i < last; i += 1) {
          const other = whole(graphs, place + staff + 1 + i);
          if (post < other) pairs.push([post, other]);
        }
      }
      return pairs;
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

    /* Write the argument words of an entry: numbers, and addresses and shapes of placed arrays. */
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

  /* --- in a worker: one engine for each of the last OPEN_JOBS jobs ----------------------------- */

  const OPEN_JOBS = 2;
  const MUCH_MEMORY = 2 ** 28;

  function serve(self) {
    let setup = null;
    let module = null;
    const engines = new Map();
    const clock = () => (typeof performance === "object" ? performance.now() : Date.now());

    /* The engine that has a job open; for a new job, the least recently used engine is taken. */
    async function engineOf(job) {
      let engine = engines.get(job.id);
      if (!engine) {
        const [oldest] = engines.keys();
        if (engines.size === OPEN_JOBS) {
          engine = engines.get(oldest);
          engines.delete(oldest);
          if (engine.bytes > MUCH_MEMORY) engine = undefined;
        }
        engine = engine || (await Engine.load(module || setup.wasm, setup.layout));
        module = module || engine.module;
        engine.open(job.bytes);
      }
      engines.delete(job.id);
      engines.set(job.id, engine);
      return engine;
    }

    function make(engine, { runs, reduce }) {
      if (!reduce) {
        const records = engine.run(runs);
        return { made: { records, shape: engine.shape(runs.which.length) }, owned: [records.buffer] };
      }
      const made = engine.outcomes({ ...runs, reduce });
      const owned = [made.points.buffer];
      if (made.weekly) owned.push(made.weekly.buffer);
      return { made, owned };
    }

    self.addEventListener("message", async ({ data }) => {
      if (data.setup) {
        setup = data.setup;
        return;
      }
      try {
        const engine = await engineOf(data.job);
        const begun = clock();
        const { made, owned } = make(engine, data);
        self.postMessage({ piece: data.piece, took: clock() - begun, made }, owned);
      } catch (error) {
        self.postMessage({ piece: data.piece, error: error.message });
      }
    });
    self.postMessage({ ready: true });
  }

  function startWorker(source) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    return worker;
  }

  /* An object like a worker that works in this thread, with a pause after each piece. */
  function workHere() {
    const shown = { onmessage: null, onerror: null, terminate() {} };
    let act = null;
    serve({
      addEventListener: (kind, listener) => {
        act = listener;
      },
      postMessage: (data) => setTimeout(() => shown.onmessage && shown.onmessage({ data })),
    });
    shown.postMessage = (data) => setTimeout(() => act({ data }));
    return shown;
  }

  const workerSource = () => `(${defineCodoseEngine})().serve(self);`;

  /* The runs of one request, which are given to workers piece by piece, in order. */
  class Asked {
    constructor(job, runs, options, resolve, reject) {
      Object.assign(this, { job, runs, options, resolve, reject });
      this.total = runs.which.length;
      this.next = 0;
      this.done = 0;
      this.again = []; // pieces of workers that died
      this.records = null;
    }

    get waits() {
      return this.again.length > 0 || this.next < this.total;
    }

    take(size) {
      if (this.again.length) return this.again.shift();
      const first = this.next;
      this.next = Math.min(this.total, first + size);
      return { asked: this, first, size: this.next - first, tries: 0 };
    }

    /* The message that a worker gets for a piece. */
    message({ first, size }) {
      const part = (values) => values.slice(first, first + size);
      const { sets, which, replicates } = this.runs;
      const runs = { sets, which: part(which), replicates: part(replicates) };
      return { runs, reduce: this.options.reduce, piece: first };
    }

    arrived({ first, size }, made) {
      const { found, progress, reduce } = this.options;
      this.done += size;
      if (!reduce) {
        const one = product(made.shape.slice(1));
        this.records = this.records || new Float64Array(this.total * one);
        this.records.set(made.records, first * one);
        this.shape = [this.total, ...made.shape.slice(1)];
      }
      if (found) found(first, reduce ? made : made.records);
      if (progress) progress(this.done, this.total);
      if (this.done === this.total) this.resolve({ records: this.records, shape: this.shape });
    }
  }

  const MOST_WORKERS = 8;
  /* Urgent requests advance evenly, such as a plan and the one it is compared with. */
  const fewer = (one, other) => (other.next / other.total < one.next / one.total ? other : one);

  /* Several workers, each with engines of its own.
   *
   * workers: their number (default: that of the processors, at most 8); start: makes a worker from its
   * source (for hosts other than browsers); patience: ms after which a worker that does not answer
   * counts as dead, beside the time that its piece should take. A dead worker is replaced, and its
   * piece is made again, once. Where no worker can be started, `here` is true and this thread works.
   */
  class Pool {
    constructor(wasm, layout, { workers, start = startWorker, patience = 60000 } = {}) {
      this._setup = { wasm, layout };
      this._start = start;
      this._patience = patience;
      this._asked = [];
      this._jobs = new WeakMap();
      this._number = 0;
      this._free = [];
      this._all = new Set();
      this._busy = new Map();
      this.here = false;
      this.pace = 0.0003; // ms that one worker takes for a staff-week; a moving average
      const hardware = typeof navigator === "object" ? navigator.hardwareConcurrency : 2;
      this.workers = Math.max(1, workers || Math.min(MOST_WORKERS, hardware || 2));
      for (let i = 0; i < this.workers && !this.here; i += 1) this._add();
    }

    /* Make runs; see Engine.run. Resolves to {records, shape}, in the order of the runs.
     *
     * job: its bytes, or a function that makes them when they are first needed.
     * options: piece, the runs that a worker makes at a time; or cost, the staff-weeks of a run: pieces
     * then take about `slice` ms (at most `most` runs); urgent: goes before all other requests, and
     * may be changed later; progress(done, total): called after each piece; found(first, records):
     * called with the records of each piece; reduce: see Engine.outcomes, whose answer is then given
     * to found, and no records are kept; signal: an AbortSignal.
     */
    run(job, runs, options = {}) {
      return new Promise((resolve, reject) => {
        const { signal } = options;
        const asked = new Asked(job, runs, options, resolve, reject);
        if (signal && signal.aborted) return reject(new EngineError("Stopped."));
        if (asked.total === 0) return resolve({ records: new Float64Array(0), shape: [0] });
        asked.leave = () => this._stop(asked, "Stopped.");
        if (signal) signal.addEventListener("abort", asked.leave);
        this._asked.push(asked);
        this._next();
      });
    }

    /* End all workers. */
    close() {
      this._end_all();
      for (const one of this._asked.splice(0)) one.reject(new EngineError("Stopped."));
    }

    _end_all() {
      for (const { clear } of [...this._busy.values()]) clear();
      for (const worker of this._all) worker.terminate();
      this._all.clear();
      this._free = [];
    }

    _stop(asked, why) {
      this._forget(asked);
      asked.reject(new EngineError(why));
    }

    _forget(asked) {
      const { signal } = asked.options;
      this._asked = this._asked.filter((one) => one !== asked);
      if (signal) signal.removeEventListener("abort", asked.leave);
    }

    _named(bytes) {
      if (!this._jobs.has(bytes)) this._jobs.set(bytes, (this._number += 1));
      return { id: this._jobs.get(bytes), bytes };
    }

    _add() {
      let worker;
      try {
        worker = this._start(workerSource());
      } catch (error) {
        if (this._proven) throw new EngineError(`This browser starts no workers: ${error.message}`);
        return this._work_here();
      }
      return this._take_on(worker);
    }

    _take_on(worker) {
      worker.onerror = () => this._lost(worker);
      worker.onmessage = ({ data }) => this._ready(data);
      worker.postMessage({ setup: this._setup });
      this._all.add(worker);
      this._free.push(worker);
    }

    _ready(data) {
      if (data.ready) this._proven = true; // workers can start here
    }

    _work_here() {
      this.here = true;
      this.workers = 1;
      const pieces = [...this._busy.values()].map(({ piece }) => piece);
      this._end_all();
      for (const piece of pieces) piece.asked.again.push(piece);
      this._take_on(workHere());
      this._next();
    }

    _next() {
      while (this._free.length) {
        const waiting = this._asked.filter((one) => one.waits);
        if (!waiting.length) return;
        const urgent = waiting.filter((one) => one.options.urgent);
        const asked = urgent.length ? urgent.reduce(fewer) : waiting[0];
        try {
          if (typeof asked.job === "function") asked.job = asked.job();
        } catch (error) {
          this._stop(asked, error.message);
          continue;
        }
        this._give(this._free.pop(), asked.take(this._size(asked)));
      }
    }

    _size({ options, total, next }) {
      const { piece = 20, cost, slice = 25, most = 256 } = options;
      if (!cost) return piece;
      const share = Math.ceil((total - next) / this.workers);
      return Math.max(1, Math.min(share, most, Math.floor(slice / (cost * this.pace))));
    }

    _give(worker, piece) {
      const { asked } = piece;
      const { cost } = asked.options;
      const wait = this._patience + 20 * (cost || 0) * this.pace * piece.size;
      const clock = setTimeout(() => died("does not answer"), wait);
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
        const last = piece.tries > 1;
        if (this._proven && last) this._stop(asked, `A worker died twice over the same runs: it ${why}.`);
        else asked.again.unshift(piece);
        if (this._proven || !last) this._add();
        else this._work_here();
        this._next();
      };
      this._busy.set(worker, { clear, piece });
      worker.onerror = ({ message }) => {
        if (message || this._proven) died(`failed (${message || "no reason given"})`);
        else this._lost(worker);
      };
      worker.onmessage = ({ data }) => {
        if (data.ready) return this._ready(data);
        clear();
        worker.onerror = () => this._lost(worker);
        this._free.push(worker);
        this._arrived(piece, data);
        return this._next();
      };
      worker.postMessage({ ...asked.message(piece), job: this._named(asked.job) });
    }

    _arrived(piece, data) {
      const { asked } = piece;
      if (!this._asked.includes(asked)) return; // the request was stopped meanwhile
      if (data.error) return this._stop(asked, data.error);
      const { cost } = asked.options;
      if (cost) this.pace += 0.3 * (data.took / (cost * piece.size) - this.pace);
      if (asked.done + piece.size === asked.total) this._forget(asked);
      return asked.arrived(piece, data.made);
    }

    /* A worker failed while idle or before its first message. Where no worker ever sent one, workers
     * are not allowed, and this thread works. */
    _lost(worker) {
      if (!this._proven && !this.here) return this._work_here();
      worker.terminate();
      this._free = this._free.filter((one) => one !== worker);
      if (this._all.delete(worker)) this._add();
      return this._next();
    }
  }

  return { Engine, EngineError, Pool, readJob, serve };
}

globalThis.codoseEngine = defineCodoseEngine();
