import { statSync } from "node:fs";
import { join } from "node:path";
import { startEngine } from "./engineProcess.js";
import { workerCommand } from "./engines.js";
import { oneProcessATurn, timeRun, trainCommand } from "./trainRun.js";

/**
 * A process from its command to the end of its first step. Ours is `vae train` on the built-in digits, which reads its
 * data too and opens its run folder; that of PyTorch imports, builds the model and takes a step.
 */
export async function startUpOf(variant, job) {
  const engine = oneProcessATurn(() =>
    variant.engine === "torch" ? startTorch(variant, job) : startTrain(variant, job),
  );
  await engine.work(); // not counted: the digits are drawn once and then cached, and files come into memory
  return engine;
}

async function startTorch(variant, job) {
  const begun = performance.now();
  const engine = await startEngine(workerCommand(variant, job), { deadline: job.deadline });
  const ms = performance.now() - begun;
  const peakMiB = engine.peakMemory();
  await engine.stop();
  return { ms, peakMiB };
}

/** The first step is over when its line is in metrics.jsonl. */
const startTrain = (variant, job) =>
  timeRun((out) => trainCommand(variant, job, out, { "--training.logEvery": 1 }), {
    enough: (out) => statSync(join(out, "metrics.jsonl"), { throwIfNoEntry: false })?.size > 0,
    deadline: job.deadline,
  });
