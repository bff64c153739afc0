import { stepRecorder } from "../backends/index.ts";
import { loadConfig } from "../config/load.ts";
import { createVae } from "../model.ts";
import { createObjective } from "../objectives/index.ts";
import { RandomStream } from "../random.ts";
import { createStep } from "../training/createStep.ts";
import type { Terms } from "../training/metrics.ts";
import { createAdam } from "../training/optimizer.ts";
import type { WrongOperation } from "./checkOperations.ts";

const STEPS = 4;
/** Between a recorded and an eager step: the same operations, in an order of their own. */
const TOLERANCE = 1e-4;

const BATCH = 6;
const IMAGE_SHAPE = [9, 8, 1] as const;
const D = 72;

/** Takes a few recorded steps and the same steps operation by operation, where the current backend records. */
export async function checkRecording(): Promise<WrongOperation[]> {
  if (!stepRecorder()) return [];
  const wrong: WrongOperation[] = [];
  for (const network of ["mlp", "conv"]) {
    const what = await compare(network).catch((error: Error) => `fails: ${error.message.split("\n")[0]}`);
    if (what !== undefined) wrong.push({ operation: `recorded step, ${network}`, what });
  }
  return wrong;
}

async function compare(network: string): Promise<string | undefined> {
  const [eager, recorded] = [await takeSteps(network, "eager"), await takeSteps(network, "recorded")];
  for (const [i, { distortion, rate }] of eager.entries()) {
    const got = recorded[i];
    // Written so that NaN disagrees.
    const near = (a: number, b: number | undefined) =>
      Math.abs(a - b!) <= TOLERANCE * Math.max(1, Math.abs(a));
    if (!near(distortion, got?.distortion)) return `distortion of step ${i + 1}`;
    if (!near(rate, got?.rate)) return `rate of step ${i + 1}`;
  }
  return undefined;
}

async function takeSteps(network: string, kind: "eager" | "recorded"): Promise<Terms[]> {
  const config = loadConfig(
    undefined,
    new Map([
      ["likelihood.kind", "bernoulli"],
      ["model.network.kind", network],
      ["model.network.hidden", "10"],
      ["training.clipNorm", "1"],
    ]),
  );
  const random = new RandomStream("doctor");
  const vae = createVae(
    config,
    { imageShape: IMAGE_SHAPE, averageImage: new Float32Array(D).fill(0.3) },
    random,
  );
  const optimizer = createAdam(vae.parameters, config.training);
  const step = createStep(kind, { vae, objective: createObjective(config.objective), optimizer }, () => {});
  try {
    for (let n = 1; n <= STEPS; n++) {
      await step.run({
        count: BATCH,
        x: random.uniforms(BATCH * D).map((u) => (u < 0.3 ? 1 : 0)),
        noise: random.normals(BATCH * vae.latentDim),
        beta: 0.7,
        learningRate: 0.01,
        step: n,
      });
    }
    return await step.read();
  } finally {
    step.dispose();
    optimizer.dispose();
    vae.parameters.dispose();
  }
}
