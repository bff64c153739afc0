import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { OutOfTime } from "./engineProcess.js";
import { peakMemory } from "./peakMemory.js";

export const vae = fileURLToPath(new URL("../bin/vae.js", import.meta.url));

/** The command that trains a job's model with one of our engines into the folder `out`. */
export function trainCommand({ engine, step }, { config, batch, threads, device }, out, settings) {
  const { network, latentDim } = config.model;
  const flags = {
    "--likelihood": config.likelihood.kind,
    "--hidden": network.hidden.join(","),
    "--latent-dim": latentDim,
    "--batch-size": batch,
    "--threads": threads,
    "--backend": engine,
    "--training.step": step,
    ...(device === "gpu" && { "--device": "gpu" }),
    "--out": out,
    ...settings,
  };
  return [process.execPath, vae, "train", ...Object.entries(flags).flat().map(String)];
}

/**
 * Runs `commandFor(out)`, `out` being a path where nothing is yet, until `enough(out)` says so or it ends by itself.
 * Returns how long that took in milliseconds and the process's peak memory; throws `OutOfTime` at `deadline`.
 */
export async function timeRun(
  commandFor,
  { enough = () => false, deadline = Number.POSITIVE_INFINITY } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "vae-bench-"));
  const out = join(folder, "run");
  const [command, ...args] = commandFor(out);
  const begun = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  let ended;
  const end = new Promise((resolve) => {
    child.on("error", (error) => resolve({ reason: error.message }));
    child.on("close", (code) => resolve({ reason: code === 0 ? undefined : log.trim().split("\n").at(-1) }));
  }).then((how) => {
    ended = { ...how, ms: performance.now() - begun };
  });
  let peak = null;
  try {
    while (!ended && !enough(out)) {
      if (performance.now() > deadline) throw new OutOfTime();
      peak = peakMemory(child.pid) ?? peak; // gone when the process is
      await sleep(POLL_MS);
    }
    const ms = ended?.ms ?? performance.now() - begun;
    if (ended?.reason !== undefined) throw new Error(ended.reason);
    return { ms, peakMiB: peakMemory(child.pid) ?? peak };
  } finally {
    child.kill("SIGKILL");
    await end;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fine enough for a second, coarse enough to take no processor from what it watches. */
const POLL_MS = 5;

/** Whole processes in the manner of an engine: each turn is one of them. */
export function oneProcessATurn(run) {
  let peak = null;
  return {
    async work() {
      const { ms, peakMiB } = await run();
      peak = peakMiB === null ? peak : Math.max(peak, peakMiB);
      return [ms];
    },
    peakMemory: () => peak,
    async stop() {},
  };
}
