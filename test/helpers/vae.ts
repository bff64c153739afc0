import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/**
 * The built program as Node's arguments. V8 would spend a third of a tiny run's time on optimising WebAssembly (of the
 * kernels and of the pictures) that then hardly runs; what it computes is the same to the bit.
 */
export const program = ["--liftoff-only", join(import.meta.dirname, "../../bin/vae.js")] as const;

/** Flags of a run that takes a second or two, on its own thread. */
export const tinyRun = [
  ...["--dataset.trainCount", "300", "--dataset.testCount", "40", "--dataset.validation", "60"],
  ...["--hidden", "8", "--latent-dim", "2", "--backend", "wasm", "--threads", "1", "--quiet"],
];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program as a shell does, in processes of their own, in a folder that is gone after the tests of the file. */
export function inFolder() {
  const folder = mkdtempSync(join(tmpdir(), "vae-process-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = (
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    user: { uid?: number; gid?: number } = {},
  ): ChildProcess =>
    spawn(process.execPath, [...program, ...args], {
      ...user,
      cwd: folder,
      env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });

  return {
    folder,
    start,
    run: (...args: string[]) => finish(start(args)),
    text: (...path: string[]) => readFileSync(join(folder, ...path), "utf8"),
    bytes: (...path: string[]) => readFileSync(join(folder, ...path)),
  };
}

export function finish(child: ChildProcess): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}
