import { on } from "node:events";
import { availableParallelism } from "node:os";
import { MessageChannel, Worker } from "node:worker_threads";

/** Values that are asked for before they are needed. */
const AHEAD = 2;

/**
 * The values of `make(plan)`, made on another thread while whoever takes them works on those before; each module has one
 * thread. `make` is exported under its name by `module` (an `import.meta.url`); it is a function of its plan alone, which
 * is copied to the thread, shared memory excepted. Its values are objects with numbers and typed arrays; **the arrays of a value hold until the
 * next one is asked for**, as their memory, which the threads share, is used again: V8 would count fresh memory and look
 * for garbage all the time.
 *
 * On a single processor the values are made in place, and so they are where the module is TypeScript, not yet compiled.
 */
export async function* ahead<Plan, Value extends object>(
  module: string,
  make: (plan: Plan) => Iterable<Value> | AsyncIterable<Value>,
  plan: Plan,
): AsyncGenerator<Value, void, undefined> {
  if (module.endsWith(".ts") || availableParallelism() < 2) {
    yield* make(plan);
    return;
  }
  const worker = threadOf(module);
  const { port1: port, port2 } = new MessageChannel();
  const messages = on(port, "message", { close: ["close"] }) as AsyncIterableIterator<[Message<Value>]>;
  const close = () => port.close();
  worker.once("exit", close);
  try {
    worker.postMessage({ module, name: make.name, plan, port: port2 }, [port2]);
    for (let i = 0; i < AHEAD; i++) port.postMessage("next");
    for await (const [{ value, done, error }] of messages) {
      if (error) throw error;
      if (done) return;
      port.postMessage("next");
      yield value!;
    }
    threads.delete(module); // its port may close before it is said to have exited
    throw new Error(`the thread of ${make.name} has ended`);
  } finally {
    worker.off("exit", close);
    close();
  }
}

interface Message<Value> {
  readonly value?: Value;
  readonly done?: boolean;
  readonly error?: Error;
}

const threads = new Map<string, Worker>();

/** The thread of a module, which does not keep the process alive. */
function threadOf(module: string): Worker {
  const known = threads.get(module);
  if (known) return known;
  const worker = new Worker(script, { eval: true, execArgv: [] });
  threads.set(module, worker);
  worker.unref();
  worker.setMaxListeners(0); // one for each plan under way
  worker.on("error", () => {}); // it exits then, which is enough to know
  worker.on("exit", () => {
    if (threads.get(module) === worker) threads.delete(module);
  });
  return worker;
}

/** Makes a value for each message on a plan's own port, and puts its arrays into the oldest of some places. */
const script = `
  const { parentPort } = require("node:worker_threads");

  const place = () => {
    const memory = {};
    return (key, array) => {
      if (!(memory[key]?.byteLength >= array.byteLength)) memory[key] = new SharedArrayBuffer(array.byteLength);
      const copy = new array.constructor(memory[key], 0, array.length);
      copy.set(array);
      return copy;
    };
  };

  // Of plans that came to their end, for the next ones: shared memory is given back only when V8 happens to look for
  // garbage on both threads. After a plan that was left before, somebody may still look at its last value.
  const idle = [];

  parentPort.on("message", async ({ module, name, plan, port }) => {
    const attempt = async (work) => {
      try {
        await work();
      } catch (error) {
        port.postMessage({ error });
      }
    };
    await attempt(async () => {
      const made = (await import(module))[name](plan);
      const values = made[Symbol.asyncIterator]?.() ?? made[Symbol.iterator]();
      const places = Array.from({ length: ${AHEAD + 1} }, () => idle.pop() ?? place());
      port.on("message", () =>
        attempt(async () => {
          const { value, done } = await values.next();
          if (done) {
            port.postMessage({ done });
            port.close();
            idle.push(...places.splice(0));
            return;
          }
          const put = places.shift();
          places.push(put);
          const entries = Object.entries(value).map(([key, item]) => [key, ArrayBuffer.isView(item) ? put(key, item) : item]);
          port.postMessage({ value: Object.fromEntries(entries) });
        }),
      );
    });
  });
`;
