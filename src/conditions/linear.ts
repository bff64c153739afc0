import type { ImageShape } from "../data/field.ts";
import * as tf from "../tensors/tf.ts";

/** A matrix of float64, row-major [rows, columns]. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** A linear map of an image and its transpose, the same for each channel. */
export interface LinearMap {
  /** One image on the host: [H, W, C] -> [h, w, C]. */
  apply(x: ArrayLike<number>): Float64Array;
  /** The same of a batch, [B, D] -> [B, M], as products with matrices. */
  forward(x: tf.Tensor2D): tf.Tensor2D;
  /** [B, M] -> [B, D] */
  adjoint(y: tf.Tensor2D): tf.Tensor2D;
}

export function matrix(
  rows: number,
  columns: number,
  value: (row: number, column: number) => number,
): Matrix {
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < values.length; i++) values[i] = value(Math.floor(i / columns), i % columns);
  return { rows, columns, values };
}

/** A product with a matrix of all pixels of a channel, [rows, H·W]; the host leaves out its zeros. */
export function denseMap(A: Matrix, [H, W, C]: ImageShape): LinearMap {
  if (A.columns !== H * W) throw new Error(`a matrix of ${A.columns} columns for ${H}x${W} pixels`);
  const sparse = sparseRows(A);
  const product = (x: tf.Tensor2D, from: number, transposed: boolean): tf.Tensor2D => {
    const B = x.shape[0];
    const channels = tf.reshape(tf.transpose(tf.reshape(x, [B, from, C]), [0, 2, 1]), [B * C, from]);
    const result = tf.matMul(channels as tf.Tensor2D, onDevice(A), false, transposed);
    return tf.reshape(tf.transpose(tf.reshape(result, [B, C, -1]), [0, 2, 1]), [B, -1]);
  };
  return {
    apply(x) {
      const y = new Float64Array(A.rows * C);
      for (let c = 0; c < C; c++) addProduct(sparse, { x, from: c, step: C }, { y, from: c, step: C });
      return y;
    },
    forward: (x) => product(x, A.columns, true),
    adjoint: (y) => product(y, A.rows, false),
  };
}

/** The same matrix for all columns of an image and another for all its rows: Y = V X Uᵀ with V [h, H] and U [w, W]. */
export function separableMap(V: Matrix, U: Matrix, [H, W, C]: ImageShape): LinearMap {
  const alongRows = denseMap(V, [H, 1, 1]);
  const alongColumns = denseMap(U, [W, 1, 1]);
  const [down, across] = [sparseRows(V), sparseRows(U)];
  /** [B, H·W·C] by the two matrices, one axis after the other. */
  const product = (
    x: tf.Tensor2D,
    [height, width]: readonly [number, number],
    first: (x: tf.Tensor2D) => tf.Tensor2D,
    second: (x: tf.Tensor2D) => tf.Tensor2D,
  ): tf.Tensor2D => {
    const B = x.shape[0];
    const byColumn = tf.transpose(tf.reshape(x, [B, height, width * C]), [0, 2, 1]); // [B, W·C, H]
    const down = first(tf.reshape(byColumn, [-1, height])); // [B·W·C, h]
    const byRow = tf.transpose(tf.reshape(down, [B, width, C, -1]), [0, 3, 2, 1]); // [B, h, C, W]
    const across = second(tf.reshape(byRow, [-1, width])); // [B·h·C, w]
    const channels = tf.reshape(across, [B, byRow.shape[1]!, C, -1]);
    return tf.reshape(tf.transpose(channels, [0, 1, 3, 2]), [B, -1]);
  };
  return {
    apply(x) {
      const [h, w] = [V.rows, U.rows];
      const half = new Float64Array(h * W * C); // [h, W, C]
      for (let i = 0; i < W * C; i++)
        addProduct(down, { x, from: i, step: W * C }, { y: half, from: i, step: W * C });
      const y = new Float64Array(h * w * C);
      for (let row = 0; row < h; row++) {
        for (let c = 0; c < C; c++) {
          const [from, to] = [
            { x: half, from: row * W * C + c, step: C },
            { y, from: row * w * C + c, step: C },
          ];
          addProduct(across, from, to);
        }
      }
      return y;
    },
    forward: (x) => product(x, [H, W], alongRows.forward, alongColumns.forward),
    adjoint: (y) => product(y, [V.rows, U.rows], alongRows.adjoint, alongColumns.adjoint),
  };
}

/** Of float32, as backends have it; within a tidy. */
const onDevice = ({ rows, columns, values }: Matrix): tf.Tensor2D =>
  tf.tensor2d(Float32Array.from(values), [rows, columns]);

/** A matrix without its zeros: `columns` and `values` of row r are those from starts[r] to before starts[r + 1]. */
interface SparseRows {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

function sparseRows({ rows, columns, values }: Matrix): SparseRows {
  const starts = new Uint32Array(rows + 1);
  const kept: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let i = row * columns; i < (row + 1) * columns; i++) if (values[i] !== 0) kept.push(i);
    starts[row + 1] = kept.length;
  }
  return {
    starts,
    columns: Uint32Array.from(kept, (i) => i % columns),
    values: Float64Array.from(kept, (i) => values[i]!),
  };
}

/** y += A x, of every `step`-th value of both. */
function addProduct(
  { starts, columns, values }: SparseRows,
  { x, from, step }: { x: ArrayLike<number>; from: number; step: number },
  to: { y: Float64Array; from: number; step: number },
): void {
  const { y } = to;
  for (let row = 0, place = to.from; row + 1 < starts.length; row++, place += to.step) {
    let sum = 0;
    for (let i = starts[row]!; i < starts[row + 1]!; i++) sum += values[i]! * x[from + columns[i]! * step]!;
    y[place]! += sum;
  }
}

/** A x as an image: what is below 0 or above 1 is cut off, as an estimate of x knows that x is not. */
export const imageOf = (map: LinearMap, y: ArrayLike<number>): Float32Array =>
  Float32Array.from(map.apply(y), (v) => Math.min(1, Math.max(0, v)));
