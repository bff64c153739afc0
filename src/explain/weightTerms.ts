import { meanOf } from "../evaluation/statistics.ts";
import { type Bnn, componentMoments } from "../model/bnn.ts";
import type { LayerMoments } from "../model/weights/layer.ts";
import * as tf from "../tensors/tf.ts";

/** The weights of a layer, or its biases: those that share s. */
export interface WeightGroup {
  /** Such as `hidden 1, kernel`. */
  readonly name: string;
  readonly count: number;
  /** s of the prior N(0, s²) as it is now. */
  readonly scale: number;
  /** Σ μ² */
  readonly squares: number;
  /** Σ σ_w²; 0 of a point. */
  readonly variances: number;
}

/**
 * What KL(q(w) ‖ p(w)) is made of, in nats, all weights together; of a point −log p(w). Of a mixture all are means over its
 * components, as its rate is.
 */
export interface WeightTerms {
  readonly groups: readonly WeightGroup[];
  /** Σ μ² / 2s²: what weight decay is. */
  readonly decay: number;
  /** Σ σ_w² / 2s² */
  readonly spread: number;
  /** ½ Σ log 2πs² */
  readonly priorConstant: number;
  /** −½ Σ log 2πe σ_w²; with full covariance −½ log |2πe Σ|. */
  readonly minusEntropy: number;
  /** Their sum. */
  readonly rate: number;
}

/** Reads weights and priors off the device. */
export async function measureWeights(model: Bnn): Promise<WeightTerms> {
  const groups: WeightGroup[] = [];
  const components = componentMoments(model);
  const priors = model.priors();
  let independent = 0;
  let hasCovariance = false;
  for (const [i, [from, to]] of model.layers.entries()) {
    const parts = await Promise.all(components.map((moments) => valuesOf(moments[i]!)));
    const overComponents = (of: (part: (typeof parts)[number]) => number) => meanOf(parts.map(of));
    const scales = { kernel: await scalar(priors[i]!.kernel), bias: await scalar(priors[i]!.bias) };
    const name = i === model.layers.length - 1 ? "output" : `hidden ${i + 1}`;
    const group = (part: "kernel" | "bias", start: number, end: number): WeightGroup => ({
      name: `${name}, ${part === "kernel" ? part : "biases"}`,
      count: end - start,
      scale: Math.exp(scales[part]),
      squares: overComponents(({ mean }) => sumOfSquares(mean.slice(start, end))),
      variances: overComponents(({ deviation }) => sumOfSquares(deviation?.slice(start, end) ?? [])),
    });
    groups.push(group("kernel", 0, from * to), group("bias", from * to, (from + 1) * to));
    independent += overComponents(({ deviation }) => (deviation ? minusEntropyOf(deviation) : 0));
    hasCovariance ||= components[0]![i]!.covariance !== undefined;
  }
  const sum = (of: (group: WeightGroup) => number) => groups.reduce((total, group) => total + of(group), 0);
  const decay = sum(({ squares, scale }) => squares / (2 * scale ** 2));
  const spread = sum(({ variances, scale }) => variances / (2 * scale ** 2));
  const priorConstant = sum(({ count, scale }) => count * (0.5 * Math.log(2 * Math.PI) + Math.log(scale)));
  // Of a covariance the determinant is in the rate: taken from its entries it would be of differences of nearly equal numbers.
  const minusEntropy = hasCovariance
    ? (await scalar(tf.tidy(() => model.weightRate()))) - (decay + spread + priorConstant)
    : independent;
  return {
    groups,
    decay,
    spread,
    priorConstant,
    minusEntropy,
    rate: decay + spread + priorConstant + minusEntropy,
  };
}

/** −½ Σ log 2πe σ_w² */
const minusEntropyOf = (deviation: readonly number[]) =>
  -deviation.reduce(
    (sum, value) => sum + Math.log(value),
    (deviation.length / 2) * (1 + Math.log(2 * Math.PI)),
  );

const sumOfSquares = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);

async function valuesOf({ mean, deviation, covariance }: LayerMoments) {
  covariance?.dispose();
  return { mean: await read(mean), ...(deviation && { deviation: await read(deviation) }) };
}

async function read(tensor: tf.Tensor): Promise<number[]> {
  const values: ArrayLike<number> = await tensor.data();
  tensor.dispose();
  return Array.from(values);
}

const scalar = async (tensor: tf.Scalar) => (await read(tensor))[0]!;
