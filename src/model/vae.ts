import { z } from "zod";
import { codedSize } from "../data/codedFields.ts";
import { type Field, fieldOf, fieldSize } from "../data/field.ts";
import { rowsFor } from "../tensors/deviceMath.ts";
import { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import type { Posterior, Prior } from "./distributions/distribution.ts";
import { posteriorSchema, posteriors, priorSchema, priors } from "./distributions/index.ts";
import { kl, klPerDimension } from "./distributions/kl.ts";
import { likelihoods, paramChannelsOf } from "./likelihoods/index.ts";
import type { Model, ModelFamily } from "./model.ts";
import { describeNetwork, networkSchema, networks } from "./networks/index.ts";
import type { DecoderSizes, Network } from "./networks/network.ts";
import { weightsIn } from "./networks/size.ts";
import type { NoiseDraw } from "./noise.ts";
import { featuresSetting, headOf, networkOfY } from "./observed.ts";
import { decodedStages } from "./stages.ts";

const schema = z
  .strictObject({
    kind: z.literal("vae"),
    latentDim: z.int().positive().default(20).meta({ description: "dimension of z", flag: "latent-dim" }),
    network: networkSchema.prefault({ kind: "mlp" }),
    conditionFeatures: featuresSetting,
    posterior: posteriorSchema.prefault({ kind: "diagonalGaussian" }),
    prior: priorSchema.prefault({ kind: "standardNormal" }),
  })
  .describe("variational autoencoder; with a condition p(x|y) = ∫ p(x|z, y) p(z|y) dz");

/** Tensors by the names of a model's inputs. */
type Inputs = Readonly<Record<string, tf.Tensor>>;

/** What happens to a batch on its way through the model. N = K·B rows: K samples z ~ q(z|x) of each of B images. */
export interface ForwardPass {
  readonly q: Posterior;
  /** p(z), or p(z|y). */
  readonly prior: Prior;
  /** [N, latentDim] */
  readonly z: tf.Tensor2D;
  /** Parameters of p(x|z), [N, D, P]. */
  readonly decoded: tf.Tensor3D;
  /** log p(x|z) in nats per image, [N]. */
  readonly logProb: tf.Tensor1D;
  /** KL(q(z|x) ‖ p(z)) in nats per image, [N]; see `kl`. */
  readonly rate: tf.Tensor1D;
}

/**
 * A variational autoencoder: an encoder to q(z|x), a prior p(z), a decoder to p(x|z). Images are flat, [B, D]. With a
 * condition all three are given y, [B, …], too: q(z|x, y), p(z|y), p(x|z, y).
 */
export interface Vae extends Model {
  readonly latentDim: number;
  /** Of its prior. */
  readonly priorKind: string;
  /** p(z), or p(z|y) for B y. */
  priorOf(y?: tf.Tensor2D): Prior;
  /** [B, D] -> q(z|x). */
  encode(x: tf.Tensor2D, y?: tf.Tensor2D): Posterior;
  /** [K·B, latentDim] -> the parameters of p(x|z), [K·B, D, P]; B = K·B without y. */
  decode(z: tf.Tensor2D, y?: tf.Tensor2D): tf.Tensor3D;
  /**
   * A batch by the names of its inputs, x [B, D] and standard normal noise [K·B, latentDim] among them, through the whole
   * model; each z passed `through`, if that is there.
   */
  forward(inputs: Inputs, samples?: number, through?: (z: tf.Tensor2D) => tf.Tensor2D): ForwardPass;
}

/** The name of the noise that z is made of. */
export const POSTERIOR = "posterior";

/** Whether a model has latents, as far as these are a vector for each example. */
export const hasLatents = (model: Model): model is Vae => "latentDim" in model;

/** Kingma and Welling 2014, "Auto-Encoding Variational Bayes"; with a condition Sohn, Lee and Yan 2015. */
export const vae: ModelFamily<typeof schema, Vae> = {
  schema,
  describe: ({ network, latentDim }) => `${describeNetwork(network)}, latent dimension ${latentDim}`,
  size({ model: config, likelihood }, { fields, given }) {
    const { latentDim, prior } = config;
    const x = fieldOf(fields, "x");
    const D = fieldSize(x);
    const paramChannels = paramChannelsOf(likelihood);
    const { encoder, decoder, ofY, head } = networksOf(config, x, given, {
      paramChannels,
      initialParams: new Float32Array(),
    });
    const ofPrior = priors
      .of(prior)
      .size(prior, { latentDim, D, ...(given && { features: config.conditionFeatures }) });
    const once = [encoder, ...(ofY && head ? [ofY, head] : [])];
    return {
      weights: weightsIn([...once, decoder]) + ofPrior.weights,
      perExample: D + (given ? codedSize(given) : 0) + once.reduce((sum, { kept }) => sum + kept, 0),
      // z, and the gradient of what the decoder gives.
      perSample: latentDim + ofPrior.kept + decoder.kept + D * paramChannels,
    };
  },
  create({ model: config, likelihood: likelihoodConfig }, data, random) {
    const { latentDim } = config;
    const { given } = data;
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
    const sizes = networksOf(config, x, given, {
      paramChannels: likelihood.paramChannels,
      initialParams: family.initialParams(likelihoodConfig, data.averageX),
    });
    const encoder = learned("encoder", sizes.encoder);
    const decoder = learned("decoder", sizes.decoder);
    const features = sizes.ofY && learned("condition", sizes.ofY);
    const head = sizes.head && learned("posterior", sizes.head);
    /** h(y), of which everything that is conditioned on y is a function. */
    const featuresOf = (y: tf.Tensor2D | undefined) => y && features?.(y);
    const encoded = (x: tf.Tensor2D, h: tf.Tensor2D | undefined) =>
      h && head ? head(tf.concat([encoder(x), h], 1)) : encoder(x);
    const decode = (z: tf.Tensor2D, h: tf.Tensor2D | undefined) =>
      decoder(h ? tf.concat([z, rowsFor(h, z.shape[0])], 1) : z);
    const made = priors.of(config.prior).create(config.prior, {
      latentDim,
      createVariable: parameters.scope("prior"),
      random: weights.fork("prior"),
      x,
      ...(given && { features: config.conditionFeatures }),
      encode: (x) => posterior.of(config.posterior, encoder(x)),
      examples: (count) => data.examples?.(count) ?? tiled(data.averageX, count),
    });
    const priorOf = (h: tf.Tensor2D | undefined) => ("given" in made ? made.given(h!) : made);
    const inputsOf = (inputs: Inputs) =>
      [inputs["x"], inputs[POSTERIOR], given && inputs[given.name]] as [
        ...[tf.Tensor2D, tf.Tensor2D],
        tf.Tensor2D?,
      ];
    const forward: Vae["forward"] = (inputs, samples = 1, through) => {
      const [x, noise, y] = inputsOf(inputs);
      const h = featuresOf(y);
      const rows = samples * x.shape[0];
      const q = posterior.of(config.posterior, rowsFor(encoded(x, h), rows));
      const prior = priorOf(h);
      const drawn = q.rsample(noise);
      const z = through ? through(drawn) : drawn;
      const decoded = decode(z, h);
      return {
        q,
        prior,
        z,
        decoded,
        logProb: likelihood.logProb(decoded, rowsFor(x, rows)),
        rate: kl(q, prior, z),
      };
    };
    const perDimension = klPerDimension(config.posterior, made);
    const noise: NoiseDraw = { name: POSTERIOR, shape: [latentDim], per: "example" };
    return {
      latentDim,
      parameters,
      fields: given ? [x, given] : [x],
      target: x,
      ...(given && { given }),
      noise: [noise],
      inferred: "latents",
      likelihood,
      ...(perDimension && { rateDimensions: latentDim }),
      holdsPosterior: posterior.held !== undefined,
      priorKind: made.kind,
      priorOf: (y) => priorOf(featuresOf(y)),
      encode: (x, y) => posterior.of(config.posterior, encoded(x, featuresOf(y))),
      decode: (z, y) => decode(z, featuresOf(y)),
      forward,
      terms(inputs, samples, through) {
        const { q, prior, z, decoded, logProb, rate } = forward(inputs, samples, through);
        return {
          count: inputs["x"]!.shape[0]!,
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
      stages(inputs, samples) {
        const { q, z, decoded, logProb, rate } = forward(inputs, samples);
        return [
          ...Object.entries(q.params).map(([name, tensor]) => ({
            name: `the posterior's ${name}`,
            tensor,
            cause: "weights of the encoder that have grown too large",
          })),
          { name: "the latent z", tensor: z, cause: "a posterior whose variance has grown too large" },
          ...decodedStages(decoded, logProb),
          {
            name: "the rate KL(q(z|x) || p(z))",
            tensor: rate,
            cause: "a posterior that has run away from the prior",
          },
        ];
      },
    };
  },
};

/**
 * Without a condition the encoder gives the parameters of q(z|x) and the decoder takes z. With one the encoder gives as many
 * features as y has, the head makes the parameters of q(z|x, y) of both, and the decoder takes z and those of y.
 */
function networksOf(
  config: z.infer<typeof schema>,
  { shape }: Field,
  given: Field | undefined,
  params: Pick<DecoderSizes, "paramChannels" | "initialParams">,
) {
  const { network, posterior, latentDim, conditionFeatures } = config;
  const ofPosterior = posteriors.of(posterior).paramCount(posterior, latentDim);
  const family = networks.of(network);
  return {
    encoder: family.encoder(network, { xShape: shape, outputs: given ? conditionFeatures : ofPosterior }),
    decoder: family.decoder(network, {
      inputs: latentDim + (given ? conditionFeatures : 0),
      xShape: shape,
      ...params,
    }),
    ofY: given && networkOfY(config, given),
    head: given && headOf(2 * conditionFeatures, conditionFeatures, ofPosterior),
  };
}

/** One x, [D], `count` times. */
function tiled(x: Float32Array, count: number): Float32Array {
  const all = new Float32Array(count * x.length);
  for (let i = 0; i < count; i++) all.set(x, i * x.length);
  return all;
}
