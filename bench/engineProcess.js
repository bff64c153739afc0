import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { peakMemory } from "./peakMemory.js";

/** What an engine ends with where the time budget does. */
export class OutOfTime extends Error {
  constructor() {
    super("cut short by the time budget");
  }
}

/** Compilers are slow; an engine that hangs must not hang the benchmark. */
const TIMEOUT_MS = 180_000;

/**
 * A worker that is built and warm. Throws, with the reason as the message, where the engine does not work here, and
 * `OutOfTime` where it is not ready at `readyBy` or not done at `deadline`, in the time of `performance.now()`.
 */
export async function startEngine([command, ...args], { deadline = Infinity, readyBy = deadline } = {}) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log = (log + text).slice(-4000);
  });
  child.stdin.on("error", () => {}); // a worker that died says so at its output
  const closed = new Promise((resolve) => child.on("close", resolve));
  let failure;
  child.on("error", (error) => {
    failure = error.code === "ENOENT" ? new Error(`there is no ${command}`) : error;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  /** The next message; libraries may print lines of their own between. */
  const answer = async (by) => {
    const left = by - performance.now();
    const timer = setTimeout(
      () => {
        failure = left < TIMEOUT_MS ? new OutOfTime() : new Error(`no answer within ${TIMEOUT_MS / 1000} s`);
        child.kill("SIGKILL");
      },
      Math.max(0, Math.min(TIMEOUT_MS, left)),
    );
    try {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw failure ?? new Error(log.trim().split("\n").at(-1) || "its process ended");
        if (!value.startsWith("{")) continue;
        const message = JSON.parse(value);
        if (message.error !== undefined) throw new Error(message.error);
        return message;
      }
    } finally {
      clearTimeout(timer);
    }
  };

  const { ready } = await answer(readyBy).catch(async (error) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    /** Its device and version. */
    description: ready,
    /** Works for a time, reading the loss after each `interval` steps; returns the milliseconds of a step, by reads. */
    async work(milliseconds, interval = 1) {
      child.stdin.write(`${milliseconds} ${interval}\n`);
      return (await answer(deadline)).ms;
    },
    /** MiB, see `peakMemory`. */
    peakMemory: () => peakMemory(child.pid),
    async stop() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
