import type * as tf from "../../tensors/tf.ts";
import { matMul } from "./batchMatMul.ts";
import { type Call, type Repair, run } from "./kernel.ts";

type FusedCall = Call<
  "a" | "b",
  { transposeA: boolean; transposeB: boolean; activation: string; leakyreluAlpha: number }
> & {
  readonly inputs: { readonly bias?: tf.TensorInfo; readonly preluActivationWeights?: tf.TensorInfo };
};

const activations: Record<string, string> = {
  relu: "Relu",
  relu6: "Relu6",
  elu: "Elu",
  sigmoid: "Sigmoid",
  prelu: "Prelu",
  leakyrelu: "LeakyRelu",
};

/**
 * The package's scalar loop (a batch, or a transposed side) works in blocks of 48 along the inner dimension and adds
 * the bias and clamps once per block: wrong from 49 on. Here the product starts from the bias, where it has one for each
 * column, and the activation is another kernel.
 */
export const fusedMatMul: Repair = {
  kernelName: "_FusedMatMul",
  kernelFunc({ inputs, backend, attrs }: FusedCall): tf.TensorInfo {
    const { a, b, bias, preluActivationWeights: alpha } = inputs;
    const { transposeA, transposeB, activation, leakyreluAlpha } = attrs;
    const perColumn = bias?.dtype === "float32" && bias.shape.length === 1 && bias.shape[0]! > 1;
    const isEmpty = [a, b].some((x) => x.shape.includes(0));
    const isStart = perColumn && !isEmpty;
    let y = matMul(backend, a, b, transposeA, transposeB, isStart ? bias : undefined);
    const replace = (next: tf.TensorInfo) => {
      backend.disposeData(y.dataId);
      y = next;
    };
    if (bias && !isStart) replace(run("Add", backend, { a: y, b: bias }));
    if (activation !== "linear") {
      const kernelName = activations[activation];
      if (!kernelName) throw new Error(`fused.matMul has no activation ${activation}`);
      replace(run(kernelName, backend, alpha ? { x: y, alpha } : { x: y }, { alpha: leakyreluAlpha }));
    }
    return y;
  },
};
