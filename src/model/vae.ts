import { z } from "zod";
import { type Field, fieldOf, fieldSize } from "../data/field.ts";
import { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import type { Posterior, Prior } from "./distributions/distribution.ts";
import { posteriorSchema, posteriors, priorSchema, priors } from "./distributions/index.ts";
import { kl, klPerDimension } from "./distributions/kl.ts";
import { likelihoods } from "./likelihoods/index.ts";
import type { Density, Likelihood } from "./likelihoods/likelihood.ts";
import type { Model, ModelFamily } from "./model.ts";
import { networkSchema, networks } from "./networks/index.ts";
import type { DecoderSizes, Network } from "./networks/network.ts";
import type { NoiseDraw } from "./noise.ts";

const schema = z
  .strictObject({
    kind: z.literal("vae"),
    latentDim: z.int().positive().default(20).meta({ description: "dimension of z", flag: "latent-dim" }),
    network: networkSchema.prefault({ kind: "mlp" }),
    posterior: posteriorSchema.prefault({ kind: "diagonalGaussian" }),
    prior: priorSchema.prefault({ kind: "standardNormal" }),
  })
  .describe("variational autoencoder");

/** What happens to a batch on its way through the model. N = K·B rows: K samples z ~ q(z|x) of each of B images. */
export interface ForwardPass {
  readonly q: Posterior;
  /** [N, latentDim] */
  readonly z: tf.Tensor2D;
  /** Parameters of p(x|z), [N, D, P]. */
  readonly decoded: tf.Tensor3D;
  /** log p(x|z) in nats per image, [N]. */
  readonly logProb: tf.Tensor1D;
  /** KL(q(z|x) ‖ p(z)) in nats per image, [N]; see `kl`. */
  readonly rate: tf.Tensor1D;
}

/** A variational autoencoder: an encoder to q(z|x), a prior p(z), a decoder to p(x|z). Images are flat, [B, D]. */
export interface Vae extends Model {
  readonly latentDim: number;
  readonly likelihood: Likelihood;
  readonly prior: Prior;
  /** [B, D] -> q(z|x). */
  encode(x: tf.Tensor2D): Posterior;
  /** [B, latentDim] -> the parameters of p(x|z), [B, D, P]. */
  decode(z: tf.Tensor2D): tf.Tensor3D;
  /** A batch [B, D] and standard normal noise [K·B, latentDim] through the whole model; each z passed `through`, if that is there. */
  forward(
    x: tf.Tensor2D,
    noise: tf.Tensor2D,
    samples?: number,
    through?: (z: tf.Tensor2D) => tf.Tensor2D,
  ): ForwardPass;
}

/** The name of the noise that z is made of. */
const POSTERIOR = "posterior";

/** Whether log p(x|z) is what its likelihood computes, so that there are a bound, probabilities and draws. */
export const isDensity = (vae: Vae): vae is Vae & { likelihood: Density } =>
  vae.likelihood.kindOf === "density";

/** Kingma and Welling 2014, "Auto-Encoding Variational Bayes". */
export const vae: ModelFamily<typeof schema, Vae> = {
  schema,
  size(config, fields) {
    const { latentDim, prior } = config.model;
    const x = fieldOf(fields, "x");
    const D = fieldSize(x);
    const paramChannels = likelihoods.of(config.likelihood).initialParams(config.likelihood, HALF).length;
    const networks = [
      encoderOf(config.model, x),
      decoderOf(config.model, x, { paramChannels, initialParams: new Float32Array() }),
    ] as const;
    const ofPrior = priors.of(prior).size(prior, { latentDim, D });
    const shapes = networks.flatMap(({ weights }) => weights.map(({ shape }) => shape));
    return {
      weights: shapes.reduce((sum, shape) => sum + tf.util.sizeFromShape([...shape]), ofPrior.weights),
      perExample: D + networks[0].kept,
      // z, and the gradient of what the decoder gives.
      perSample: latentDim + ofPrior.kept + networks[1].kept + D * paramChannels,
    };
  },
  create({ model: config, likelihood: likelihoodConfig }, data, random) {
    const { latentDim } = config;
    const x = fieldOf(data.fields, "x");
    const parameters = new Parameters();
    const posterior = posteriors.of(config.posterior);
    const family = likelihoods.of(likelihoodConfig);
    const likelihood = family.create(likelihoodConfig, parameters.scope("likelihood"));
    const weights = random.fork("weights");
    /** The network as a function of its input, with weights that are learned. */
    const learned = <Out extends tf.Tensor>(scope: string, network: Network<tf.Tensor2D, Out>) => {
      const values = parameters.create(scope, network.weights, weights.fork(scope));
      return (input: tf.Tensor2D) => network.apply(values, input);
    };
    const encoder = learned("encoder", encoderOf(config, x));
    const decoder = learned(
      "decoder",
      decoderOf(config, x, {
        paramChannels: likelihood.paramChannels,
        initialParams: family.initialParams(likelihoodConfig, data.averageX),
      }),
    );
    const encode = (x: tf.Tensor2D) => posterior.of(config.posterior, encoder(x));
    const prior = priors.of(config.prior).create(config.prior, {
      latentDim,
      createVariable: parameters.scope("prior"),
      random: weights.fork("prior"),
      x,
      encode,
      examples: (count) => data.examples?.(count) ?? tiled(data.averageX, count),
    });
    const forward: Vae["forward"] = (x, noise, samples = 1, through) => {
      const q = posterior.of(config.posterior, repeated(encoder(x), samples));
      const drawn = q.rsample(noise);
      const z = through ? through(drawn) : drawn;
      const decoded = decoder(z);
      return {
        q,
        z,
        decoded,
        logProb: likelihood.logProb(decoded, repeated(x, samples)),
        rate: kl(q, prior, z),
      };
    };
    const perDimension = klPerDimension(config.posterior, prior);
    const noise: NoiseDraw = { name: POSTERIOR, shape: [latentDim], per: "example" };
    return {
      latentDim,
      parameters,
      fields: [x],
      target: x,
      noise: [noise],
      likelihood,
      ...(perDimension && { rateDimensions: latentDim }),
      holdsPosterior: posterior.held !== undefined,
      prior,
      encode,
      decode: decoder,
      forward,
      terms(inputs, samples, through) {
        const [x, noise] = [inputs["x"], inputs[POSTERIOR]] as tf.Tensor2D[];
        const { q, z, decoded, logProb, rate } = forward(x!, noise!, samples, through);
        return {
          count: x!.shape[0],
          samples,
          decoded,
          logLikelihood: logProb,
          rate,
          logPriorRatio: () => tf.sub(prior.logProb(z), q.logProb(z)),
          ...(posterior.held && {
            heldLogPriorRatio: () => tf.sub(prior.logProb(z), posterior.held!(q).logProb(z)),
          }),
          ...(perDimension && { ratePerDimension: () => perDimension(q, prior) }),
        };
      },
    };
  },
};

/** An image of one grey pixel: as many parameters as a likelihood has for it, it has for each. */
const HALF = Float32Array.of(0.5);

type VaeConfig = z.infer<typeof schema>;

const encoderOf = ({ network, posterior, latentDim }: VaeConfig, { shape }: Field) =>
  networks
    .of(network)
    .encoder(network, { xShape: shape, outputs: posteriors.of(posterior).paramCount(posterior, latentDim) });

const decoderOf = (
  { network, latentDim }: VaeConfig,
  { shape }: Field,
  params: Pick<DecoderSizes, "paramChannels" | "initialParams">,
) => networks.of(network).decoder(network, { inputs: latentDim, xShape: shape, ...params });

/** [B, n] -> [K·B, n], the whole batch K times. */
const repeated = (rows: tf.Tensor2D, samples: number): tf.Tensor2D =>
  samples === 1 ? rows : tf.tile(rows, [samples, 1]);

/** One x, [D], `count` times. */
function tiled(x: Float32Array, count: number): Float32Array {
  const all = new Float32Array(count * x.length);
  for (let i = 0; i < count; i++) all.set(x, i * x.length);
  return all;
}
