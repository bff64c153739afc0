import * as tf from "../../tensors/tf.ts";
import { type Call, execute, install, type Repair, register, runOriginal, typeAttr } from "./kernel.ts";
import { logBernoulli } from "./logBernoulli.ts";
import { batchMatMul, fusedMatMul } from "./matMul.ts";

/** Replaces kernels of the package that are slow, or that keep a step from being recorded, and adds one, see `fusedKernel`. */
export function installRepairs(): void {
  for (const repair of [batchMatMul, fusedMatMul, gather, expandDims, step]) install(repair);
  register(logBernoulli);
}

/**
 * The package reads all indices back to check their range before it asks TensorFlow, which checks them itself: a wait
 * for the device, and nothing that can be recorded.
 */
const gather: Repair = {
  kernelName: tf.GatherV2,
  kernelFunc({ inputs: { x, indices }, attrs, backend }: Call<"x" | "indices", tf.GatherV2Attrs>) {
    const { axis, batchDims } = attrs;
    const types = [
      typeAttr(backend, "Tparams", x.dtype),
      typeAttr(backend, "Tindices", indices.dtype),
      typeAttr(backend, "Taxis", "int32"),
    ];
    const batch = { name: "batch_dims", type: backend.binding.TF_ATTR_INT, value: batchDims };
    return execute(backend, "GatherV2", [...types, batch], [x, indices, axis]);
  },
};

/** The package leaves the type out: TensorFlow infers it where an operation runs by itself, but not in a graph. */
const expandDims: Repair = {
  kernelName: tf.ExpandDims,
  kernelFunc: ({ inputs: { input }, attrs: { dim }, backend }: Call<"input", tf.ExpandDimsAttrs>) =>
    execute(backend, "ExpandDims", [typeAttr(backend, "T", input.dtype)], [input, dim]),
};

/** Half of the gradient of ReLU: 1 above 0, 0 elsewhere, NaN for NaN. The package goes through five operations. */
const step: Repair = {
  kernelName: tf.Step,
  kernelFunc(call: Call<"x", tf.StepAttrs>) {
    const { x } = call.inputs;
    if (call.attrs.alpha !== 0) return runOriginal(tf.Step, call);
    return tf.tidy(() => tf.relu(tf.sign(x)));
  },
};
