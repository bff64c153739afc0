import type * as tf from "../../tensors/tf.ts";
import { type ConvAttrs, convInfo, Scratch, type Shape, unitConv, zeros } from "./convTools.ts";
import { floats } from "./heap.ts";
import type { BackendWasm, Call, Repair } from "./kernel.ts";

/**
 * ∂L/∂x, which is also the transposed convolution; the package's kernel is a scalar loop. The pixels of x fall into s·s
 * phases by (row + p) mod s and (column + p) mod s. Phase r meets every s-th tap of w only: along each side
 *
 *     dx[s·q + r − p] = Σ over t of dy[q − t] · w[r + s·t],
 *
 * a convolution of dy with these taps in reverse order.
 */
export const convInputGradient: Repair = {
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
  return (together ? [all] : all.map((r) => [r])).flatMap((residues) => {
    const r = residues[0]!; // it has the most taps and the last pixel
    const taps = [...Array(Math.ceil((kernel - r) / stride)).keys()].reverse();
    const first = Math.ceil(Math.max(0, padding - residues.at(-1)!) / stride);
    const last = Math.floor((size - 1 + padding - r) / stride);
    if (last < first) return []; // no pixels
    // Without padding a convolution goes from q = taps − 1 to q = outSize − 1.
    const before = Math.max(0, taps.length - 1 - first);
    const after = Math.max(0, last - outSize + 1);
    return [{ stride, padding, residues, taps, pad: [before, after], begin: taps.length - 1 - before }];
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
