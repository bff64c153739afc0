import type { RandomStream } from "./random.ts";
import * as tf from "./tf.ts";

/** An array of numbers that something learns, before it has any. */
export interface WeightSpec {
  /** Among the weights of the same owner, such as `hidden0.kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The numbers to start from. `random` is the owner's stream, from which each draw forks its own. */
  initial(random: RandomStream): Float32Array;
}

/** Values for specs, by their names: variables, or other tensors of the same shapes. */
export type Weights = Readonly<Record<string, tf.Tensor>>;

/** Makes a learned parameter. `initial` is copied. */
export type CreateVariable = (name: string, initial: Float32Array, shape: number[]) => tf.Variable;

/** Makes parameters of `specs`, in their order, by the names of these. */
export const createWeights = (
  specs: readonly WeightSpec[],
  random: RandomStream,
  createVariable: CreateVariable,
): Weights =>
  Object.fromEntries(
    specs.map((spec) => [spec.name, createVariable(spec.name, spec.initial(random), [...spec.shape])]),
  );

/**
 * The learned parameters of a model by name, such as `encoder.hidden0.kernel`, in the order of their creation.
 * Each owns its memory alone, so that an optimiser may update it in place.
 */
export class Parameters implements Iterable<[string, tf.Variable]> {
  readonly #byName = new Map<string, tf.Variable>();

  /** A maker of parameters whose names start with `prefix.`. */
  scope(prefix: string): CreateVariable {
    return (name, initial, shape) => {
      const fullName = `${prefix}.${name}`;
      if (this.#byName.has(fullName)) throw new Error(`two parameters are named ${fullName}`);
      const variable = tf.tidy(() => tf.variable(tf.tensor(initial.slice(), shape, "float32")));
      this.#byName.set(fullName, variable);
      return variable;
    };
  }

  /** Makes parameters of `specs`, in their order: `prefix.name` here, and `name` in the weights that it returns. */
  create(prefix: string, specs: readonly WeightSpec[], random: RandomStream): Weights {
    return createWeights(specs, random, this.scope(prefix));
  }

  [Symbol.iterator]() {
    return this.#byName[Symbol.iterator]();
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  get variables(): tf.Variable[] {
    return [...this.#byName.values()];
  }

  /** How many numbers are learned. */
  get count(): number {
    return this.variables.reduce((sum, v) => sum + v.size, 0);
  }

  dispose(): void {
    tf.dispose(this.variables);
  }
}
