import * as tf from "../../tensors/tf.ts";
import { kernelRepairs } from "../kernelRepairs.ts";
import type { NodeBackend, OpAttr } from "./tfjsNode.ts";

export type { Repair } from "../kernelRepairs.ts";

/** What a kernel is called with, typed for one kernel. */
export interface Call<Inputs extends string, Attrs> {
  readonly inputs: Readonly<Record<Inputs, tf.Tensor>>;
  readonly backend: NodeBackend;
  readonly attrs: Attrs;
}

export const { install, register, runOriginal } = kernelRepairs("tensorflow");

/** Has TensorFlow execute an operation with one result. Numbers among the inputs are int32 scalars. */
export function execute(
  backend: NodeBackend,
  op: string,
  attrs: readonly OpAttr[],
  inputs: readonly (tf.Tensor | number)[],
): tf.Tensor {
  return tf.tidy(() => {
    const tensors = inputs.map((input) => (typeof input === "number" ? tf.scalar(input, "int32") : input));
    return backend.createOutputTensor(
      backend.binding.executeOp(op, attrs, backend.getInputTensorIds(tensors), 1)[0]!,
    );
  });
}

export const typeAttr = (backend: NodeBackend, name: string, dtype: tf.DataType): OpAttr => ({
  name,
  type: backend.binding.TF_ATTR_TYPE,
  value: backend.getDTypeInteger(dtype),
});

export const boolAttr = ({ binding }: NodeBackend, name: string, value: boolean): OpAttr => ({
  name,
  type: binding.TF_ATTR_BOOL,
  value,
});
