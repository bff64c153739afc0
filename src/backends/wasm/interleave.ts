import * as tf from "../../tensors/tf.ts";
import { floats } from "./heap.ts";
import { type BackendWasm, type Call, type Repair, runOriginal } from "./kernel.ts";

/**
 * Joining and splitting along a dimension. Seen from there a tensor is rows, and each part a run within every row;
 * the package copies each run with a call of its own, 100 ns even for a single number. So stacking and unstacking
 * along the last dimension, as for a mean and a scale per pixel, takes 20 times what it should. The same five kernels
 * here copy short runs in a plain loop.
 */
export const interleaving: readonly Repair[] = [
  {
    kernelName: "Concat",
    kernelFunc(call: JoinCall): tf.TensorInfo {
      const parts = call.inputs.filter((x) => tf.util.sizeFromShape(x.shape) > 0);
      if (parts.length < 2 || parts.some((x) => x.dtype !== "float32")) return runOriginal("Concat", call);
      const axis = tf.util.parseAxisParam(call.attrs.axis, parts[0]!.shape)[0]!;
      const shapes = parts.map((x) => x.shape);
      tf.backend_util.assertParamsConsistent(shapes, axis);
      return join(call.backend, parts, axis, tf.backend_util.computeOutShape(shapes, axis));
    },
  },
  {
    kernelName: "Pack",
    kernelFunc(call: JoinCall): tf.TensorInfo {
      const { inputs, backend } = call;
      const [first] = inputs;
      if (!first || inputs.some((x) => x.dtype !== "float32")) return runOriginal("Pack", call);
      for (const x of inputs) tf.util.assertShapesMatch(first.shape, x.shape, "stack needs equal shapes: ");
      const axis = call.attrs.axis < 0 ? call.attrs.axis + first.shape.length + 1 : call.attrs.axis;
      return join(backend, inputs, axis, first.shape.toSpliced(axis, 0, inputs.length));
    },
  },
  {
    kernelName: "Slice",
    kernelFunc(call: Call<"x", { begin: number | number[]; size: number | number[] }>): tf.TensorInfo {
      const { x } = call.inputs;
      const { begin: from, size: count } = call.attrs;
      const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, from, count) as [
        number[],
        number[],
      ];
      const cut = x.shape.flatMap((whole, axis) => (size[axis] === whole ? [] : [axis]));
      if (x.dtype !== "float32" || cut.length !== 1) return runOriginal("Slice", call);
      return part(call.backend, x, cut[0]!, begin[cut[0]!]!, size[cut[0]!]!);
    },
  },
  {
    kernelName: "SplitV",
    kernelFunc(call: Call<"x", { numOrSizeSplits: number | number[]; axis: number }>): tf.TensorInfo[] {
      const { x } = call.inputs;
      if (x.dtype !== "float32") return runOriginal("SplitV", call);
      const axis = tf.util.parseAxisParam(call.attrs.axis, x.shape)[0]!;
      const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, call.attrs.numOrSizeSplits, axis);
      let begin = 0;
      return sizes.map((size) => {
        begin += size;
        return part(call.backend, x, axis, begin - size, size);
      });
    },
  },
  {
    kernelName: "Unpack",
    kernelFunc(call: Call<"value", { axis: number }>): tf.TensorInfo[] {
      const { value } = call.inputs;
      if (value.dtype !== "float32") return runOriginal("Unpack", call);
      const axis = tf.util.parseAxisParam(call.attrs.axis, value.shape)[0]!;
      return Array.from({ length: value.shape[axis]! }, (_, i) => {
        const slice = part(call.backend, value, axis, i, 1);
        return { ...slice, shape: value.shape.toSpliced(axis, 1) };
      });
    },
  },
];

interface JoinCall {
  readonly inputs: readonly tf.TensorInfo[];
  readonly backend: BackendWasm;
  readonly attrs: { readonly axis: number };
}

function join(
  backend: BackendWasm,
  xs: readonly tf.TensorInfo[],
  axis: number,
  shape: number[],
): tf.TensorInfo {
  const out = backend.makeOutput(shape, "float32");
  const to = floats(backend, out);
  const rows = tf.util.sizeFromShape(shape.slice(0, axis));
  const rowSize = to.length / rows;
  let offset = 0;
  for (const x of xs) {
    const from = floats(backend, x);
    const run = from.length / rows;
    copyRuns(from, run, to.subarray(offset), rowSize, rows, run);
    offset += run;
  }
  return out;
}

function part(
  backend: BackendWasm,
  x: tf.TensorInfo,
  axis: number,
  begin: number,
  size: number,
): tf.TensorInfo {
  const out = backend.makeOutput(x.shape.with(axis, size), "float32");
  const from = floats(backend, x);
  const rows = tf.util.sizeFromShape(x.shape.slice(0, axis));
  const inner = tf.util.sizeFromShape(x.shape.slice(axis + 1));
  const run = size * inner;
  copyRuns(from.subarray(begin * inner), from.length / rows, floats(backend, out), run, rows, run);
  return out;
}

/** Copies the first `run` elements of each of `rows` rows; a row begins every `step` elements. */
function copyRuns(
  from: Float32Array,
  fromStep: number,
  to: Float32Array,
  toStep: number,
  rows: number,
  run: number,
): void {
  for (let row = 0; row < rows; row++) {
    const [source, target] = [row * fromStep, row * toStep];
    if (run > 64) to.set(from.subarray(source, source + run), target);
    else for (let i = 0; i < run; i++) to[target + i] = from[source + i]!;
  }
}
