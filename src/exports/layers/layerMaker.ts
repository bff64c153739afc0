import * as tf from "../../tensors/tf.ts";
import type { Constant } from "../graph.ts";

type Layer = ReturnType<tf.StandardLayers["dense"]>;

/** Numbers of a weight of a layer. */
type Numbers = Pick<Constant, "shape" | "data">;

/** Makes layers with names of their own, and fills their weights when the model is built. */
export class LayerMaker {
  readonly #prefix: string;
  readonly #counts = new Map<string, number>();
  readonly #weights: [Layer, readonly Numbers[]][] = [];

  /** Names of parameters start with the name of the function that they belong to, which its layers leave out. */
  constructor(prefix: string) {
    this.#prefix = `${prefix}.`;
  }

  /** A layer named after the parameter that it has, or after what it does. */
  apply(
    make: (name: string) => unknown,
    name: string,
    input: tf.SymbolicTensor | tf.SymbolicTensor[],
    weights: readonly Numbers[] = [],
  ): tf.SymbolicTensor {
    const layer = make(this.#free(name)) as Layer;
    const output = layer.apply(input) as tf.SymbolicTensor;
    this.#weights.push([layer, weights]);
    return output;
  }

  fill(): void {
    for (const [layer, weights] of this.#weights) {
      const tensors = weights.map(({ shape, data }) => tf.tensor(data, [...shape]));
      layer.setWeights(tensors);
      tf.dispose(tensors);
    }
  }

  #free(name: string): string {
    const short = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
    const count = this.#counts.get(short) ?? 0;
    this.#counts.set(short, count + 1);
    return count === 0 ? short : `${short}_${count}`;
  }
}
