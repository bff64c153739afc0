import * as tf from "../../tf.ts";
import type { NodeBackend, OpAttr } from "./tfjsNode.ts";

/** The package's kernels that are replaced. */
export function installRepairs(): void {
  for (const [kernelName, kernelFunc] of [
    [tf.GatherV2, gather],
    [tf.ExpandDims, expandDims],
  ] as const) {
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
  }
}

/**
 * The package's kernel reads all indices back to check their range before it asks TensorFlow, which checks them itself:
 * a wait for the device, and nothing that can be recorded.
 */
const gather: tf.KernelFunc = (call) => {
  const { x, indices } = call.inputs as Record<"x" | "indices", tf.TensorInfo>;
  const { axis, batchDims } = call.attrs as unknown as tf.GatherV2Attrs;
  const backend = call.backend as NodeBackend;
  const { TF_ATTR_INT } = backend.binding;
  const attrs = [
    { name: "batch_dims", type: TF_ATTR_INT, value: batchDims },
    typeAttr(backend, "Tparams", x.dtype),
    typeAttr(backend, "Tindices", indices.dtype),
    typeAttr(backend, "Taxis", "int32"),
  ];
  return execute(backend, "GatherV2", attrs, [x, indices], axis);
};

/** The package's kernel leaves the type out: TensorFlow infers it in an operation by itself, but not in a graph. */
const expandDims: tf.KernelFunc = (call) => {
  const { input } = call.inputs as Record<"input", tf.TensorInfo>;
  const { dim } = call.attrs as unknown as tf.ExpandDimsAttrs;
  const backend = call.backend as NodeBackend;
  return execute(backend, "ExpandDims", [typeAttr(backend, "T", input.dtype)], [input], dim);
};

/** An operation whose last input is one integer. */
function execute(
  backend: NodeBackend,
  op: string,
  attrs: readonly OpAttr[],
  inputs: readonly tf.TensorInfo[],
  last: number,
): tf.Tensor {
  const { binding } = backend;
  const lastId = binding.createTensor([], binding.TF_INT32, Int32Array.of(last));
  try {
    const ids = backend.getInputTensorIds([...inputs]);
    return backend.createOutputTensor(binding.executeOp(op, attrs, [...ids, lastId], 1)[0]!);
  } finally {
    binding.deleteTensor(lastId);
  }
}

const typeAttr = (backend: NodeBackend, name: string, dtype: tf.DataType): OpAttr => ({
  name,
  type: backend.binding.TF_ATTR_TYPE,
  value: backend.getDTypeInteger(dtype),
});
