import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BackendOptions, backends, useBackend } from "../backends/index.ts";
import { startStockWasm } from "../backends/wasmStock.ts";
import { VaeError } from "../base/errors.ts";
import { loadConfig } from "../config/load.ts";
import { checkOperations, type WrongOperation } from "./checkOperations.ts";
import { checkRecording } from "./checkRecording.ts";
import { operationCases } from "./operations.ts";
import { measureStep, type StepTime } from "./stepTime.ts";

/** What is found out about one backend. */
export type Diagnosis = { readonly backend: string } & (
  | { readonly available: false; readonly reason: string }
  | ({
      readonly available: true;
      readonly device: string;
      readonly threads: number;
      readonly version: string;
      readonly notes: readonly string[];
      /** How many operations were compared with float64, forwards and backwards. */
      readonly operations: number;
      /** Those that differ, and recorded steps that differ from eager ones; empty is the good answer. */
      readonly wrong: readonly WrongOperation[];
    } & StepTime)
);

/** Starts one backend in this process, checks every operation and times the default model. */
export async function examine(backend: string, options: BackendOptions, seconds: number): Promise<Diagnosis> {
  try {
    const info = await (backend === STOCK ? startStockWasm() : useBackend(backend, options));
    const wrong = [...(await checkOperations()), ...(await checkRecording())];
    const time = await measureStep(
      loadConfig(undefined, new Map([["likelihood.kind", "bernoulli"]])),
      seconds,
    );
    const { device, threads, version, notes } = info;
    return {
      backend,
      available: true,
      device,
      threads,
      version,
      notes,
      operations: operationCases.length,
      wrong,
      ...time,
    };
  } catch (error) {
    if (!(error instanceof VaeError)) throw error;
    return { backend, available: false, reason: error.message };
  }
}

/** The package behind `wasm` as it is published: what a plain TensorFlow.js program gets, to compare with. */
const STOCK = "wasm-stock";

/** What `examine` knows: the backends, and that package. */
export const examinable = [...Object.keys(backends), STOCK];

/** No driver needs longer for the little that is asked of it; one that hangs must not hang the doctor. */
const TIMEOUT_MS = 300_000;

/**
 * Examines a backend in a process of its own: native libraries that crash or hang take nobody with them, and none sees
 * another's threads.
 */
export async function examineApart(
  backend: string,
  { threads, device = "auto" }: BackendOptions,
  seconds: number,
): Promise<Diagnosis> {
  const program = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
  const args = ["doctor", "--examine", backend, "--seconds", String(seconds), "--device", device];
  if (threads !== "auto") args.push("--threads", String(threads));
  const examining = promisify(execFile)(process.execPath, [program, ...args], {
    timeout: TIMEOUT_MS,
    maxBuffer: 2 ** 24,
  });
  const kill = () => examining.child.kill("SIGKILL"); // whoever is told to leave takes it along
  process.on("exit", kill);
  try {
    const { stdout } = await examining;
    return JSON.parse(stdout.slice(stdout.indexOf("{"))) as Diagnosis;
  } catch (error) {
    const {
      code,
      signal,
      killed,
      stderr = "",
    } = error as NodeJS.ErrnoException & {
      signal?: string;
      killed?: boolean;
      stderr?: string;
    };
    const end = killed
      ? `did not end within ${TIMEOUT_MS / 1000} s`
      : `ended with ${signal ?? `exit code ${code}`}`;
    const words =
      stderr
        .trim()
        .split("\n")
        .find((line) => /error/i.test(line)) ?? stderr.trim().split("\n").at(-1);
    return { backend, available: false, reason: `its process ${end}${words ? `: ${words}` : ""}.` };
  } finally {
    process.off("exit", kill);
  }
}
