import * as tf from "../../tf.ts";
import type { NodeBackend, OpAttr } from "./tfjsNode.ts";

/** A kernel that takes the place of the package's own. */
export interface Repair {
  readonly kernelName: string;
  // Each repair states its own inputs and attributes; TensorFlow.js finds kernels by name and cannot check them.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly kernelFunc: (call: any) => tf.Tensor;
}

/** What a kernel is called with, typed for one kernel. */
export interface Call<Inputs extends string, Attrs> {
  readonly inputs: Readonly<Record<Inputs, tf.Tensor>>;
  readonly backend: NodeBackend;
  readonly attrs: Attrs;
}

const originals = new Map<string, tf.KernelFunc>();

/** Puts a repair in the place of the package's kernel; done again, it changes nothing. */
export function install({ kernelName, kernelFunc }: Repair): void {
  if (originals.has(kernelName)) return;
  originals.set(kernelName, tf.getKernel(kernelName, "tensorflow").kernelFunc);
  tf.unregisterKernel(kernelName, "tensorflow");
  tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
}

/** Runs the package's own kernel, for the cases that a repair leaves to it. */
export function runOriginal(kernelName: string, call: object): tf.Tensor {
  return originals.get(kernelName)!(call as Parameters<tf.KernelFunc>[0]) as tf.Tensor;
}

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
