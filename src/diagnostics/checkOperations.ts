import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import type { OperationCase } from "./operations/operation.ts";
import { operationCases } from "./operations.ts";
import { differences, reference, sizeOf } from "./reference.ts";

/** What is allowed between float32 and float64, against the largest expected value. */
const TOLERANCE = 2e-5;

/** A difference in float64 runs the whole operation: so many elements of an operation's gradients, picked at random. */
const GRADIENT_ELEMENTS = 48;

/** An operation that the current backend gets wrong. */
export interface WrongOperation {
  readonly operation: string;
  /** `value`, or `gradient of input 1`; or `fails` with the backend's words. */
  readonly what: string;
}

/**
 * Runs every operation that the project uses on the current backend, forwards and backwards, against float64.
 * Returns those that are wrong, in the order of the table; none is the good answer.
 */
export async function checkOperations(
  cases: readonly OperationCase[] = operationCases,
): Promise<WrongOperation[]> {
  const wrong: WrongOperation[] = [];
  for (const operation of cases) {
    const what = await check(operation).catch((error: Error) => `fails: ${error.message.split("\n")[0]}`);
    if (what !== undefined) wrong.push({ operation: operation.name, what });
  }
  return wrong;
}

async function check(operation: OperationCase): Promise<string | undefined> {
  const { name, shapes, run, expected, positive, scale = 1, differentiable = true } = operation;
  const random = new RandomStream("doctor").fork(name);
  const inputs = shapes.map((shape) => {
    // Away from 0, where relu and abs have no derivative; float32, so that both sides see the same numbers.
    const values = random
      .uniforms(sizeOf(shape))
      .map((u) => scale * (positive ? 0.1 + 2 * u : awayFromZero(4 * u - 2)));
    return reference(shape, values);
  });
  const forward = await expected(...inputs);
  const weights = Float64Array.from(random.uniforms(forward.data.length));

  const [value, ...gradients] = tf.tidy(() => {
    const tensors = inputs.map(({ shape, data }) => tf.tensor(Float32Array.from(data), shape.slice()));
    const weight = tf.tensor(Float32Array.from(weights), forward.shape.slice());
    const loss = (...xs: tf.Tensor[]) => tf.sum(tf.mul(run(...xs), weight)) as tf.Scalar;
    return [run(...tensors), ...(differentiable ? tf.grads(loss)(tensors) : [])];
  });
  try {
    if (String(value!.shape) !== String(forward.shape)) return `shape [${value!.shape}]`;
    if (!agree(await value!.data(), Array.from(forward.data))) return "value";
    for (const [i, gradient] of gradients.entries()) {
      const elements = [...random.permutation(gradient.size)].slice(
        0,
        Math.min(24, GRADIENT_ELEMENTS / gradients.length),
      );
      const computed = await gradient.data();
      const wanted = await differences(expected, inputs, weights, i, elements);
      const picked = elements.map((element) => computed[element]!);
      if (!agree(picked, wanted)) return `gradient of input ${i + 1}`;
    }
    return undefined;
  } finally {
    tf.dispose([value!, ...gradients]);
  }
}

function agree(actual: ArrayLike<number>, expected: readonly number[]): boolean {
  const scale = expected.reduce((max, x) => Math.max(max, Math.abs(x)), 1);
  // Written so that NaN disagrees.
  return expected.every((x, i) => Math.abs(actual[i]! - x) <= TOLERANCE * scale);
}

const awayFromZero = (x: number) => x + (x < 0 ? -0.05 : 0.05);
