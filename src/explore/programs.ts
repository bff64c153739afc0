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
 * and the networks are. Of a model without a condition, on the backend `cpu`, see `graphOf`.
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
  return {
    decode: {
      shapes: [[1, d]],
      compute: ([z]) => [likelihood.mean(model.decode(z as tf.Tensor2D))],
    },
    encode: {
      shapes: [[1, D]],
      compute: ([x]) => [model.encode(x as tf.Tensor2D).mean()],
    },
    score: {
      shapes: [
        [1, D],
        [S, d],
      ],
      compute([x, noise]) {
        const { decoded, rate } = model.forward({ x: x!, [POSTERIOR]: noise! }, S);
        const terms = likelihood.terms(decoded, rowsFor(x as tf.Tensor2D, S));
        return [...Object.values(terms).map((term) => tf.sum(term, 1)), rate];
      },
    },
  };
}

/** The parts that −log p(x|z) is made of, in the order in which `score` gives them. */
export const termNames = (model: Vae): string[] =>
  tf.tidy(() => {
    const x = tf.zeros<tf.Rank.R2>([1, fieldSize(model.target)]);
    return Object.keys(model.likelihood.terms(model.decode(tf.zeros([1, model.latentDim])), x));
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
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, placeOf(value)])),
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
