import { z } from "zod";
import { asTensors, type HostArray } from "./backends/recording.ts";
import { type DivergencePair, kl } from "./divergence.ts";
import { type LikelihoodConfig, likelihoodFamily } from "./likelihoods/index.ts";
import type { Density, Likelihood } from "./likelihoods/likelihood.ts";
import { networkFamily, networkSchema } from "./networks/index.ts";
import { Parameters } from "./parameters.ts";
import { posteriorFamily, posteriorSchema } from "./posteriors/index.ts";
import type { PosteriorParams } from "./posteriors/posterior.ts";
import { priorFamily, priorSchema } from "./priors/index.ts";
import type { Prior } from "./priors/prior.ts";
import type { RandomStream } from "./random.ts";
import * as tf from "./tf.ts";

export const modelSchema = z.strictObject({
  latentDim: z.int().positive().default(20).meta({ description: "dimension of z", flag: "latent-dim" }),
  network: networkSchema.prefault({ kind: "mlp" }),
  posterior: posteriorSchema.prefault({ kind: "diagonalGaussian" }),
  prior: priorSchema.prefault({ kind: "standardNormal" }),
});

export type ModelConfig = z.infer<typeof modelSchema>;

/** What happens to a batch on its way through the model; all for one z ~ q(z|x) per image. */
export interface ForwardPass {
  readonly q: PosteriorParams;
  /** [B, latentDim] */
  readonly z: tf.Tensor2D;
  /** Parameters of p(x|z), [B, D, P]. */
  readonly decoded: tf.Tensor3D;
  /** log p(x|z) in nats per image, [B]. */
  readonly logProb: tf.Tensor1D;
  /** KL(q(z|x) ‖ p(z)) in nats per image, [B]. */
  readonly rate: tf.Tensor1D;
}

/**
 * What is computed of some tensors and a model's parameters: a pure function, without host reads and random draws.
 * It gives new tensors, and is a constant of its module, as a recording is known by it.
 */
export type Pass = (vae: Vae, inputs: readonly tf.Tensor[]) => tf.Tensor[];

/** A variational autoencoder: an encoder to q(z|x), a prior p(z), a decoder to p(x|z). Images are flat, [B, D]. */
export interface Vae {
  readonly imageShape: readonly [height: number, width: number, channels: number];
  readonly latentDim: number;
  readonly parameters: Parameters;
  readonly likelihood: Likelihood;
  readonly prior: Prior;
  /** [B, D] -> the parameters of q(z|x). */
  encode(x: tf.Tensor2D): PosteriorParams;
  /** The centre of q(z|x), [B, latentDim]. */
  posteriorMean(q: PosteriorParams): tf.Tensor2D;
  /** [B, latentDim] -> the parameters of p(x|z), [B, D, P]. */
  decode(z: tf.Tensor2D): tf.Tensor3D;
  /** A batch [B, D] and standard normal noise [B, latentDim] through the whole model. */
  forward(x: tf.Tensor2D, noise: tf.Tensor2D): ForwardPass;
  /**
   * The values of what a pass gives. Operation by operation, or recorded if it runs `often` on inputs of these shapes and
   * the model can (see `recordingVae`).
   */
  run(pass: Pass, inputs: readonly HostArray[], often: boolean): Promise<Float32Array[]>;
}

/** Whether log p(x|z) is what its likelihood computes, so that there are a bound, probabilities and draws. */
export const isDensity = (vae: Vae): vae is Vae & { likelihood: Density } =>
  vae.likelihood.kindOf === "density";

/**
 * Builds a model with fresh weights. `averageImage` [D] in the coding of x is where the decoder starts from; for
 * weights that are loaded afterwards it does not matter.
 */
export function createVae(
  config: { model: ModelConfig; likelihood: LikelihoodConfig },
  data: { imageShape: Vae["imageShape"]; averageImage: Float32Array },
  random: RandomStream,
): Vae {
  const { latentDim } = config.model;
  const parameters = new Parameters();
  const posterior = posteriorFamily(config.model.posterior);
  const prior = priorFamily(config.model.prior).create(config.model.prior, latentDim);
  const family = likelihoodFamily(config.likelihood);
  const likelihood = family.create(config.likelihood, parameters.scope("likelihood"));
  const network = networkFamily(config.model.network).create(
    config.model.network,
    {
      imageShape: data.imageShape,
      latentDim,
      posteriorParams: posterior.paramCount(latentDim),
      paramChannels: likelihood.paramChannels,
      initialParams: family.initialParams(config.likelihood, data.averageImage),
    },
    { encoder: parameters.scope("encoder"), decoder: parameters.scope("decoder") },
    random.fork("weights"),
  );
  const pair: DivergencePair = { posterior, prior, priorKind: config.model.prior.kind };

  const encode = (x: tf.Tensor2D) => posterior.params(network.encode(x));
  const vae: Vae = {
    imageShape: data.imageShape,
    latentDim,
    parameters,
    likelihood,
    prior,
    encode,
    posteriorMean: (q) => posterior.mean(q),
    decode: (z) => network.decode(z),
    forward(x, noise) {
      const q = encode(x);
      const z = posterior.sample(q, noise);
      const decoded = network.decode(z);
      return { q, z, decoded, logProb: likelihood.logProb(decoded, x), rate: kl(pair, q, z) };
    },
    run: (pass, inputs) =>
      asTensors(inputs, async (tensors) => {
        const results = tf.tidy(() => pass(vae, tensors));
        const values = await Promise.all(results.map((result) => result.data() as Promise<Float32Array>));
        tf.dispose(results);
        return values;
      }),
  };
  return vae;
}
