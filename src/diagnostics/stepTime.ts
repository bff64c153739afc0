import type { Config } from "../config/schema.ts";
import { fieldSize } from "../data/field.ts";
import { imageFields } from "../data/images.ts";
import { models } from "../model/index.ts";
import { stepNoise } from "../model/noise.ts";
import { createObjective } from "../objectives/index.ts";
import { controlsAt } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import { createStep } from "../training/createStep.ts";
import { createOptimizer } from "../training/optimizer.ts";

/** Kernels compile and caches fill in the first steps. */
const WARM_UP_STEPS = 5;

export interface StepTime {
  /** Median over the measured steps. */
  readonly msPerStep: number;
  readonly imagesPerSecond: number;
  readonly batchSize: number;
}

/** Times training steps of a configuration's model on the current backend, on made-up 28x28 images. */
export async function measureStep(config: Config, seconds: number): Promise<StepTime> {
  const fields = imageFields([28, 28, 1]);
  const D = fieldSize(fields.x);
  const { batchSize } = config.training;
  const random = new RandomStream("doctor");
  const data = { fields, averageX: new Float32Array(D).fill(0.13) };
  const model = models.of(config.model).create(config, data, random);
  const optimizer = createOptimizer(model.parameters, config.training);
  const objective = createObjective(config.objective);
  const step = createStep(config.training.step, { model, objective, optimizer }, () => {});
  const size = { count: batchSize, samples: objective.samples };
  const batch = {
    ...size,
    x: random.uniforms(batchSize * D),
    ...stepNoise(model.noise, size, random, 0),
  };
  const controls = Object.values(controlsAt(objective, "final", 1));

  const times: number[] = [];
  const started = performance.now();
  for (let n = 1; n <= WARM_UP_STEPS + 5 || performance.now() - started < 1000 * seconds; n++) {
    const begun = performance.now();
    await step.run({ batch, controls, learningRate: 1e-3, step: n });
    await step.read();
    if (n > WARM_UP_STEPS) times.push(performance.now() - begun);
  }
  step.dispose();
  optimizer.dispose();
  model.parameters.dispose();
  const msPerStep = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
  return { msPerStep, imagesPerSecond: (1000 * batchSize) / msPerStep, batchSize };
}
