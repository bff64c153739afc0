import * as tf from "../../tf.ts";
import { floats } from "./heap.ts";
import { type BackendWasm, type Call, install, type Repair, run } from "./kernel.ts";

interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/**
 * Both gradients of a convolution, from forward convolutions, which XNNPACK computes. (In formulas a convolution is
 * y[b, i, j, o] = Σ x[b, i·s + m − p, j·s + n − p, c] · w[m, n, c, o], with stride s and padding p.) Every filter that is
 * made here is a new tensor: XNNPACK keeps its packed copy of a filter for as long as the tensor lives.
 */
export function installConvGradients(): void {
  if (!tf.getKernel(convFilterGradient.kernelName, "wasm"))
    tf.registerKernel({ ...convFilterGradient, backendName: "wasm" } as tf.KernelConfig);
  install(convInputGradient);
}

/**
 * ∂L/∂w[m, n, c, o] = Σ over b, i, j of x[b, i·s + m − p, j·s + n − p, c] · dy[b, i, j, o]; the package has no such kernel.
 * It is a convolution of x with the filter dy, in which the batch takes the place of the channels and the stride
 * becomes the distance of the filter's taps (its dilation).
 */
const convFilterGradient: Repair = {
  kernelName: "Conv2DBackpropFilter",
  kernelFunc(call: Call<"x" | "dy", ConvAttrs & { filterShape: Shape }>): tf.TensorInfo {
    const { inputs, backend, attrs } = call;
    const info = convInfo(inputs.x.shape as Shape, attrs.filterShape, attrs);
    const { batchSize: B, inHeight, inWidth, inChannels: C, outHeight, outWidth, outChannels: O } = info;
    const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
    const scratch = new Scratch(backend);
    const transpose = (x: tf.TensorInfo, shape: number[], perm: number[]) =>
      scratch.run("Transpose", { x: reshaped(x, shape) }, { perm });

    const columns = transpose(inputs.x, [B, inHeight * inWidth * C], [1, 0]); // [H·W·C, B]
    const image = transpose(columns, [inHeight * inWidth, C, B], [1, 0, 2]); // [C, H·W, B]
    const filter = transpose(inputs.dy, [B, outHeight * outWidth, O], [1, 0, 2]); // [OH·OW, B, O]
    // Padded so that the result is as large as the filter, or larger by the rows that the stride left over.
    const below = filterHeight + (outHeight - 1) * strideHeight - inHeight - padInfo.top;
    const right = filterWidth + (outWidth - 1) * strideWidth - inWidth - padInfo.left;
    let dw = scratch.run(
      "Conv2D",
      {
        x: reshaped(image, [C, inHeight, inWidth, B]),
        filter: reshaped(filter, [outHeight, outWidth, B, O]),
      },
      unitStrideConv(
        [padInfo.top, Math.max(0, below)],
        [padInfo.left, Math.max(0, right)],
        [strideHeight, strideWidth],
      ),
    ); // [C, KH, KW, O]
    const size = [C, filterHeight, filterWidth, O];
    if (below < 0 || right < 0) dw = scratch.run("Slice", { x: dw }, { begin: [0, 0, 0, 0], size });
    const taps = filterHeight * filterWidth;
    const result = run(
      "Transpose",
      backend,
      { x: reshaped(dw, [C, taps, O]) },
      { perm: [1, 0, 2] }, // [C, KH·KW, O] -> [KH·KW, C, O]
    );
    scratch.dispose();
    return reshaped(result, info.filterShape);
  },
};

/**
 * ∂L/∂x, which is also the transposed convolution; the package's kernel is a scalar loop. The pixels of x fall into s·s
 * phases by (row + p) mod s and (column + p) mod s. A phase meets every s-th tap of w only, and along each side
 *
 *     dx[s·q + r − p] = Σ over t of dy[q − t] · w[r + s·t],
 *
 * a convolution of dy with these taps in reverse order.
 */
const convInputGradient: Repair = {
  kernelName: "Conv2DBackpropInput",
  kernelFunc(call: Call<"dy" | "filter", ConvAttrs & { inputShape: Shape }>): tf.TensorInfo {
    const { inputs, backend, attrs } = call;
    const { dy, filter } = inputs;
    const info = convInfo(attrs.inputShape, filter.shape as Shape, attrs);
    const { strideHeight, strideWidth, padInfo } = info;
    const vertical = phases(info.inHeight, info.outHeight, info.filterHeight, strideHeight, padInfo.top);
    const horizontal = phases(info.inWidth, info.outWidth, info.filterWidth, strideWidth, padInfo.left);

    let dx: tf.TensorInfo | undefined;
    const scratch = new Scratch(backend);
    for (const rows of vertical) {
      for (const columns of horizontal) {
        const taps = scratch.add(phaseFilter(backend, filter, rows, columns));
        const part = run("Conv2D", backend, { x: dy, filter: taps }, unitStrideConv(rows.pad, columns.pad));
        if (rows.step * columns.step === 1 && tf.util.arraysEqual(part.shape, info.inShape)) {
          dx = part; // the only phase
        } else {
          scratch.add(part);
          dx ??= zeros(backend, info.inShape);
          place(floats(backend, part), part.shape as Shape, floats(backend, dx), info.inShape, rows, columns);
        }
      }
    }
    scratch.dispose();
    return dx ?? zeros(backend, info.inShape);
  },
};

type Shape = [number, number, number, number];

function convInfo(x: Shape, filter: Shape, { strides, pad, dataFormat, dimRoundingMode }: ConvAttrs) {
  if (dataFormat !== "NHWC")
    throw new Error(`convolutions on wasm need the data format NHWC, not ${dataFormat}`);
  return tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, dimRoundingMode);
}

const unitStrideConv = (rows: [number, number], columns: [number, number], dilations = [1, 1]) => ({
  strides: [1, 1],
  pad: [[0, 0], rows, columns, [0, 0]],
  dataFormat: "NHWC",
  dilations,
});

const reshaped = (x: tf.TensorInfo, shape: number[]): tf.TensorInfo => ({ ...x, shape });

/** One phase along one side. */
interface Phase {
  /** Its taps of w, the last one first. */
  readonly taps: readonly number[];
  /** Its pixels of x: every `step`-th from `first`, `count` of them. */
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** The padding of dy, and how many pixels of the convolution lie before the first. */
  readonly pad: [number, number];
  readonly skip: number;
}

/** The phases that have taps and pixels; the gradient of other pixels is zero. */
function phases(size: number, outSize: number, kernel: number, stride: number, padding: number): Phase[] {
  return Array.from({ length: stride }, (_, r): Phase => {
    const taps = Array.from({ length: Math.ceil((kernel - r) / stride) }, (_, t) => r + stride * t).reverse();
    const q = Math.ceil(Math.max(0, padding - r) / stride); // of the first pixel
    const first = stride * q + r - padding;
    const count = Math.ceil((size - first) / stride);
    // A convolution without padding starts at q = taps − 1 and ends at q = outSize − 1.
    const before = taps.length - 1 - q;
    const after = q + count - outSize;
    const pad: [number, number] = [Math.max(0, before), Math.max(0, after)];
    return { taps, first, step: stride, count, pad, skip: Math.max(0, -before) };
  }).filter(({ taps, count }) => taps.length > 0 && count > 0);
}

/** [KH, KW, C, O] -> [row taps, column taps, O, C] */
function phaseFilter(
  backend: BackendWasm,
  filter: tf.TensorInfo,
  rows: Phase,
  columns: Phase,
): tf.TensorInfo {
  const [, width, C, O] = filter.shape as Shape;
  const out = backend.makeOutput([rows.taps.length, columns.taps.length, O, C], "float32");
  const [from, to] = [floats(backend, filter), floats(backend, out)];
  let i = 0;
  for (const m of rows.taps) {
    for (const n of columns.taps) {
      const tap = (m * width + n) * C * O;
      for (let o = 0; o < O; o++) for (let c = 0; c < C; c++) to[i++] = from[tap + c * O + o]!;
    }
  }
  return out;
}

/** Copies the pixels of a phase, [B, h, w, C], to their places in dx, [B, H, W, C]. */
function place(
  part: Float32Array,
  [B, height, width, C]: Shape,
  dx: Float32Array,
  [, H, W]: Shape,
  rows: Phase,
  columns: Phase,
): void {
  for (let b = 0; b < B; b++) {
    for (let row = 0; row < rows.count; row++) {
      let from = ((b * height + rows.skip + row) * width + columns.skip) * C;
      let to = ((b * H + rows.first + row * rows.step) * W + columns.first) * C;
      for (let column = 0; column < columns.count; column++) {
        for (let c = 0; c < C; c++) dx[to + c] = part[from + c]!;
        from += C;
        to += columns.step * C;
      }
    }
  }
}

function zeros(backend: BackendWasm, shape: number[]): tf.TensorInfo {
  const out = backend.makeOutput(shape, "float32");
  floats(backend, out).fill(0);
  return out;
}

/** Tensors to be disposed of together. */
class Scratch {
  readonly #backend: BackendWasm;
  readonly #tensors: tf.TensorInfo[] = [];

  constructor(backend: BackendWasm) {
    this.#backend = backend;
  }

  add(x: tf.TensorInfo): tf.TensorInfo {
    this.#tensors.push(x);
    return x;
  }

  run(kernelName: string, inputs: Record<string, tf.TensorInfo>, attrs: object): tf.TensorInfo {
    return this.add(run(kernelName, this.#backend, inputs, attrs));
  }

  dispose(): void {
    for (const { dataId } of this.#tensors) this.#backend.disposeData(dataId);
  }
}
