import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { peakMemory } from "./peakMemory.js";

/** Compilers are slow; an engine that hangs must not hang the benchmark. */
const TIMEOUT_MS = 180_000;

/** A worker that is built and warm. Throws, with the reason as the message, where the engine does not work here. */
export async function startEngine([command, ...args]) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log = (log + text).slice(-4000);
  });
  child.stdin.on("error", () => {}); // a worker that died says so at its output
  const closed = new Promise((resolve) => child.on("close", resolve));
  let failure;
  child.on("error", (error) => {
    failure = error.code === "ENOENT" ? `there is no ${command}` : error.message;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  /** The next message; libraries may print lines of their own between. */
  const answer = async () => {
    const timer = setTimeout(() => {
      failure = `no answer within ${TIMEOUT_MS / 1000} s`;
      child.kill("SIGKILL");
    }, TIMEOUT_MS);
    try {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(failure ?? (log.trim().split("\n").at(-1) || "its process ended"));
        if (!value.startsWith("{")) continue;
        const message = JSON.parse(value);
        if (message.error !== undefined) throw new Error(message.error);
        return message;
      }
    } finally {
      clearTimeout(timer);
    }
  };

  const { ready } = await answer().catch(async (error) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    /** Its device and version. */
    description: ready,
    /** Works for a time; returns the milliseconds of each step. */
    async work(milliseconds) {
      child.stdin.write(`${milliseconds}\n`);
      return (await answer()).ms;
    },
    /** MiB, see `peakMemory`. */
    peakMemory: () => peakMemory(child.pid),
    async stop() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
