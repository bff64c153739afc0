import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { codedSize } from "../data/codedFields.ts";
import { type Field, type Fields, fieldOf } from "../data/field.ts";
import { rowsFor } from "../tensors/deviceMath.ts";
import { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import { forTarget } from "./likelihoods/forTarget.ts";
import { likelihoods, paramChannelsOf } from "./likelihoods/index.ts";
import type { Density } from "./likelihoods/likelihood.ts";
import { ofStored } from "./likelihoods/ofStored.ts";
import type { Model, ModelFamily } from "./model.ts";
import { activate } from "./networks/activations.ts";
import { describeNetwork, type NetworkConfig, networkSchema } from "./networks/index.ts";
import { pairs, type Widths } from "./networks/layers.ts";
import { weightsIn } from "./networks/size.ts";
import { decodedStages } from "./stages.ts";
import { weightPosteriorSchema, weightPosteriors } from "./weights/index.ts";
import type { BayesianLayer, LayerMoments, LayerPrior } from "./weights/layer.ts";
import { weightPriorSchema, weightPriors } from "./weights/prior.ts";

const schema = z
  .strictObject({
    kind: z.literal("bnn"),
    network: networkSchema
      .prefault({ kind: "mlp" })
      .refine(({ kind }) => kind === "mlp", { error: "mlp, as a Bayesian network has dense layers" }),
    weights: z
      .strictObject({
        posterior: weightPosteriorSchema.prefault({ kind: "meanField" }),
        prior: weightPriorSchema.prefault({}),
      })
      .prefault({}),
  })
  .describe("Bayesian network: p(y|x) of a table with a posterior over the weights");

type BnnConfig = z.infer<typeof schema>;

/** y = NN(x; w) with the noise that the likelihood names, and weights w with a posterior q(w). */
export interface Bnn extends Model {
  readonly likelihood: Density;
  /** N, the rows that q(w) has learned from. */
  readonly trainCount: number;
  readonly layers: readonly Widths[];
  /** Of each layer, from the first to the last; where q is a mixture of `strata` of them, those of one, by default the first. */
  moments(component?: number): LayerMoments[];
  priors(): LayerPrior[];
  /** KL(q(w) ‖ p(w)) in nats, of all weights; of a point −log p(w). */
  weightRate(): tf.Scalar;
}

/** The moments of each component of q: one, but for a mixture. */
export const componentMoments = (model: Bnn): LayerMoments[][] =>
  Array.from({ length: model.strata ?? 1 }, (_, component) => model.moments(component));

/** Whether a model has a posterior over weights. */
export const isBnn = (model: Model): model is Bnn => "weightRate" in model;

/**
 * Variational inference of weights: −log p(D) ≤ Σ_n E_q[−log p(y_n|x_n, w)] + KL(q(w) ‖ p(w)), the variational free energy (Hinton
 * and van Camp 1993; Blundell et al. 2015, "Weight uncertainty in neural networks", eq. 1). The KL belongs to all N rows at once:
 * the rate of a row is KL / N, and the mean over any batch is unbiased.
 */
export const bnn: ModelFamily<typeof schema, Bnn> = {
  schema,
  target: "y",
  defaults: {
    "model.network.hidden": [50],
    "likelihood.mean": "linear",
    "likelihood.sigma": "shared",
    "objective.warmup": 10,
    "training.epochs": 20,
    "training.passesPerEpoch": "auto",
    "training.previewEvery": 0,
    "training.batchSize": 32,
    "training.learningRate": 0.01,
    "training.schedule": "cosine",
  },
  describe: ({ network, weights }) =>
    `Bayesian ${describeNetwork(network)}, ${describePosterior(weights.posterior)} over the weights`,
  size({ model, likelihood }, data) {
    const { x, y } = fieldsOf(data);
    const layers = layersOf(model, widthsOf(model, x, paramChannelsOf(forTarget(likelihood, y))));
    const noise = layers.flatMap(({ noise }) => noise);
    const sizeOf = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);
    return {
      weights:
        weightsIn(layers.map(({ specs }) => ({ weights: specs }))) +
        (model.weights.prior.learned ? layers.length : 0),
      perExample: 0,
      perSample:
        codedSize(x) +
        noise.filter(({ per }) => per === "example").reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    };
  },
  create({ model, likelihood: given }, data, random) {
    const { x, y } = fieldsOf(data);
    const { trainCount } = data;
    if (trainCount === undefined) throw new Error("a Bayesian network needs the number of training rows");
    const config = forTarget(given, y);
    const family = likelihoods.of(config);
    const parameters = new Parameters();
    const made = family.create(config, parameters.scope("likelihood")) as Density;
    const likelihood = y.kind !== "class" && y.standardized ? ofStored(made, y.standardized) : made;
    const widths = widthsOf(model, x, likelihood.paramChannels);
    const initialBias = family.initialParams(config, averageLevel(data.averageX));
    const layers = layersOf(model, widths, initialBias);
    const stream = random.fork("weights");
    const weights = layers.map(({ specs }, i) => parameters.create("network", specs, stream.fork(i)));
    const priors = weightPriors(model.weights.prior, widths, parameters.scope("prior"));
    const strata = componentsOf(model.weights.posterior);
    const { activation } = model.network as Extract<NetworkConfig, { kind: "mlp" }>;
    const weightRate = () =>
      tf.addN(layers.map((layer, i) => layer.rate(weights[i]!, priors[i]!()))) as tf.Scalar;
    const forward = (inputs: Readonly<Record<string, tf.Tensor>>, samples: number) => {
      const rows = samples * inputs["x"]!.shape[0]!;
      let h = rowsFor(inputs["x"] as tf.Tensor2D, rows);
      for (const [i, layer] of layers.entries()) {
        h = layer.apply(h, { weights: weights[i]!, noise: inputs, samples });
        if (i < layers.length - 1) h = activate(activation, h);
      }
      const decoded = tf.reshape(h, [rows, 1, likelihood.paramChannels]) as tf.Tensor3D;
      const target = rowsFor(levelOf(inputs["y"] as tf.Tensor2D), rows);
      return { decoded, logProb: likelihood.logProb(decoded, target) };
    };
    return {
      trainCount,
      layers: widths,
      inferred: "weights",
      parameters,
      fields: [x, y],
      target: y,
      noise: layers.flatMap(({ noise }) => noise),
      ...(strata > 1 && { strata }),
      likelihood,
      holdsPosterior: false,
      moments: (component = 0) => layers.map((layer, i) => layer.moments(weights[i]!, component)),
      priors: () => priors.map((prior) => prior()),
      weightRate,
      terms(inputs, samples) {
        const { decoded, logProb } = forward(inputs, samples);
        const ofRow = tf.mul(weightRate(), 1 / trainCount);
        return {
          count: inputs["x"]!.shape[0]!,
          samples,
          decoded,
          logLikelihood: logProb,
          rate: tf.add(tf.zerosLike(logProb), ofRow),
          // Of a row beside those that q(w) was learned from: its p(y|x) is the mean of p(y|x, w) over w ~ q.
          logPriorRatio: () => tf.zerosLike(logProb),
        };
      },
      stages(inputs, samples) {
        const { decoded, logProb } = forward(inputs, samples);
        return [
          ...decodedStages(decoded, logProb),
          {
            name: "the rate KL(q(w) || p(w))",
            tensor: weightRate(),
            cause: "a posterior of the weights that has run away from the prior",
          },
        ];
      },
    };
  },
};

type WeightPosterior = BnnConfig["weights"]["posterior"];

/** How many networks q is a mixture of. */
const componentsOf = (posterior: WeightPosterior) =>
  weightPosteriors.of(posterior).components?.(posterior) ?? 1;

const describePosterior = (posterior: WeightPosterior) =>
  ({
    meanField: "mean field",
    fullLastLayer: "full covariance of the last layer, mean field before it",
    mixture: `a mixture of ${componentsOf(posterior)} mean fields`,
    point: "a point",
  })[posterior.kind];

function fieldsOf({ fields, given }: { fields: Fields; given?: Field }): { x: Field; y: Field } {
  if (given || fieldOf(fields, "x").show === "image") {
    throw new VaeError(
      "usage",
      "model.kind is bnn, which predicts the target of a table of numbers. --dataset table --dataset.path FILE.csv gives one; " +
        "of images, model.kind regression predicts x from y.",
    );
  }
  return { x: fieldOf(fields, "x"), y: fieldOf(fields, "y") };
}

/** Of each layer, from the features to the parameters of p(y|·). */
const widthsOf = ({ network }: BnnConfig, x: Field, paramChannels: number): readonly Widths[] =>
  pairs([codedSize(x), ...network.hidden, paramChannels]);

function layersOf(
  { weights: { posterior } }: BnnConfig,
  widths: readonly Widths[],
  initialBias?: Float32Array,
): BayesianLayer[] {
  const family = weightPosteriors.of(posterior);
  return widths.map((pair, i) => {
    const isLast = i === widths.length - 1;
    const name = isLast ? "output" : `hidden${i}`;
    const options = { name, widths: pair, ...(isLast && initialBias && { initialBias }) };
    return family.layer(posterior, options, isLast);
  });
}

/** k / (K − 1), as the likelihoods of levels have them. */
const levels = (K: number) => Float32Array.from({ length: K }, (_, k) => k / (K - 1));

/** The mean of the target from that of what is coded of it. */
const averageLevel = (average: Float32Array): Float32Array =>
  average.length === 1
    ? average
    : Float32Array.of(levels(average.length).reduce((sum, level, k) => sum + level * average[k]!, 0));

/** The value that the likelihood is a density for, [B, 1]: a class, which comes one-hot, by its level. */
export const levelOf = (y: tf.Tensor2D): tf.Tensor2D => {
  const K = y.shape[1];
  return K === 1 ? y : tf.matMul(y, tf.tensor2d(levels(K), [K, 1]));
};
