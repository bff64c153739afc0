import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { codedSize } from "../data/codedFields.ts";
import { type Field, fieldOf, fieldSize } from "../data/field.ts";
import { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import { likelihoods, paramChannelsOf } from "./likelihoods/index.ts";
import type { Model, ModelFamily } from "./model.ts";
import { describeNetwork, networkSchema, networks } from "./networks/index.ts";
import type { DecoderSizes, Network } from "./networks/network.ts";
import { weightsIn } from "./networks/size.ts";
import { featuresSetting, networkOfY } from "./observed.ts";
import { decodedStages } from "./stages.ts";

const schema = z
  .strictObject({
    kind: z.literal("regression"),
    network: networkSchema.prefault({ kind: "mlp" }),
    conditionFeatures: featuresSetting,
  })
  .describe("p(x|y) by a network of y and no latent, which needs a condition");

/** p(x|f(y)) without a latent. */
export interface Regression extends Model {
  readonly given: Field;
  /** [B, …] -> the parameters of p(x|y), [B, D, P]. */
  predict(y: tf.Tensor2D): tf.Tensor3D;
}

/**
 * x = f(y) + ε with the noise that the likelihood names: its negative log-likelihood is the loss, and there is no rate. With a
 * Gaussian of fixed σ that is the squared error: the case of the VAE's bound without a latent.
 */
export const regression: ModelFamily<typeof schema, Regression> = {
  schema,
  describe: ({ network, conditionFeatures }) =>
    `${describeNetwork(network)} of y, ${conditionFeatures} features, no latent`,
  size({ model: config, likelihood }, { fields, given }) {
    const x = fieldOf(fields, "x");
    const paramChannels = paramChannelsOf(likelihood);
    const layers = networksOf(config, x, needed(given), { paramChannels, initialParams: new Float32Array() });
    const kept = layers.reduce((sum, { kept }) => sum + kept, 0);
    return {
      weights: weightsIn(layers),
      perExample: codedSize(needed(given)),
      perSample: kept + fieldSize(x) * paramChannels,
    };
  },
  create({ model: config, likelihood: likelihoodConfig }, data, random) {
    const x = fieldOf(data.fields, "x");
    const given = needed(data.given);
    const parameters = new Parameters();
    const family = likelihoods.of(likelihoodConfig);
    const likelihood = family.create(likelihoodConfig, parameters.scope("likelihood"));
    const weights = random.fork("weights");
    const [ofY, decoder] = networksOf(config, x, given, {
      paramChannels: likelihood.paramChannels,
      initialParams: family.initialParams(likelihoodConfig, data.averageX),
    });
    const condition = parameters.create("condition", ofY.weights, weights.fork("condition"));
    const decoding = parameters.create("decoder", decoder.weights, weights.fork("decoder"));
    const predict = (y: tf.Tensor2D) => decoder.apply(decoding, ofY.apply(condition, y));
    const forward = (inputs: Readonly<Record<string, tf.Tensor>>) => {
      const decoded = predict(inputs[given.name] as tf.Tensor2D);
      return { decoded, logProb: likelihood.logProb(decoded, inputs["x"] as tf.Tensor2D) };
    };
    return {
      given,
      parameters,
      fields: [x, given],
      target: x,
      noise: [],
      inferred: "nothing",
      likelihood,
      holdsPosterior: false,
      predict,
      terms(inputs) {
        const { decoded, logProb } = forward(inputs);
        const none = tf.zerosLike(logProb);
        return {
          count: decoded.shape[0],
          samples: 1,
          decoded,
          logLikelihood: logProb,
          rate: none,
          logPriorRatio: () => none,
        };
      },
      stages(inputs) {
        const { decoded, logProb } = forward(inputs);
        return decodedStages(decoded, logProb);
      },
    };
  },
};

function networksOf(
  config: z.infer<typeof schema>,
  { shape }: Field,
  given: Field,
  params: Pick<DecoderSizes, "paramChannels" | "initialParams">,
): [ofY: Network<tf.Tensor2D, tf.Tensor2D>, decoder: Network<tf.Tensor2D, tf.Tensor3D>] {
  const { network, conditionFeatures } = config;
  return [
    networkOfY(config, given),
    networks.of(network).decoder(network, { inputs: conditionFeatures, xShape: shape, ...params }),
  ];
}

function needed(given: Field | undefined): Field {
  if (given) return given;
  throw new VaeError(
    "usage",
    "model.kind is regression, which predicts x from y, and there is no y. condition.kind says what y is, for example " +
      "--condition downsample; without one, model.kind is vae.",
  );
}
