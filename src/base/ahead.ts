import { on } from "node:events";
import { availableParallelism } from "node:os";
import { MessageChannel, Worker } from "node:worker_threads";
import { type ErrorCode, VaeError } from "./errors.ts";

/** Values that are asked for at a time: the one that is taken next, and what is made while it is worked on. */
const AHEAD = 3;

let allowed = Number.POSITIVE_INFINITY;

/** How many threads of the processor this process may keep busy. */
export function allowThreads(threads: number | "auto"): void {
  allowed = threads === "auto" ? Number.POSITIVE_INFINITY : threads;
}

const available = () => Math.min(allowed, availableParallelism());

/** How many threads may work at once on something that can be divided, besides this one, which takes what they make. */
export const threadCount = () => Math.min(8, available());

/** Pieces of memory that a thread keeps for the values to come. */
const KEPT = 32;

/**
 * The values of `make(plan)`, made on another thread while whoever takes them works on those before; each module has one
 * thread. `make` is exported under its name by `module` (an `import.meta.url`); it is a function of its plan alone, which
 * is copied to the thread, shared memory excepted. Its values are objects with numbers and typed arrays; **the arrays of
 * a value hold until the next one is asked for**: their memory then goes back to the thread, to be used again. It is
 * handed over and never shared, as native code cannot read shared memory everywhere, and it is not new each time, as V8
 * would count that and look for garbage all the time.
 *
 * What goes wrong on the thread is thrown here, with its own message and stack. With a single processor, or one thread
 * allowed, the values are made in place.
 */
export async function* ahead<Plan, Value extends object>(
  module: string,
  make: (plan: Plan) => Iterable<Value> | AsyncIterable<Value>,
  plan: Plan,
): AsyncGenerator<Value, void, undefined> {
  if (available() < 2) {
    yield* make(plan);
    return;
  }
  const { worker, end } = threadOf(module);
  const { port1: port, port2 } = new MessageChannel();
  const messages = on(port, "message", { close: ["close"] }) as AsyncIterableIterator<[Message<Value>]>;
  const close = () => port.close();
  worker.once("exit", close);
  const ask = (memory: ArrayBuffer[]) => port.postMessage(memory, memory);
  try {
    worker.postMessage({ module, name: make.name, plan, port: port2 }, [port2]);
    for (let i = 0; i < AHEAD; i++) ask([]);
    for await (const [{ value, done, error }] of messages) {
      if (error) throw asThrown(error);
      if (done) return;
      yield value!;
      ask(memoryOf(value!));
    }
    worker.ref(); // its port may close before it is said to have ended
    const { code, reason } = await end;
    throw reason ?? new Error(`the thread of ${make.name} has ended with code ${code}`);
  } finally {
    worker.off("exit", close);
    close();
  }
}

interface Message<Value> {
  readonly value?: Value;
  readonly done?: boolean;
  /** Of an error; not every error itself can be sent. */
  readonly error?: SentError;
}

interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Of ours, and of the system's. */
  readonly code?: string;
  readonly path?: string;
  readonly syscall?: string;
}

/** As it was thrown on the thread: an expected failure is one here too. */
function asThrown(sent: SentError): Error {
  if (sent.name === "VaeError") return new VaeError(sent.code as ErrorCode, sent.message);
  return Object.assign(new Error(sent.message), sent);
}

/** Each array that the thread sends has memory of its own. */
const memoryOf = (value: object) =>
  Object.values(value).flatMap((item) => (ArrayBuffer.isView(item) ? [item.buffer as ArrayBuffer] : []));

interface Thread {
  readonly worker: Worker;
  /** Fulfilled when it has ended, with the error that it died of if there is one. */
  readonly end: Promise<{ readonly code: number; readonly reason: Error | undefined }>;
}

const threads = new Map<string, Thread>();

/** The thread of a module, which does not keep the process alive. */
function threadOf(module: string): Thread {
  const known = threads.get(module);
  if (known) return known;
  const worker = new Worker(script, { eval: true, execArgv: [] });
  worker.unref();
  worker.setMaxListeners(0); // one for each plan under way
  const end = new Promise<Awaited<Thread["end"]>>((resolve) => {
    let reason: Error | undefined;
    worker.on("error", (error) => {
      reason = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", (code) => {
      threads.delete(module);
      resolve({ code, reason });
    });
  });
  const thread = { worker, end };
  threads.set(module, thread);
  return thread;
}

/** Makes a value for each message on a plan's own port, which brings the memory of an earlier one. */
const script = `
  const { parentPort } = require("node:worker_threads");
  const { inspect } = require("node:util");

  // Memory that came back, of whichever plan.
  const free = [];

  const inMemory = (array) => {
    const i = free.findIndex(({ byteLength }) => byteLength === array.byteLength);
    const copy = new array.constructor(i < 0 ? new ArrayBuffer(array.byteLength) : free.splice(i, 1)[0]);
    copy.set(array);
    return copy;
  };

  parentPort.on("message", async ({ module, name, plan, port }) => {
    const attempt = async (work) => {
      try {
        await work();
      } catch (thrown) {
        const { name, message, stack, code, path, syscall } = thrown instanceof Error ? thrown : new Error(inspect(thrown));
        const texts = Object.entries({ name, message, stack, code, path, syscall }).filter(([, text]) => text !== undefined);
        port.postMessage({ error: Object.fromEntries(texts.map(([key, text]) => [key, String(text)])) });
      }
    };
    await attempt(async () => {
      const made = (await import(module))[name](plan);
      const values = made[Symbol.asyncIterator]?.() ?? made[Symbol.iterator]();
      const answer = (memory) =>
        attempt(async () => {
          free.push(...memory);
          free.splice(0, free.length - ${KEPT});
          const { value, done } = await values.next();
          if (done) {
            port.postMessage({ done });
            return;
          }
          const entries = Object.entries(value).map(([key, item]) => [key, ArrayBuffer.isView(item) ? inMemory(item) : item]);
          const arrays = entries.map(([, item]) => item).filter(ArrayBuffer.isView);
          port.postMessage({ value: Object.fromEntries(entries) }, arrays.map(({ buffer }) => buffer));
        });
      // One after the other, or the end that follows an error would be told first.
      let last = Promise.resolve();
      port.on("message", (memory) => {
        last = last.then(() => answer(memory));
      });
    });
  });
`;
