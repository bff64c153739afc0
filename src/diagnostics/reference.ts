/**
 * The operations of the project once more, in float64 and plain loops: slow, and simple enough to be right. No backend of
 * TensorFlow.js is a reference for the others, as each has kernels that are wrong.
 */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, d) => product * d, 1);

export function reference(shape: readonly number[], data: ArrayLike<number>): Reference {
  return { shape, data: Float64Array.from(data) };
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const sum = (values: readonly number[]) => values.reduce((total, x) => total + x, 0);

export function logSumExp(values: readonly number[]): number {
  const max = Math.max(...values);
  return max + Math.log(sum(values.map((x) => Math.exp(x - max))));
}

/** Each element by itself. */
export const map =
  (f: (x: number) => number) =>
  ({ shape, data }: Reference): Reference => ({ shape, data: data.map(f) });

/** Two arrays element by element, with NumPy's broadcasting. */
export const zip =
  (f: (a: number, b: number) => number) =>
  (a: Reference, b: Reference): Reference => {
    const rank = Math.max(a.shape.length, b.shape.length);
    const padded = (x: Reference) => [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
    const [sa, sb] = [padded(a), padded(b)];
    const shape = sa.map((d, i) => Math.max(d, sb[i]!));
    const at = (x: Reference, s: number[], index: number[]) =>
      x.data[index.reduce((offset, i, axis) => offset * s[axis]! + (s[axis] === 1 ? 0 : i), 0)]!;
    const out = build(shape, (index) => f(at(a, sa, index), at(b, sb, index)));
    return { shape, data: out };
  };

/** Reduces one axis, which goes away. */
export const reduce =
  (axis: number, f: (values: number[]) => number) =>
  (x: Reference): Reference => {
    const shape = x.shape.filter((_, i) => i !== axis);
    const length = x.shape[axis]!;
    return {
      shape,
      data: build(shape, (index) =>
        f(Array.from({ length }, (_, k) => get(x, [...index.slice(0, axis), k, ...index.slice(axis)]))),
      ),
    };
  };

/** A new array whose element at `index` is taken from `x` at `from(index)`; nothing (0) where that is `undefined`. */
export const pick =
  (shape: (x: Reference) => number[], from: (index: number[], x: Reference) => number[] | undefined) =>
  (x: Reference): Reference => {
    const target = shape(x);
    return {
      shape: target,
      data: build(target, (index) => {
        const source = from(index, x);
        return source === undefined ? 0 : get(x, source);
      }),
    };
  };

/** [N, M] -> [M, N] */
export const transpose = pick(
  ({ shape: [n, m] }) => [m!, n!],
  ([i, j]) => [j!, i!],
);

/** [N, A], [N, B] -> [N, A + B] */
export function concat(a: Reference, b: Reference): Reference {
  const [n, width] = a.shape as [number, number];
  const shape = [n, width + b.shape[1]!];
  return {
    shape,
    data: build(shape, ([i, j]) => (j! < width ? get(a, [i!, j!]) : get(b, [i!, j! - width]))),
  };
}

/** [N, K] · [K, M] -> [N, M] */
export function matMul(a: Reference, b: Reference): Reference {
  const [n, k] = a.shape as [number, number];
  const m = b.shape[1]!;
  const shape = [n, m];
  const dot = (i: number, j: number) => {
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a.data[i * k + l]! * b.data[l * m + j]!;
    return sum;
  };
  return { shape, data: build(shape, ([i, j]) => dot(i!, j!)) };
}

/** x [B, H, W, C] with filter [h, w, C, O], padding "same" as TensorFlow does it -> [B, H/s, W/s, O] */
export const conv2d =
  (stride: number) =>
  (x: Reference, filter: Reference): Reference => {
    const [B, H, W, C] = x.shape as [number, number, number, number];
    const [h, w, , O] = filter.shape as [number, number, number, number];
    const [outH, outW] = [Math.ceil(H / stride), Math.ceil(W / stride)];
    const [top, left] = [padding(H, h, stride), padding(W, w, stride)];
    const shape = [B, outH, outW, O];
    const data = build(shape, (index) => {
      const [b, i, j, o] = index as [number, number, number, number];
      let sum = 0;
      for (let u = 0; u < h; u++) {
        for (let v = 0; v < w; v++) {
          const [row, column] = [i * stride + u - top, j * stride + v - left];
          if (row < 0 || row >= H || column < 0 || column >= W) continue;
          const [from, weights] = [((b * H + row) * W + column) * C, (u * w + v) * C * O + o];
          for (let c = 0; c < C; c++) sum += x.data[from + c]! * filter.data[weights + c * O]!;
        }
      }
      return sum;
    });
    return { shape, data };
  };

/** The transpose of `conv2d` as a linear map: x [B, H/s, W/s, O] with filter [h, w, C, O] -> [B, H, W, C] */
export const conv2dTranspose =
  (stride: number, [H, W]: readonly [H: number, W: number]) =>
  (x: Reference, filter: Reference): Reference => {
    const [B, inH, inW, O] = x.shape as [number, number, number, number];
    const [h, w, C] = filter.shape as [number, number, number, number];
    const [top, left] = [padding(H, h, stride), padding(W, w, stride)];
    const shape = [B, H, W, C];
    const data = build(shape, (index) => {
      const [b, i, j, c] = index as [number, number, number, number];
      let sum = 0;
      for (let u = 0; u < h; u++) {
        for (let v = 0; v < w; v++) {
          const [row, column] = [(i + top - u) / stride, (j + left - v) / stride];
          if (!Number.isInteger(row) || row < 0 || row >= inH) continue;
          if (!Number.isInteger(column) || column < 0 || column >= inW) continue;
          const [from, weights] = [((b * inH + row) * inW + column) * O, ((u * w + v) * C + c) * O];
          for (let o = 0; o < O; o++) sum += x.data[from + o]! * filter.data[weights + o]!;
        }
      }
      return sum;
    });
    return { shape, data };
  };

/** Rows before the first, with padding "same" as TensorFlow does it. */
const padding = (size: number, filter: number, stride: number) =>
  Math.floor(Math.max(0, (Math.ceil(size / stride) - 1) * stride + filter - size) / 2);

/** Some elements of the gradient of Σ weights · f(inputs) with respect to one input, by central differences. */
export async function differences(
  f: (...inputs: Reference[]) => Reference | Promise<Reference>,
  inputs: readonly Reference[],
  weights: Float64Array,
  position: number,
  elements: readonly number[],
): Promise<number[]> {
  const step = 1e-5; // the error is about step² in the third derivative, and 1e-16 / step in rounding
  const { shape, data } = inputs[position]!;
  const at = async (element: number, x: number) => {
    const moved = { shape, data: data.with(element, x) };
    return (await f(...inputs.with(position, moved))).data.reduce((sum, y, i) => sum + weights[i]! * y, 0);
  };
  const slopes: number[] = [];
  for (const element of elements) {
    const x = data[element]!;
    slopes.push(((await at(element, x + step)) - (await at(element, x - step))) / (2 * step));
  }
  return slopes;
}

function get(x: Reference, index: readonly number[]): number {
  return x.data[index.reduce((offset, i, axis) => offset * x.shape[axis]! + i, 0)]!;
}

/** Calls `f` with each index of `shape` in row-major order. */
function build(shape: readonly number[], f: (index: number[]) => number): Float64Array {
  const index = shape.map(() => 0);
  return Float64Array.from({ length: sizeOf(shape) }, (_, n) => {
    if (n > 0) {
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis]!++;
        if (index[axis]! < shape[axis]!) break;
        index[axis] = 0;
      }
    }
    return f(index);
  });
}
