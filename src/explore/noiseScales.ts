import type { PixelCoding } from "../data/codings.ts";
import { part, type Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import { estimateElbo } from "../evaluation/bounds.ts";
import { decode } from "../evaluation/calibration.ts";
import { readSigma } from "../evaluation/readSigma.ts";
import { isOfDensity, type Runner, turnsOf } from "../evaluation/runner.ts";
import { reduce } from "../explain/reductions/index.ts";
import { equivalentOf } from "../explain/reductions/reduction.ts";
import { type LikelihoodConfig, likelihoods } from "../model/likelihoods/index.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { base64Of } from "./base64.ts";
import type { NoiseScales } from "./pageData.ts";

/** Each value costs a logarithm of a density for each scale: of small images 200 are taken, of others as many values. */
const VALUES = 200 * 784;

/** From an eighth of the run's own scale to eight times it, in eighths of octaves. */
const FACTORS = Array.from({ length: 49 }, (_, i) => 2 ** ((i - 24) / 8));
const OWN = FACTORS.indexOf(1);

/** What images cost at other scales of the noise, the weights as they are; undefined of a density without a scale, or a loss. */
export async function noiseScales(
  runner: Runner,
  set: Split,
  { config, coding }: { config: LikelihoodConfig; coding: PixelCoding },
): Promise<NoiseScales | undefined> {
  if (!isOfDensity(runner) || !runner.model.likelihood.hasScale) return undefined;
  const { likelihood, target } = runner.model;
  const D = fieldSize(target);
  const { images, x, params } = await decode(runner, set, coding, Math.ceil(VALUES / D));
  const density = await likelihood.onHost();
  const P = likelihood.paramChannels;
  const sums = FACTORS.map(() => 0);
  const turn = turnsOf(runner);
  for (let i = 0; i < x.length; i++) {
    if (i % 100 === 0) await turn();
    const ofValue = params.subarray(i * P, (i + 1) * P);
    for (const [k, factor] of FACTORS.entries()) sums[k]! -= density(ofValue, factor).logProb(x[i]!);
  }
  const own = await ownScale(runner, config);
  const scales = FACTORS.map((factor) => factor * (own ?? 1));
  const equal = own === undefined ? undefined : equalsOf(config, scales, D);
  const standard = own === undefined ? undefined : standardNoise(config, D);
  const { rate } = await estimateElbo(runner, part(set, runner.model.fields, 0, images), coding);
  return {
    symbol: config.kind === "gaussian" ? "σ" : config.kind === "laplace" ? "b" : "s",
    isFactor: own === undefined,
    images,
    scales,
    distortion: sums.map((sum) => sum / images),
    rate,
    own: OWN,
    ...(equal && { equal }),
    ...(standard && { standard: base64Of(standard) }),
  };
}

type Scaled = LikelihoodConfig & { readonly [setting in "sigma" | "scale"]?: unknown };

/** The same likelihood with a fixed scale. */
const withScale = (config: Scaled, scale: number) =>
  ({ ...config, [config.kind === "gaussian" ? "sigma" : "scale"]: scale }) as LikelihoodConfig;

const fixedAt = (config: LikelihoodConfig, scale: number) =>
  likelihoods.of(config).create(withScale(config, scale), () => {
    throw new Error("a fixed scale is no variable");
  });

/** A draw of x − E[x|z] at scale 1, [D]; undefined where there is more to p(x|z) than a location and its scale. */
function standardNoise(config: LikelihoodConfig, D: number): Float32Array | undefined {
  if (!("mean" in config)) return undefined;
  const density = fixedAt({ ...config, mean: "linear" }, 1);
  if (density.paramChannels > 1) return undefined;
  return tf.tidy(
    () => density.sample(tf.zeros([1, D, 1]), new RandomStream("noise")).dataSync() as Float32Array,
  );
}

/** The run's scale where it is one number: as it is set, or what its standard deviation says of it. */
async function ownScale(runner: Runner, config: LikelihoodConfig): Promise<number | undefined> {
  const { sigma } = await readSigma(runner.model);
  if (sigma === undefined) return undefined;
  const deviation = tf.tidy(() => fixedAt(config, 1).sigma?.().dataSync()[0]);
  return deviation && sigma / deviation;
}

/** Weights of the KL beside the familiar error, where the loss at a fixed scale is that. */
function equalsOf(config: LikelihoodConfig, scales: readonly number[], D: number): NoiseScales["equal"] {
  const each = scales.map((scale) => {
    const { linear } = reduce(withScale(config, scale), { D, beta: 1 });
    return linear && equivalentOf(linear, 1);
  });
  const [first] = each;
  return first && { error: first.error, weights: each.map((equal) => equal!.weight) };
}
