import { Worker } from "node:worker_threads";
import { type Memory, type Product, parameters } from "./matmulSimd.ts";

/** Places in the numbers that a helper shares with the thread that asks it. */
const [READY, ASKED, DONE, FIRST_PARAMETER] = [0, 1, 2, 3] as const;
const SHARED_NUMBERS = 16;

const TIMEOUT_MS = 10_000;

/** A thread that computes parts of products. Until it has started, and after it failed, it is not ready. */
export class MatmulHelper {
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * SHARED_NUMBERS));
  #asked = 0;

  constructor(module: object, memory: Memory) {
    const workerData = { module, memory, shared: this.#shared };
    const worker = new Worker(script, { eval: true, execArgv: [], workerData });
    worker.unref();
    worker.on("error", () => Atomics.store(this.#shared, READY, 0));
  }

  get isReady(): boolean {
    return Atomics.load(this.#shared, READY) === 1;
  }

  /** Hands over a product and returns at once. */
  ask(product: Product): void {
    this.#shared.set(parameters(product), FIRST_PARAMETER);
    this.#asked = (this.#asked + 1) | 0;
    Atomics.store(this.#shared, ASKED, this.#asked);
    Atomics.notify(this.#shared, ASKED);
  }

  /** Blocks until that product is there. */
  wait(): void {
    if (Atomics.wait(this.#shared, DONE, (this.#asked - 1) | 0, TIMEOUT_MS) === "timed-out") {
      throw new Error("a thread of the matrix product is gone");
    }
  }
}

/** What a helper runs: it sleeps until there is a product. (Spinning meanwhile would slow a neighbour on the same core.) */
const script = `
  const { module, memory, shared } = require("node:worker_threads").workerData;
  const { matmul } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  let done = 0;
  Atomics.store(shared, ${READY}, 1);
  for (;;) {
    Atomics.wait(shared, ${ASKED}, done);
    done = Atomics.load(shared, ${ASKED});
    matmul(...shared.subarray(${FIRST_PARAMETER}, ${FIRST_PARAMETER} + 10));
    Atomics.store(shared, ${DONE}, done);
    Atomics.notify(shared, ${DONE});
  }
`;
