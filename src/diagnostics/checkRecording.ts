import { stepRecorder } from "../backends/index.ts";
import { loadConfig } from "../config/load.ts";
import { imageFields } from "../data/images.ts";
import { models } from "../model/index.ts";
import { stepNoise } from "../model/noise.ts";
import { createObjective } from "../objectives/index.ts";
import type { Means } from "../objectives/means.ts";
import { RandomStream } from "../tensors/random.ts";
import { createStep } from "../training/createStep.ts";
import { createOptimizer } from "../training/optimizer.ts";
import type { WrongOperation } from "./checkOperations.ts";

const STEPS = 4;
/** Between a recorded and an eager step: the same operations, in an order of their own. */
const TOLERANCE = 1e-4;

const BATCH = 6;
const FIELDS = imageFields([9, 8, 1]);
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
  for (const [i, means] of eager.entries()) {
    for (const [name, mean] of Object.entries(means)) {
      // Written so that NaN disagrees.
      const isNear =
        Math.abs(mean - (recorded[i]?.[name] ?? Number.NaN)) <= TOLERANCE * Math.max(1, Math.abs(mean));
      if (!isNear) return `${name} of step ${i + 1}`;
    }
  }
  return undefined;
}

async function takeSteps(network: string, kind: "eager" | "recorded"): Promise<Means[]> {
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
  const data = { fields: FIELDS, averageX: new Float32Array(D).fill(0.3) };
  const model = models.of(config.model).create(config, data, random);
  const optimizer = createOptimizer(model.parameters, config.training);
  const objective = createObjective(config.objective);
  const step = createStep(kind, { model, objective, optimizer }, () => {});
  const size = { count: BATCH, samples: objective.samples };
  try {
    for (let n = 1; n <= STEPS; n++) {
      await step.run({
        batch: {
          ...size,
          x: random.uniforms(BATCH * D).map((u) => (u < 0.3 ? 1 : 0)),
          ...stepNoise(model.noise, size, random, n),
        },
        controls: [0.7],
        learningRate: 0.01,
        step: n,
      });
    }
    return await step.read();
  } finally {
    step.dispose();
    optimizer.dispose();
    model.parameters.dispose();
  }
}
