import type { Binding } from "../tfjsNode.ts";
import { type AttrValue, encodeSavedModel, type NodeDef } from "./savedModel.ts";

/** A TensorFlow graph under construction. A value in it is named `node:output`, or `node` for the first output. */
export class Graph {
  readonly #nodes: NodeDef[] = [];

  constructor(readonly binding: Binding) {}

  /** Adds an operation and returns its name. `after` are nodes that must have run before. */
  add(
    op: string,
    inputs: readonly string[] = [],
    attr: Readonly<Record<string, AttrValue>> = {},
    after: readonly string[] = [],
  ): string {
    const name = `${op.replace(/^_/, "")}_${this.#nodes.length}`;
    this.#nodes.push({ name, op, input: [...inputs, ...after.map((node) => `^${node}`)], attr });
    return name;
  }

  /** A value that is given at each run. */
  placeholder(dtype: number, shape: readonly number[]): string {
    return this.add("Placeholder", [], { dtype: { type: dtype }, shape: shapeAttr(shape) });
  }

  /** `content` are the values as they lie in memory. */
  constant(dtype: number, shape: readonly number[], content: ArrayBufferView): string {
    const tensorContent = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    return this.add("Const", [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, tensorShape: shapeAttr(shape).shape, tensorContent } },
    });
  }

  /** A float32 variable: its handle. */
  variable(shape: readonly number[]): string {
    const sharedName = new TextEncoder().encode(`variable${this.#nodes.length}`); // equal names are one variable
    return this.add("VarHandleOp", [], {
      dtype: { type: this.binding.TF_FLOAT },
      shape: shapeAttr(shape),
      shared_name: { s: sharedName },
    });
  }

  /** A float32 number. */
  number(value: number): string {
    return this.constant(this.binding.TF_FLOAT, [], Float32Array.of(value));
  }

  /** The bytes of `saved_model.pb`. */
  encode(): Uint8Array {
    return encodeSavedModel(this.#nodes);
  }
}

export const shapeAttr = (shape: readonly number[]) => ({
  shape: { dim: shape.map((size) => ({ size })) },
});
