import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startEngine } from "./engineProcess.js";
import { workerCommand } from "./engines.js";
import { peakMemory } from "./peakMemory.js";

const vae = fileURLToPath(new URL("../bin/vae.js", import.meta.url));

/** No start takes as long. */
const TIMEOUT_MS = 120_000;

/**
 * Measures starts in the manner of an engine: each turn is one whole process, from its command to the end of its first
 * step. Ours is `vae train`, which reads its data too; that of PyTorch imports, builds and takes a step.
 */
export function startUpOf(variant, job) {
  let peak = null;
  const start = variant.engine === "torch" ? startTorch : startTrain;
  return {
    async work() {
      const begun = performance.now();
      const memory = await start(variant, job);
      const ms = performance.now() - begun;
      peak = Math.max(peak, memory);
      return [ms];
    },
    peakMemory: () => peak,
    async stop() {},
  };
}

async function startTorch(variant, job) {
  const engine = await startEngine(workerCommand(variant, job));
  const memory = engine.peakMemory();
  engine.stop();
  return memory;
}

/** The first step is over when its line is in metrics.jsonl. */
async function startTrain({ engine, step }, { config, batch, threads }) {
  const folder = mkdtempSync(join(tmpdir(), "vae-bench-"));
  const out = join(folder, "run");
  const settings = {
    "--likelihood": config.likelihood.kind,
    "--hidden": config.model.network.hidden.join(","),
    "--latent-dim": config.model.latentDim,
    "--batch-size": batch,
    "--threads": threads,
    "--backend": engine,
    "--training.step": step,
    "--training.logEvery": 1,
    "--out": out,
  };
  const args = Object.entries(settings).flatMap(([flag, value]) => [flag, String(value)]);
  const child = spawn(process.execPath, [vae, "train", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  try {
    const begun = performance.now();
    while (!(statSync(join(out, "metrics.jsonl"), { throwIfNoEntry: false })?.size > 0)) {
      if (child.exitCode !== null) throw new Error(log.trim().split("\n").at(-1));
      if (performance.now() - begun > TIMEOUT_MS) throw new Error("no first step");
      await sleep(2);
    }
    return peakMemory(child.pid);
  } finally {
    child.kill("SIGKILL");
    await closed;
    rmSync(folder, { recursive: true, force: true });
  }
}
