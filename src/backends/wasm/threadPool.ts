import { Worker } from "node:worker_threads";

/** Emscripten's glue starts this many workers whatever is asked for (PTHREAD_POOL_SIZE when it was built). */
const POOL_SIZE = 8;

/** A worker starts in about 30 ms; longer than this means that it never will. */
const START_TIMEOUT_MS = 10_000;

/**
 * The `Worker` class that the glue is given. Of the eight workers it makes only the `count` that will run are real
 * (eight cost 450 ms of start-up, one 60 ms), and none of them keeps the process alive.
 */
export class ThreadPool {
  readonly Worker: new () => object;
  readonly #workers: PoolWorker[] = [];
  readonly #failed: Promise<never>;

  constructor(script: string, count: number) {
    let made = 0;
    let fail: (error: Error) => void = () => {};
    this.#failed = new Promise((_, reject) => {
      fail = reject;
    });
    this.#failed.catch(() => {}); // an error after the start is thrown where it happens
    const make = () => {
      // The glue takes workers from the end of its list.
      if (made++ < POOL_SIZE - count) return new IdleWorker();
      const worker = new PoolWorker(script, fail);
      this.#workers.push(worker);
      return worker;
    };
    this.Worker = new Proxy(class {}, { construct: make });
  }

  /** Waits for the module; where a worker fails or stays silent, ends all of them and rejects. */
  async guard<T>(started: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `a worker thread did not start within ${START_TIMEOUT_MS / 1000} s`;
      timer = setTimeout(() => reject(new Error(message)), START_TIMEOUT_MS);
    });
    try {
      return await Promise.race([started, this.#failed, late]);
    } catch (error) {
      started.catch(() => {});
      await this.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

class PoolWorker extends Worker {
  /** Set by the glue once the worker has its module. */
  loaded?: boolean;
  readonly #fail: (error: Error) => void;

  constructor(script: string, fail: (error: Error) => void) {
    super(script, { eval: true, execArgv: [] });
    this.#fail = fail;
    super.once("exit", (code) => fail(new Error(`a worker thread ended with code ${code}`)));
  }

  /** The glue's own "error" listener throws, which would end a process that can do without the thread. */
  override on(event: string, listener: (value: never) => void): this {
    if (event !== "error") return super.on(event, listener as (value: unknown) => void);
    return super.on("error", (error: Error) => {
      if (this.loaded) throw error;
      this.#fail(error);
    });
  }

  /** The glue refs a worker while it runs a thread, and the threads of a pool run for ever. */
  override ref(): void {}
}

/** Answers as a worker that has loaded, and is never given a thread to run. */
class IdleWorker {
  onmessage: (event: { data: { cmd: string } }) => void = () => {};

  postMessage(message: { cmd: string }): void {
    if (message.cmd !== "load") throw new Error("a thread was given to a worker that was not started");
    setImmediate(() => this.onmessage({ data: { cmd: "loaded" } }));
  }

  on(): this {
    return this;
  }

  ref(): void {}
  unref(): void {}
  terminate(): void {}
}
