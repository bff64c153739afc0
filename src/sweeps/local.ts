import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type CellState, isOpen, stateOf } from "./cellState.ts";
import type { Cell } from "./cells.ts";
import { type Plan, runPath } from "./plan.ts";
import { trainArguments } from "./trainCommand.ts";

export interface LocalOptions {
  /** Where the cells stand. */
  readonly states: readonly CellState[];
  /** Processes at a time. */
  readonly jobs: number;
  /** Stops all, each with a checkpoint. */
  readonly signal: AbortSignal;
  /** Hears of each cell that has ended, and what the runs say. */
  readonly onEnd: (cell: Cell, state: CellState) => void;
  readonly onLine: (cell: Cell, line: string) => void;
  /** Hears, now and then, where all stand. */
  readonly onProgress: (states: readonly CellState[]) => void;
}

/** Between two looks at what runs. */
const LOOK_MS = 1000;

/** Of a cell whose process dies without a word: killed by the system, or of a defect. */
const MOST_TRIES = 3;

/** The program itself. */
export const program = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));

/**
 * Trains the cells of a plan in processes of their own. What has finished or diverged stays as it is, what was interrupted
 * goes on, and what another process trains is waited for. Returns where each cell then stands.
 */
export async function runLocally({ folder, cells }: Plan, options: LocalOptions): Promise<CellState[]> {
  const { jobs, signal, onEnd, onProgress } = options;
  const states = [...options.states];
  const look = (i: number) => {
    states[i] = stateOf(folder, cells[i]!);
    return states[i]!;
  };
  const queue = cells.map((_, i) => i).filter((i) => isOpen(states[i]!));
  const elsewhere: number[] = [];
  const ours = new Set<number>();
  const watch = setInterval(() => {
    for (const i of ours) look(i);
    onProgress(states);
  }, LOOK_MS);
  const threads = Math.max(1, Math.floor(availableParallelism() / jobs));

  const work = async () => {
    while (!signal.aborted) {
      const i = queue.shift() ?? elsewhere.shift();
      if (i === undefined) return;
      const cell = cells[i]!;
      let state = look(i);
      if (isOpen(state) && state.status !== "running") {
        ours.add(i);
        state = await trained({ folder, cell, threads: jobs > 1 ? threads : undefined }, options);
        ours.delete(i);
        states[i] = state;
      }
      if (state.status === "running") {
        if (queue.length === 0) await pause(LOOK_MS, undefined, { signal }).catch(() => {});
        elsewhere.push(i);
      } else onEnd(cell, state);
    }
  };
  try {
    onProgress(states);
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    clearInterval(watch);
  }
  return states;
}

interface Job {
  readonly folder: string;
  readonly cell: Cell;
  /** Its share; without, all that there are. */
  readonly threads: number | undefined;
}

/** Trains a cell to its end, and again from its last checkpoint where the process died; its folder says what came of it. */
async function trained(job: Job, options: LocalOptions): Promise<CellState> {
  for (let tries = 1; ; tries++) {
    const { folder, cell } = job;
    const begun = stateOf(folder, cell).status !== "waiting";
    const { code, last } = await runOnce(job, begun, options);
    const state = stateOf(folder, cell);
    if (!isOpen(state) || state.status === "running" || options.signal.aborted) return state;
    if (code === INTERRUPTED) return state;
    const died = code === null || ![0, 1, 2, 3].includes(code);
    if (!died || tries === MOST_TRIES) {
      const why = last || (code === null ? "it was killed" : `exit code ${code}`);
      return { ...state, status: "failed", why };
    }
    options.onLine(cell, `its process ${code === null ? "was killed" : `ended with ${code}`}; once more`);
  }
}

const INTERRUPTED = 130;

async function runOnce(
  { folder, cell, threads }: Job,
  begun: boolean,
  { signal, onLine }: LocalOptions,
): Promise<{ code: number | null; last: string }> {
  const what = begun ? ["train", "--resume", "--out", runPath(folder, cell)] : trainArguments(folder, cell);
  const isAuto = (cell.settings["threads"] ?? "auto") === "auto";
  const share = threads !== undefined && isAuto ? ["--threads", String(threads)] : [];
  // A group of its own, so that Ctrl-C comes by us alone; the channel tells it if we are gone.
  const child = spawn(process.execPath, [program, ...what, ...share, "--quiet"], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let last = "";
  const lines = createInterface({ input: child.stderr! });
  lines.on("line", (line) => {
    last = line;
    onLine(cell, line);
  });
  const stop = () => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, last }));
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
