import { codePixels, codingsFor } from "../../data/codings.ts";
import { type LikelihoodConfig, likelihoodSchema, likelihoods } from "../../model/likelihoods/index.ts";
import type { Density, HostDensity } from "../../model/likelihoods/likelihood.ts";
import { RandomStream } from "../../tensors/random.ts";
import * as tf from "../../tensors/tf.ts";
import { type Reference, sum } from "../reference.ts";
import type { OperationCase } from "./operation.ts";

const [B, D] = [3, 6];

/** Black, white and between. */
const BYTES = Uint8Array.from({ length: B * D }, (_, i) => Math.min(255, 15 * i));

/** Every density, with each way that it has to get its scale, and small where it has a size. */
const configs: readonly LikelihoodConfig[] = likelihoodSchema.options.flatMap(({ shape }) => {
  const kind = shape.kind.value;
  const scale = "sigma" in shape ? "sigma" : "scale";
  const forms: object[] = scale in shape ? [0.5, "shared", "perPixel"].map((s) => ({ [scale]: s })) : [{}];
  const sizes = kind === "categorical" ? { levels: 5 } : {};
  const alone = forms.map((form) => ({ kind, ...sizes, ...form }));
  const mixed = kind === "discretized-logistic" ? [{ ...alone.at(-1)!, components: 3 }] : [];
  return [...alone, ...mixed]
    .map((settings) => likelihoodSchema.parse(settings))
    .filter((config) => likelihoods.of(config).kindOf === "density");
});

/**
 * log p(x|z) and E[x|z] of every likelihood, against its own twin on the host: as functions of the decoder's outputs,
 * and of the scale that is learned beside them.
 */
export const likelihoodCases: readonly OperationCase[] = configs.flatMap((config) => {
  const family = likelihoods.of(config);
  const variables: number[][] = [];
  const { paramChannels } = family.create(config, (_name, _initial, shape) => {
    variables.push(shape);
    return undefined as never; // this one is not run
  });
  const x = new Float32Array(B * D);
  const [coding] = codingsFor(family.support(config));
  if (coding) codePixels(coding, BYTES, new RandomStream("doctor"), x);
  else x.set(BYTES.map((byte) => byte % 16)); // counts

  const density = (inputs: readonly tf.Tensor[]) => {
    const given = [...inputs];
    return family.create(config, () => given.shift() as tf.Variable) as Density;
  };
  const onHost = (inputs: readonly Reference[]) =>
    density(inputs.map(({ data }) => ({ data: async () => data }) as unknown as tf.Tensor)).onHost();
  const name = Object.values(config).join(", ");
  const shapes = [[B, D, paramChannels], ...variables];
  return [
    {
      name: `log p(x|z), ${name}`,
      shapes,
      run: (params, ...learned) => density(learned).logProb(params as tf.Tensor3D, tf.tensor2d(x, [B, D])),
      async expected(params, ...learned) {
        const pixels = pixelsOf(params!, await onHost(learned));
        const logProbs = pixels.map((pixel, i) => pixel.logProb(x[i]!));
        return { shape: [B], data: rowSums(logProbs) };
      },
    },
    {
      name: `E[x|z], ${name}`,
      shapes: shapes.slice(0, 1),
      run: (params) => density(shapes.slice(1).map(() => tf.scalar(-1))).mean(params as tf.Tensor3D),
      async expected(params) {
        const log = { shape: [], data: Float64Array.of(-1) };
        const pixels = pixelsOf(params!, await onHost(shapes.slice(1).map(() => log)));
        return { shape: [B, D], data: Float64Array.from(pixels, ({ mean }) => mean) };
      },
      differentiable: false,
    },
  ];
});

/** The distribution of each value, [B, D, P] -> B·D of them. */
const pixelsOf = ({ data, shape }: Reference, density: HostDensity) =>
  Array.from({ length: B * D }, (_, i) => density(data.subarray(i * shape[2]!, (i + 1) * shape[2]!)));

/** [B, D] -> [B] */
const rowSums = (values: readonly number[]) =>
  Float64Array.from({ length: B }, (_, image) => sum(values.slice(D * image, D * (image + 1))));
