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
  kernelFunc(call: FilterGradientCall): tf.TensorInfo {
    const { inputs, backend, attrs } = call;
    const info = convInfo(inputs.x.shape as Shape, attrs.filterShape, attrs);
    if (tf.util.sizeFromShape(attrs.filterShape.slice(0, 3)) <= 64) return filterGradientByPatches(call);
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
      {
        ...unitConv([padInfo.top, Math.max(0, below)], [padInfo.left, Math.max(0, right)]),
        dilations: [strideHeight, strideWidth],
      },
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
 * The same for few taps and channels, where laying out dy as a filter would cost more than the sum itself. Here the
 * patches of x that the taps see are laid out, by a convolution with the identity.
 */
function filterGradientByPatches({ inputs, backend, attrs }: FilterGradientCall): tf.TensorInfo {
  const { x, dy } = inputs;
  const [KH, KW, C, O] = attrs.filterShape;
  const [patch, pixels] = [KH * KW * C, tf.util.sizeFromShape(dy.shape) / O];
  const scratch = new Scratch(backend);
  const identity = scratch.add(zeros(backend, [KH, KW, C, patch]));
  const diagonal = floats(backend, identity);
  for (let i = 0; i < patch; i++) diagonal[i * patch + i] = 1;
  const { padInfo, strideHeight, strideWidth } = convInfo(x.shape as Shape, attrs.filterShape, attrs);
  const rows: [number, number] = [padInfo.top, padInfo.bottom];
  const columns: [number, number] = [padInfo.left, padInfo.right];
  const conv = { ...unitConv(rows, columns), strides: [strideHeight, strideWidth] };
  const patches = scratch.run("Conv2D", { x, filter: identity }, conv); // [B, OH, OW, patch]
  const dw = run(
    "BatchMatMul",
    backend,
    { a: reshaped(patches, [pixels, patch]), b: reshaped(dy, [pixels, O]) },
    { transposeA: true, transposeB: false },
  );
  scratch.dispose();
  return reshaped(dw, attrs.filterShape);
}

/**
 * ∂L/∂x, which is also the transposed convolution; the package's kernel is a scalar loop. The pixels of x fall into s·s
 * phases by (row + p) mod s and (column + p) mod s. Phase r meets every s-th tap of w only: along each side
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
    // XNNPACK computes eight output channels at a time: with few channels, all phases go into one convolution.
    const together = info.inChannels < 8;
    const vertical = sidePhases("Height", info, info.padInfo.top, together);
    const horizontal = sidePhases("Width", info, info.padInfo.left, together);

    const dx = zeros(backend, info.inShape); // as it stays where no tap sees a pixel
    const scratch = new Scratch(backend);
    for (const rows of vertical) {
      for (const columns of horizontal) {
        const taps = scratch.add(phaseFilter(backend, filter, rows, columns));
        const part = scratch.run("Conv2D", { x: dy, filter: taps }, unitConv(rows.pad, columns.pad));
        place(floats(backend, part), part.shape as Shape, floats(backend, dx), info.inShape, rows, columns);
      }
    }
    scratch.dispose();
    return dx;
  },
};

type Shape = [number, number, number, number];
type FilterGradientCall = Call<"x" | "dy", ConvAttrs & { filterShape: Shape }>;

/** The sizes of a convolution, checked: XNNPACK computes them itself, and where the two differ memory is overwritten. */
function convInfo(x: Shape, filter: Shape, { strides, pad, dataFormat, dimRoundingMode }: ConvAttrs) {
  if (dataFormat !== "NHWC")
    throw new Error(`convolutions on wasm need the data format NHWC, not ${dataFormat}`);
  const info = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = info.padInfo;
  const height = Math.floor((info.inHeight + top + bottom - info.filterHeight) / info.strideHeight) + 1;
  const width = Math.floor((info.inWidth + left + right - info.filterWidth) / info.strideWidth) + 1;
  if (height !== info.outHeight || width !== info.outWidth) {
    throw new Error(
      `a convolution of ${info.inHeight}x${info.inWidth} pixels, padded by ${[top, bottom, left, right]}, has ` +
        `${height}x${width} outputs, but TensorFlow.js expects ${info.outHeight}x${info.outWidth}: it takes the ` +
        "filter and the strides for square; give the padding for each side",
    );
  }
  return info;
}

/** Padding always as numbers: with "same" XNNPACK pads by itself, and corrupts memory where the filter is too small. */
const unitConv = (rows: [number, number], columns: [number, number]) => ({
  strides: [1, 1],
  pad: [[0, 0], rows, columns, [0, 0]],
  dataFormat: "NHWC",
  dilations: [1, 1],
});

const reshaped = (x: tf.TensorInfo, shape: number[]): tf.TensorInfo => ({ ...x, shape });

/** Phases along one side that are computed in one convolution. */
interface Phases {
  readonly stride: number;
  readonly padding: number;
  /** The numbers r of the phases. */
  readonly residues: readonly number[];
  /** The values of t, in reverse order; a phase may lack the first, which is the largest. */
  readonly taps: readonly number[];
  /** The padding of dy, and the q of the first pixel that the convolution then gives. */
  readonly pad: [number, number];
  readonly begin: number;
}

function sidePhases(
  side: "Height" | "Width",
  info: ReturnType<typeof convInfo>,
  padding: number,
  together: boolean,
): Phases[] {
  const [size, outSize] = [info[`in${side}`], info[`out${side}`]];
  const [kernel, stride] = [info[`filter${side}`], info[`stride${side}`]];
  const all = [...Array(Math.min(stride, kernel)).keys()];
  return (together ? [all] : all.map((r) => [r])).map((residues) => {
    const r = residues[0]!; // it has the most taps and the last pixel
    const taps = [...Array(Math.ceil((kernel - r) / stride)).keys()].reverse();
    const first = Math.ceil(Math.max(0, padding - residues.at(-1)!) / stride);
    const last = Math.floor((size - 1 + padding - r) / stride);
    // Without padding a convolution goes from q = taps − 1 to q = outSize − 1.
    const before = Math.max(0, taps.length - 1 - first);
    const after = Math.max(0, last - outSize + 1);
    return { stride, padding, residues, taps, pad: [before, after], begin: taps.length - 1 - before };
  });
}

/** [KH, KW, C, O] -> [row taps, column taps, O, row residues · column residues · C] */
function phaseFilter(
  backend: BackendWasm,
  filter: tf.TensorInfo,
  rows: Phases,
  columns: Phases,
): tf.TensorInfo {
  const [height, width, C, O] = filter.shape as Shape;
  const channels = rows.residues.length * columns.residues.length * C;
  const out = backend.makeOutput([rows.taps.length, columns.taps.length, O, channels], "float32");
  const [from, to] = [floats(backend, filter), floats(backend, out)];
  let i = 0;
  for (const rowTap of rows.taps) {
    for (const columnTap of columns.taps) {
      for (let o = 0; o < O; o++) {
        for (const rowResidue of rows.residues) {
          for (const columnResidue of columns.residues) {
            const m = rowResidue + rows.stride * rowTap;
            const n = columnResidue + columns.stride * columnTap;
            const inside = m < height && n < width;
            for (let c = 0; c < C; c++) to[i++] = inside ? from[((m * width + n) * C + c) * O + o]! : 0;
          }
        }
      }
    }
  }
  return out;
}

/** Copies phases, [B, h, w, row residues · column residues · C], to their places in dx, [B, H, W, C]. */
function place(
  part: Float32Array,
  [B, height, width]: Shape,
  dx: Float32Array,
  [, H, W, C]: Shape,
  rows: Phases,
  columns: Phases,
): void {
  let from = 0;
  for (let b = 0; b < B; b++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (const rowResidue of rows.residues) {
          const i = rows.stride * (rows.begin + row) + rowResidue - rows.padding;
          for (const columnResidue of columns.residues) {
            const j = columns.stride * (columns.begin + column) + columnResidue - columns.padding;
            if (i >= 0 && i < H && j >= 0 && j < W) {
              const to = ((b * H + i) * W + j) * C;
              for (let c = 0; c < C; c++) dx[to + c] = part[from + c]!;
            }
            from += C;
          }
        }
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
