import * as tf from "../../tensors/tf.ts";
import { address, floats } from "./heap.ts";
import { type BackendWasm, type Call, type Repair, runOriginal } from "./kernel.ts";
import { ranges } from "./ranges.ts";
import { simd } from "./simd.ts";
import type { SimdCall, SimdFunction } from "./simdCall.ts";

/** More runs than this, unless they are long, and calling for each takes longer than the package's kernel. */
const MANY_RUNS = 256;
const LONG_RUN = 64;

/** Numbers in a part of what is worth sharing: 20 to 50 µs. */
const PART = 16_384;

/**
 * The package's kernels of XNNPACK wake its own threads even for 2,560 numbers, and each of those then looks for more
 * work for 1.4 ms: so long it is in the way of the threads that help with the matrix product, and where other programs
 * want the processor too, the kernel itself waits for it. The package's softplus and tanh are besides scalar loops.
 */
export const elementwise: readonly Repair[] = [
  unary("Neg", ["neg"]),
  unary("Abs", ["abs"]),
  unary("Square", ["square"]),
  unary("Relu", ["relu"]),
  unary("Exp", ["exponential", 1]),
  unary("Sigmoid", ["exponential", 0]),
  unary("Softplus", ["softplus"]),
  unary("Tanh", ["tanh"]),
  binary("Add", "add"),
  binary("Sub", "sub"),
  binary("Multiply", "mul"),
  binary("RealDiv", "div"),
];

/** `first` is the function with its parameters before the addresses. */
function unary(kernelName: string, first: SimdCall): Repair {
  return {
    kernelName,
    kernelFunc(call: Call<"x">): tf.TensorInfo {
      const { inputs, backend } = call;
      const { x } = inputs;
      const size = tf.util.sizeFromShape(x.shape);
      if (x.dtype !== "float32" || size < 4) return runOriginal(kernelName, call);
      const out = backend.makeOutput(x.shape, "float32");
      const [from, to] = [address(backend, x), address(backend, out)];
      const parts = ranges(size, 4, isCheap(first[0]) ? size : PART);
      // The last part may be of fewer than four numbers: it then takes some of the part before.
      const calls = parts.map(([begin, end]): SimdCall => {
        const start = 4 * Math.min(begin, end - 4);
        return [...first, from + start, to + start, 4 * end - start - 16];
      });
      simd(backend).share(calls);
      return out;
    },
  };
}

const isCheap = (name: SimdFunction) => !["exponential", "softplus", "tanh"].includes(name);

function binary(kernelName: string, name: SimdFunction): Repair {
  return {
    kernelName,
    kernelFunc(call: Call<"a" | "b">): tf.TensorInfo {
      const { inputs, backend } = call;
      const { a, b } = inputs;
      if (a.dtype !== "float32" || b.dtype !== "float32") return runOriginal(kernelName, call);
      const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
      const size = tf.util.sizeFromShape(shape);
      const [left, right] = [runOf(a.shape, shape), runOf(b.shape, shape)];
      const run = Math.min(left?.length ?? 0, right?.length ?? 0);
      const isApt = run >= 4 && (size / run <= MANY_RUNS || run >= LONG_RUN);
      const fits = [left, right].every((side) => side && side.length % run === 0);
      if (!left || !right || !isApt || !fits) return runOriginal(kernelName, call);

      const out = backend.makeOutput(shape, "float32");
      const { scratch, call: callSimd } = simd(backend);
      const [aSide, bSide] = [side(backend, a, left, scratch), side(backend, b, right, scratch + 16)];
      const to = address(backend, out);
      for (let i = 0; i < size; i += run) {
        callSimd(name, aSide.at(i), aSide.step, bSide.at(i), bSide.step, to + 4 * i, 4 * run - 16);
      }
      return out;
    },
  };
}

/**
 * How an input lies in an output that it is broadcast to: in runs of `length` numbers of the output, each of which is
 * a piece of the input, or one number of it.
 */
type Runs = { readonly kind: "pieces" | "constant"; readonly length: number };

/** Nothing where it is neither; [B, 1, D] in [B, K, D] for example. */
function runOf(shape: readonly number[], out: readonly number[]): Runs | undefined {
  const [size, outSize] = [tf.util.sizeFromShape([...shape]), tf.util.sizeFromShape([...out])];
  if (size === 0) return undefined;
  const full = [...Array(out.length - shape.length).fill(1), ...shape] as number[];
  const first = full.findIndex((n) => n !== 1);
  if (first < 0) return { kind: "constant", length: outSize };
  const last = full.findLastIndex((n) => n !== 1);
  if (full.slice(first).every((n, i) => n === out[first + i])) return { kind: "pieces", length: size };
  if (full.slice(0, last + 1).every((n, i) => n === out[i]))
    return { kind: "constant", length: outSize / size };
  return undefined;
}

/** The address for a run that begins at number `i` of the output, and the step along it. */
function side(
  backend: BackendWasm,
  x: tf.TensorInfo,
  { kind, length }: Runs,
  scratch: number,
): { at(i: number): number; step: 0 | -1 } {
  const begin = address(backend, x);
  const size = tf.util.sizeFromShape(x.shape);
  if (kind === "pieces") return { at: (i) => begin + 4 * (i % size), step: -1 };
  const numbers = floats(backend, x);
  const four = new Float32Array(numbers.buffer, scratch, 4);
  return {
    at(i) {
      four.fill(numbers[Math.floor(i / length)]!);
      return scratch;
    },
    step: 0,
  };
}
