import { VaeError } from "../base/errors.ts";
import { csvLine } from "../base/textFormats.ts";
import { type Arrays, openArrayFile } from "../data/arrayFile.ts";
import { columnOf } from "../data/codedFields.ts";
import type { Column, Split } from "../data/dataset.ts";
import type { Field } from "../data/field.ts";
import { npzBytes, type Values } from "../data/writeArrays.ts";
import type { Encodings } from "../evaluation/encodings.ts";
import type { Vae } from "../model/vae.ts";
import { arrayOf, columnFrom, countOf } from "./given.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** q(z|x) of some examples, and what is known beside. */
export interface EncodedExamples {
  readonly encodings: Encodings;
  /** The examples that were encoded. */
  readonly set: Split;
  /** What the model is given beside x. */
  readonly given?: Field | undefined;
  /** The classes, which need not be in the set. */
  readonly label?: Field | undefined;
  /** What the file says of itself, where it can. */
  readonly about: Readonly<Record<string, string>>;
}

/** The formats of latents by the ends of their names. */
export const latentFormats: Readonly<Record<string, (encoded: EncodedExamples) => Buffer>> = {
  npz: (encoded) => npzBytes(latentArrays(encoded)),
  csv: latentCsv,
  safetensors: (encoded) =>
    encodeSafetensors({
      tensors: new Map(
        Object.entries(latentArrays(encoded)).map(([name, { shape, values }]) => [
          name,
          { shape, data: Float32Array.from(values) },
        ]),
      ),
      metadata: encoded.about,
    }),
};

/** mean and log_var, [count, d]; labels, [count], and y, [count, …], where there are any. */
export function latentArrays(encoded: EncodedExamples): Record<string, Values> {
  const { encodings, set, given } = encoded;
  const { count, latentDim, mean, logVar } = encodings;
  const shape = [count, latentDim];
  const labels = labelsOf(encoded);
  return {
    mean: { shape, values: mean },
    ...(logVar && { log_var: { shape, values: logVar } }),
    ...(labels && { labels: { shape: [count], values: labels } }),
    ...(given && { y: arrayOf(given, columnOf(set, given)) }),
  };
}

const labelsOf = ({ set, label }: EncodedExamples): Column | undefined => label && set.columns[label.name];

/** A line for each example: its class by name, means, log-variances; every number as exact as it is. */
function latentCsv(encoded: EncodedExamples): Buffer {
  const { encodings, label } = encoded;
  const { count, latentDim: d, mean, logVar } = encodings;
  const labels = labelsOf(encoded);
  const numbered = (name: string) => Array.from({ length: d }, (_, i) => `${name}_${i}`);
  const names = label?.kind === "class" ? label.classNames : undefined;
  const cells = (values: Float32Array, i: number) =>
    Array.from(values.subarray(i * d, (i + 1) * d), (value) => Number(value.toPrecision(9)));
  const lines = [
    [...(labels ? ["label"] : []), ...numbered("mean"), ...(logVar ? numbered("log_var") : [])],
    ...Array.from({ length: count }, (_, i) => [
      ...(labels ? [names?.[labels[i]!] ?? labels[i]!] : []),
      ...cells(mean, i),
      ...(logVar ? cells(logVar, i) : []),
    ]),
  ];
  return Buffer.from(`${lines.map(csvLine).join("\n")}\n`);
}

/** Some z, [count, d], and the y that they are decoded with where the model is conditional. */
export interface ReadLatents {
  readonly count: number;
  readonly z: Float32Array;
  readonly given?: Split;
}

/** Reads what `vae encode` has written as `.npz`, or z of one's own. */
export const readLatents = async (path: string, model: Vae): Promise<ReadLatents> =>
  latentsOf(await openArrayFile(path, "The input"), model, path);

/** z or mean, and y where the model is conditional, of arrays that are from `path`. */
export function latentsOf(arrays: Arrays, { latentDim, given }: Vae, path: string): ReadLatents {
  const { names } = arrays;
  const name = ["z", "mean", ""].find((name) => names.includes(name));
  if (name === undefined) {
    throw new VaeError(
      "usage",
      `${path} has ${names.join(", ")}. Accepted: z or mean, [count, ${latentDim}].`,
    );
  }
  const { dims, values } = arrays.array(name);
  const told = name || "the array";
  const [count, d] = dims.length === 1 ? [1, dims[0]!] : dims;
  if (dims.length > 2 || d !== latentDim || count === 0) {
    throw new VaeError(
      "failure",
      `${path}: ${told} has the shape [${dims.join(", ")}]. Accepted: [count, ${latentDim}], as z of this run has ${latentDim} dimensions.`,
    );
  }
  const z = Float32Array.from(values);
  if (!z.every(Number.isFinite))
    throw new VaeError("failure", `${path}: ${told} has values that are not finite.`);
  if (!given) return { count: count!, z };
  const nameOfY = ["y", given.name].find((name) => names.includes(name));
  if (nameOfY === undefined) {
    throw new VaeError(
      "usage",
      `${path} has ${names.join(", ")}, and the run is conditional: it decodes z with y. Accepted: y beside ${told}, [count, ${given.shape.join(", ")}].`,
    );
  }
  const y = arrays.array(nameOfY);
  const ofY = countOf(given, y, path);
  if (ofY !== count) {
    throw new VaeError(
      "failure",
      `${path} has ${count} ${told} and ${ofY} y. They belong together in their order.`,
    );
  }
  return { count, z, given: { count, columns: { [given.name]: columnFrom(given, y, path) } } };
}

/** Images [count, D] as `.npz`. */
export const imagesNpz = ({ target }: Vae, x: Float32Array): Buffer =>
  npzBytes({ x: arrayOf({ ...target, kind: "real" } as Field, x) });
