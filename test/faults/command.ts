import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { main } from "../../src/cli.ts";
import { program } from "../helpers/vae.ts";

const hook = join(import.meta.dirname, "hooks/faults.cjs");

/** What a command may take, of its own: others on the machine do not count. */
const SECONDS = 5;
const MEBIBYTES = 1024;
/** After which nobody waits any longer. */
const PATIENCE = 60_000;

export interface Ended {
  readonly args: readonly string[];
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the processor. */
  readonly seconds: number;
  readonly mebibytes: number;
}

export interface Circumstances {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What starts it, such as `["prlimit", "--nofile=30"]`. */
  readonly through?: readonly string[];
  /** Milliseconds until it is killed. */
  readonly killAfter?: number;
}

/** Runs the built program to its end. */
export const command = (args: readonly string[], circumstances: Circumstances): Promise<Ended> =>
  launch(args, circumstances).ended;

/**
 * Runs a command to its end in this process, since there are hundreds. What a process alone has, its signals and threads
 * that end with it say, is not tried so.
 */
export async function commandHere(args: readonly string[], cwd = process.cwd()): Promise<Ended> {
  const listen = (stream: NodeJS.WriteStream) => {
    stream.setMaxListeners(0); // one for each command
    let heard = "";
    const spy = vi.spyOn(stream, "write").mockImplementation((chunk, ...more: unknown[]) => {
      heard += chunk;
      const written = more.at(-1);
      if (typeof written === "function") process.nextTick(written);
      return true;
    });
    return { heard: () => heard, end: () => spy.mockRestore() };
  };
  const [stdout, stderr] = [listen(process.stdout), listen(process.stderr)];
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const code = await main(args);
    return { args, code, stdout: stdout.heard(), stderr: stderr.heard(), seconds: 0, mebibytes: 0 };
  } finally {
    process.chdir(before);
    for (const { end } of [stdout, stderr]) end();
  }
}

/** Starts the built program. */
export function launch(
  args: readonly string[],
  circumstances: Circumstances,
): { child: ChildProcess; ended: Promise<Ended> } {
  const { cwd, env, through = [], killAfter = PATIENCE } = circumstances;
  const [first, ...rest] = [...through, process.execPath, ...program, ...args];
  const child = spawn(first!, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk) => {
      output[name] += chunk;
    });
  }
  const usage = { seconds: 0, mebibytes: 0 };
  const watch = setInterval(() => Object.assign(usage, usageOf(child.pid) ?? usage), 50);
  const kill = setTimeout(() => child.kill("SIGKILL"), killAfter);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(watch);
      clearTimeout(kill);
      resolve({ args, code, ...output, ...usage });
    });
  });
  return { child, ended };
}

/** What a process took so far, where the system says it. */
function usageOf(pid: number | undefined): { seconds: number; mebibytes: number } | undefined {
  try {
    const times = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
    return { seconds: (Number(times[11]) + Number(times[12])) / 100, mebibytes: Number(peak) / 1024 };
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with how a command ended, whatever it was given: it neither did what it should nor said in a paragraph why
 * not. Undefined if it is well.
 */
export function complaint({ args, code, stderr }: Ended): string | undefined {
  const what = () => {
    if (code === null) return "ended by a signal, or never";
    if (![0, 1, 2, 3, 130].includes(code)) return `exit ${code}`;
    if (/\n\s+at .+:\d+|node:internal|\b(Type|Range|Reference|Syntax)Error\b/.test(stderr))
      return "a stack trace";
    if (code !== 0 && stderr.trim() === "") return `exit ${code} without a word`;
    if (code !== 0 && stderr.trim().split(/\n\s*\n/).length > 1) return "more than a paragraph";
    return undefined;
  };
  const wrong = what();
  return wrong && `vae ${briefly(args)}: ${wrong}${stderr && `: ${stderr.trim().slice(0, 600)}`}`;
}

/** What a command took too much; undefined if it did not. Where the machine is slow, so is a run that is `usual`. */
export function excess({ args, seconds, mebibytes }: Ended, usual: Ended): string | undefined {
  const took = `vae ${briefly(args)}: took ${seconds} s and ${Math.round(mebibytes)} MiB`;
  return seconds > Math.max(SECONDS, 2 * usual.seconds) || mebibytes > MEBIBYTES ? took : undefined;
}

/** The command and what its end says: settings are the same everywhere. */
export const briefly = (args: readonly string[]) =>
  args.length > 6 ? `${args[0]} … ${args.slice(-3).join(" ")}` : args.join(" ");

export interface Fault {
  /** The number of the operation on the folder's files that it strikes. */
  readonly at?: number;
  /** In the midst of it rather than before. */
  readonly half?: boolean;
  /** What it fails with; without, the process is killed. */
  readonly error?: "ENOSPC" | "EIO" | "EACCES" | "EMFILE";
  /** Strikes all that follow too. */
  readonly lasting?: boolean;
  /** A file that gets a line for each operation. */
  readonly log?: string;
}

/** The environment in which a fault strikes what a command does to the files of a folder. */
export const faulty = (folder: string, { at, half, error, lasting, log }: Fault): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--require ${hook}`,
  FAULT_FOLDER: folder,
  ...(at !== undefined && { FAULT_AT: String(at) }),
  ...(half && { FAULT_HALF: "1" }),
  ...(error && { FAULT_ERROR: error }),
  ...(lasting && { FAULT_LASTING: "1" }),
  ...(log && { FAULT_LOG: log }),
});

/** Does something with each of many, two at a time; what comes back tells what was lost. */
export async function lossesOf<T>(
  cases: readonly T[],
  lossOf: (one: T) => Promise<string | undefined>,
): Promise<string[]> {
  const losses: string[] = [];
  const queue = [...cases];
  const work = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const loss = await lossOf(one);
      if (loss !== undefined) losses.push(loss);
    }
  };
  await Promise.all([work(), work()]);
  return losses;
}
