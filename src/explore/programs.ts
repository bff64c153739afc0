import { codedSize } from "../data/codedFields.ts";
import { fieldSize } from "../data/field.ts";
import { DEFAULT_SAMPLES } from "../evaluation/samples.ts";
import { type Graph, isConstant, program, type Value } from "../exports/graph.ts";
import { POSTERIOR, type Vae } from "../model/vae.ts";
import { rowsFor } from "../tensors/deviceMath.ts";
import * as tf from "../tensors/tf.ts";
import { base64Of } from "./base64.ts";
import type { PageData, Program, ProgramName, StoredConstant } from "./pageData.ts";

type Compute = (inputs: readonly tf.Tensor[]) => tf.Tensor[];

/** A part of the model as the page runs it: arrays of these shapes -> arrays. */
interface Part {
  readonly shapes: readonly (readonly number[])[];
  readonly compute: Compute;
}

/**
 * What the page computes, read off the model itself: so its numbers are the run's own, whatever the likelihood, the posterior
 * and the networks are. On the backend `cpu`, see `graphOf`; of a model without a condition, or with one on classes.
 */
export function programsOf(model: Vae): Pick<PageData, "programs" | "constants"> {
  const constants = new Constants();
  const recorded = ({ shapes, compute }: Part) =>
    storedProgram(program(shapes, compute, model.parameters), constants);
  const { decode, encode, score } = partsOf(model);
  const programs = { decode: recorded(decode), encode: recorded(encode), score: recorded(score) };
  return { programs, constants: constants.stored };
}

function partsOf(model: Vae): Record<ProgramName, Part> {
  const { latentDim: d, likelihood } = model;
  const D = fieldSize(model.target);
  const S = DEFAULT_SAMPLES;
  const y = model.given ? [[1, codedSize(model.given)]] : [];
  return {
    decode: {
      shapes: [[1, d], ...y],
      compute: ([z, y]) => [likelihood.mean(model.decode(z as tf.Tensor2D, y as tf.Tensor2D | undefined))],
    },
    encode: {
      shapes: [[1, D], ...y],
      compute: ([x, y]) => [model.encode(x as tf.Tensor2D, y as tf.Tensor2D | undefined).mean()],
    },
    score: {
      shapes: [[1, D], [S, d], ...y],
      compute([x, noise, y]) {
        const inputs = { x: x!, [POSTERIOR]: noise!, ...(model.given && { [model.given.name]: y! }) };
        const { decoded, rate } = model.forward(inputs, S);
        const terms = likelihood.terms(decoded, rowsFor(x as tf.Tensor2D, S));
        return [...Object.values(terms).map((term) => tf.sum(term, 1)), rate];
      },
    },
  };
}

/** The parts that −log p(x|z) is made of, in the order in which `score` gives them. */
export const termNames = (model: Vae): string[] =>
  tf.tidy(() => {
    const { target, given, latentDim, likelihood } = model;
    const y = given && tf.zeros<tf.Rank.R2>([1, codedSize(given)]);
    const decoded = model.decode(tf.zeros([1, latentDim]), y);
    return Object.keys(likelihood.terms(decoded, tf.zeros([1, fieldSize(target)])));
  }) as unknown as string[];

function storedProgram({ inputs, operations, outputs }: Graph, constants: Constants): Program {
  const places = new Map<Value, string>();
  const placeOf = (value: Value) => {
    if (isConstant(value)) return constants.placeOf(value);
    if (!places.has(value)) places.set(value, `v${places.size}`);
    return places.get(value)!;
  };
  return {
    inputs: inputs.map((input) => ({ shape: input.shape, place: placeOf(input) })),
    calls: operations.map(({ kernel, inputs, attrs, outputs }) => ({
      kernel,
      // Kernels of any number of inputs have a list of them.
      inputs:
        "0" in inputs
          ? Object.values(inputs).map(placeOf)
          : Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, placeOf(value)])),
      attrs,
      outputs: outputs.map(placeOf),
    })),
    outputs: outputs.map(placeOf),
  };
}

/** Weights and other numbers that are the same for every input; each once, however many programs have it. */
class Constants {
  readonly stored: StoredConstant[] = [];
  readonly #places = new Map<string, string>();

  placeOf({ name, shape, dtype = "float32", data }: Extract<Value, { data: unknown }>): string {
    const known = name === undefined ? undefined : this.#places.get(`${name} ${shape}`);
    if (known) return known;
    const place = `c${this.stored.length}`;
    this.stored.push({ shape, dtype: dtype as StoredConstant["dtype"], data: base64Of(data) });
    if (name !== undefined) this.#places.set(`${name} ${shape}`, place);
    return place;
  }
}
