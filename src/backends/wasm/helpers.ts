import { Worker } from "node:worker_threads";
import type { Memory } from "./binary.ts";

/** What of `WebAssembly` is used; its types come with browsers only. */
declare const WebAssembly: {
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

type Functions<Name extends string> = Readonly<Record<Name, (...numbers: number[]) => void>>;

/**
 * Places in the numbers that all threads share: which job it is, how many of its calls are not taken yet, how many are
 * done, and how many there are.
 */
const [JOB, LEFT, DONE, TOTAL] = [0, 1, 2, 3] as const;

/** A call is the place of its function's name, and at most twelve numbers. */
const WIDTH = 13;
const MOST_CALLS = 128;

/** How often the end of a job is looked for before this thread goes to sleep: less than 0.1 ms. */
const LOOKS = 5_000;

const TIMEOUT_MS = 10_000;

/**
 * Threads that compute calls of functions over one memory. Whoever is free takes the next call, so that a thread which
 * the system runs later or slower, or which has not started yet, takes fewer. The result does not depend on it.
 */
export class Helpers<Name extends string> {
  /** On the thread that asks. */
  readonly functions: Functions<Name>;
  readonly #names: readonly Name[];
  readonly #state = new Int32Array(new SharedArrayBuffer(4 * 4));
  readonly #calls = new Float64Array(new SharedArrayBuffer(8 * WIDTH * MOST_CALLS));
  readonly #count: number;

  /** `scratch` is memory of `scratchSize` bytes for this thread, followed by as much for each helper. */
  constructor(
    modules: readonly object[],
    { memory, scratch, scratchSize }: { memory: Memory; scratch: number; scratchSize: number },
    names: readonly Name[],
    count: number,
  ) {
    this.functions = Object.assign(
      {},
      ...modules.map((module) => new WebAssembly.Instance(module, { env: { memory, scratch } }).exports),
    );
    this.#names = names;
    this.#count = count;
    for (let i = 1; i <= count; i++) {
      const env = { memory, scratch: scratch + i * scratchSize };
      const workerData = { modules, env, names, state: this.#state, calls: this.#calls };
      const worker = new Worker(script, { eval: true, execArgv: [], workerData });
      worker.unref();
      worker.on("error", () => {}); // one that does not start takes no calls
    }
  }

  /** Returns when all are done. */
  run(calls: readonly (readonly [name: Name, ...numbers: number[]])[]): void {
    if (this.#count === 0 || calls.length === 1) {
      for (const [name, ...numbers] of calls) this.functions[name](...numbers);
      return;
    }
    for (let i = 0; i < calls.length; i += MOST_CALLS) this.#share(calls.slice(i, i + MOST_CALLS));
  }

  #share(calls: readonly (readonly [name: Name, ...numbers: number[]])[]): void {
    const state = this.#state;
    for (const [i, [name, ...numbers]] of calls.entries()) {
      this.#calls[i * WIDTH] = this.#names.indexOf(name);
      this.#calls.set(numbers, i * WIDTH + 1);
    }
    Atomics.store(state, DONE, 0);
    Atomics.store(state, TOTAL, calls.length);
    Atomics.store(state, LEFT, calls.length); // from here on a helper may take one
    Atomics.add(state, JOB, 1);
    Atomics.notify(state, JOB);
    for (let i = Atomics.sub(state, LEFT, 1); i > 0; i = Atomics.sub(state, LEFT, 1)) {
      const [name, ...numbers] = calls[i - 1]!;
      this.functions[name](...numbers);
      Atomics.add(state, DONE, 1);
    }
    for (let look = 0; look < LOOKS && Atomics.load(state, DONE) < calls.length; look++);
    for (let done = Atomics.load(state, DONE); done < calls.length; done = Atomics.load(state, DONE)) {
      if (Atomics.wait(state, DONE, done, TIMEOUT_MS) === "timed-out")
        throw new Error("a thread that helps to compute is gone");
    }
  }
}

/** What a helper runs: it sleeps until there is a job, and takes calls from its end while there are any. */
const script = `
  const { modules, env, names, state, calls } = require("node:worker_threads").workerData;
  const exported = Object.assign({}, ...modules.map((m) => new WebAssembly.Instance(m, { env }).exports));
  const functions = names.map((name) => exported[name]);
  let job = 0;
  for (;;) {
    Atomics.wait(state, ${JOB}, job);
    job = Atomics.load(state, ${JOB});
    for (let i = Atomics.sub(state, ${LEFT}, 1); i > 0; i = Atomics.sub(state, ${LEFT}, 1)) {
      const at = (i - 1) * ${WIDTH};
      functions[calls[at]](...calls.subarray(at + 1, at + ${WIDTH}));
      if (Atomics.add(state, ${DONE}, 1) + 1 === Atomics.load(state, ${TOTAL})) Atomics.notify(state, ${DONE});
    }
  }
`;
