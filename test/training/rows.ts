import { type OptimizerConfig, optimizerSchema } from "../../src/training/optimizers/index.ts";

/** One optimiser to be tested, with the rule of its paper for one weight, in float64. */
export interface Row {
  readonly name: string;
  readonly config: OptimizerConfig;
  /** The state's names, in the order in which `step` has it after the weight. */
  readonly state: readonly string[];
  /** The weight and its state after step t, from 1, with the gradient g. */
  step(now: readonly number[], g: number, t: number, learningRate: number): number[];
}

const moments = ([, m, v]: readonly number[], g: number) =>
  [0.8 * m! + 0.2 * g, 0.9 * v! + 0.1 * g * g] as const;
const adamStep = (m: number, v: number, t: number, learningRate: number) =>
  (learningRate * (m / (1 - 0.8 ** t))) / (Math.sqrt(v / (1 - 0.9 ** t)) + 1e-3);

export const rows: readonly Row[] = [
  {
    name: "Adam",
    config: optimizerSchema.parse({ kind: "adam", beta1: 0.8, beta2: 0.9, epsilon: 1e-3 }),
    state: ["m", "v"],
    step(now, g, t, learningRate) {
      const [m, v] = moments(now, g);
      return [now[0]! - adamStep(m, v, t, learningRate), m, v];
    },
  },
  {
    name: "AdamW",
    config: optimizerSchema.parse({ kind: "adamw", beta1: 0.8, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.5 }),
    state: ["m", "v"],
    step(now, g, t, learningRate) {
      const [m, v] = moments(now, g);
      return [now[0]! - learningRate * 0.5 * now[0]! - adamStep(m, v, t, learningRate), m, v];
    },
  },
  {
    name: "gradient descent",
    config: optimizerSchema.parse({ kind: "sgd", momentum: 0 }),
    state: [],
    step: ([theta], g, _, learningRate) => [theta! - learningRate * g],
  },
  {
    name: "momentum",
    config: optimizerSchema.parse({ kind: "sgd", momentum: 0.7 }),
    state: ["velocity"],
    step([theta, velocity], g, _, learningRate) {
      const next = 0.7 * velocity! + g;
      return [theta! - learningRate * next, next];
    },
  },
  {
    name: "Nesterov's momentum",
    config: optimizerSchema.parse({ kind: "sgd", momentum: 0.7, nesterov: true }),
    state: ["velocity"],
    step([theta, velocity], g, _, learningRate) {
      const next = 0.7 * velocity! + g;
      return [theta! - learningRate * (g + 0.7 * next), next];
    },
  },
  {
    name: "Adamax",
    config: optimizerSchema.parse({ kind: "adamax", beta1: 0.8, beta2: 0.9, epsilon: 1e-3 }),
    state: ["m", "u"],
    step([theta, m, u], g, t, learningRate) {
      const nextM = 0.8 * m! + 0.2 * g;
      const nextU = Math.max(0.9 * u!, Math.abs(g));
      return [theta! - ((learningRate / (1 - 0.8 ** t)) * nextM) / (nextU + 1e-3), nextM, nextU];
    },
  },
];
