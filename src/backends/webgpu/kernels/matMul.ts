import type * as tf from "../../../tensors/tf.ts";
import { isActivation } from "./activations.ts";
import { type Call, type Repair, runOriginal } from "./kernel.ts";
import { K, M, N, repeated, rowMajor } from "./matrix.ts";
import { multiply } from "./product.ts";

interface Attrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation?: string;
}

type MatMulCall = Call<"a" | "b", Attrs> & {
  readonly inputs: { readonly bias?: tf.TensorInfo; readonly preluActivationWeights?: tf.TensorInfo };
};

/**
 * The package's kernel holds 32 by 32 results in a workgroup and takes twice as long for a transposed side. Batches of
 * several matrices are left to it.
 */
const matMulKernel = (kernelName: string): Repair => ({
  kernelName,
  kernelFunc: (call: MatMulCall) => (canMultiply(call) ? matMul(call) : runOriginal(kernelName, call)),
});

export const matMulKernels = [matMulKernel("BatchMatMul"), matMulKernel("_FusedMatMul")];

function canMultiply({ inputs: { a, b, bias, preluActivationWeights }, attrs }: MatMulCall): boolean {
  return (
    [a, b].every(({ shape, dtype }) => dtype === "float32" && isOneMatrix(shape)) &&
    (!bias || (bias.dtype === "float32" && bias.shape.length === 1 && bias.shape[0]! > 1)) &&
    !preluActivationWeights &&
    isActivation(attrs.activation ?? "linear")
  );
}

const isOneMatrix = (shape: readonly number[]) =>
  shape.slice(0, -2).every((d) => d === 1) && shape.slice(-2).every((d) => d > 0);

function matMul({ inputs: { a, b, bias }, backend, attrs }: MatMulCall): tf.TensorInfo {
  const { transposeA, transposeB, activation = "linear" } = attrs;
  const [m, k] = sides(a, transposeA);
  const [inner, n] = sides(b, transposeB);
  if (k !== inner) throw new Error(`matrices of ${m}x${k} and ${inner}x${n} have no product`);
  const rank = Math.max(a.shape.length, b.shape.length);
  const out = backend.makeTensorInfo([...new Array<number>(rank - 2).fill(1), m, n], "float32");
  multiply(backend, {
    name: "MatMul",
    rows: m,
    columns: n,
    depth: k,
    a: transposeA ? rowMajor({ tensor: a }, K, M, m) : rowMajor({ tensor: a }, M, K, k),
    b: transposeB ? rowMajor({ tensor: b }, N, K, k) : rowMajor({ tensor: b }, K, N, n),
    transposeA,
    transposeB,
    bias: bias && repeated(bias),
    ...(isActivation(activation) && { activation }),
    outputs: [rowMajor({ tensor: out }, M, N, n)],
  });
  return out;
}

function sides({ shape }: tf.TensorInfo, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}
