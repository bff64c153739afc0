import type * as tf from "../../../tensors/tf.ts";
import type { Activation } from "./activations.ts";
import type { Call, Repair, WebGPUBackend } from "./kernel.ts";
import { K, M, type Matrix, N, NONE, type Operand, repeated, rowMajor, throughActivation } from "./matrix.ts";
import { multiply } from "./product.ts";

interface Attrs {
  readonly activation: Activation;
}

/** y = f(x·W + b): [B, fanIn]·[fanIn, fanOut] + [fanOut] -> [B, fanOut] */
const dense: Repair = {
  kernelName: "Dense",
  kernelFunc({ inputs, backend, attrs }: Call<"x" | "kernel" | "bias", Attrs>): tf.TensorInfo {
    const { x, kernel, bias } = inputs;
    const [B, fanIn] = x.shape as [number, number];
    const fanOut = kernel.shape[1]!;
    const y = backend.makeTensorInfo([B, fanOut], "float32");
    multiply(backend, {
      name: "Dense",
      rows: B,
      columns: fanOut,
      depth: fanIn,
      a: rowMajor({ tensor: x }, M, K, fanIn),
      b: rowMajor({ tensor: kernel }, K, N, fanOut),
      bias: repeated(bias),
      activation: attrs.activation,
      outputs: [rowMajor({ tensor: y }, M, N, fanOut)],
    });
    return y;
  },
};

/** ∂L/∂x = (dy·f′)·Wᵀ -> [B, fanIn] */
const denseInputGrad: Repair = {
  kernelName: "DenseInputGrad",
  kernelFunc({ inputs, backend, attrs }: Call<"dy" | "y" | "kernel", Attrs>): tf.TensorInfo {
    const { dy, y, kernel } = inputs;
    const [B, fanOut] = dy.shape as [number, number];
    const fanIn = kernel.shape[0]!;
    const dx = backend.makeTensorInfo([B, fanIn], "float32");
    multiply(backend, {
      name: "DenseInputGrad",
      rows: B,
      columns: fanIn,
      depth: fanOut,
      a: rowMajor(throughActivation(dy, attrs.activation, y), M, K, fanOut),
      b: rowMajor({ tensor: kernel }, N, K, fanOut),
      transposeB: true,
      outputs: [rowMajor({ tensor: dx }, M, N, fanIn)],
    });
    return dx;
  },
};

/** ∂L/∂W = xᵀ·(dy·f′) -> [fanIn, fanOut] and ∂L/∂b, the sum over the batch -> [fanOut] */
const denseWeightsGrad: Repair = {
  kernelName: "DenseWeightsGrad",
  kernelFunc({ inputs, backend, attrs }: Call<"x" | "y" | "dy", Attrs>): tf.TensorInfo[] {
    const { x, y, dy } = inputs;
    const [B, fanIn] = x.shape as [number, number];
    const fanOut = dy.shape[1]!;
    return weightsGrad(backend, {
      name: "DenseWeightsGrad",
      shape: [fanIn, fanOut],
      depth: B,
      x: rowMajor({ tensor: x }, K, `${fanIn}u`, fanIn),
      dy: rowMajor(throughActivation(dy, attrs.activation, y), K, N, fanOut),
    });
  },
};

export const denseKernels = [dense, denseInputGrad, denseWeightsGrad];

/**
 * xᵀ·dy in the given shape, whose last dimension is fanOut, and the sum of the rows of dy -> [fanOut]: a bias is the
 * weight of an input that is always 1. [depth, fanIn] and [depth, fanOut] -> [fanIn, fanOut] and [fanOut]
 */
export function weightsGrad(
  backend: WebGPUBackend,
  gradient: { name: string; shape: number[]; depth: number; x: Operand; dy: Operand; maySplit?: boolean },
): [weights: tf.TensorInfo, bias: tf.TensorInfo] {
  const { name, shape, depth, x, dy, maySplit = false } = gradient;
  const fanOut = shape.at(-1)!;
  const fanIn = shape.slice(0, -1).reduce((product, d) => product * d, 1);
  const dWeights = backend.makeTensorInfo(shape, "float32");
  const dBias = backend.makeTensorInfo([fanOut], "float32");
  const lastRow: Matrix = {
    tensor: dBias,
    address: `return select(${NONE}, column, row == ${fanIn}u && column < ${N});`,
    packed: fanOut % 4 === 0,
  };
  multiply(backend, {
    name,
    rows: fanIn + 1,
    columns: fanOut,
    depth,
    a: { ...x, ones: `${fanIn}u` },
    b: dy,
    transposeA: true,
    outputs: [rowMajor({ tensor: dWeights }, `${fanIn}u`, N, fanOut), lastRow],
    maySplit,
  });
  return [dWeights, dBias];
}
