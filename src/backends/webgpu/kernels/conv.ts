import * as tf from "../../../tensors/tf.ts";
import type { Activation } from "./activations.ts";
import { weightsGrad } from "./dense.ts";
import { type Call, type Repair, runOriginal, type WebGPUBackend } from "./kernel.ts";
import {
  K,
  M,
  type Matrix,
  N,
  NONE,
  ONES,
  type Operand,
  repeated,
  rowMajor,
  type Source,
  throughActivation,
} from "./matrix.ts";
import { multiply } from "./product.ts";

type Shape = [number, number, number, number];
type Info = tf.Conv2DInfo;

interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.ExplicitPadding;
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dilations?: [number, number] | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/**
 * The sizes of a convolution y[b, i, j, o] = Σ over u, v, c of x[b, i·s + u − p, j·s + v − p, c] · w[u, v, c, o], with
 * stride s and padding p. Images are [B, H, W, C] and [B, OH, OW, O], the filter is [KH, KW, C, O].
 */
const infoOf = (x: readonly number[], filter: readonly number[], attrs: ConvAttrs): Info =>
  tf.backend_util.computeConv2DInfo(
    x as Shape,
    filter as Shape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );

/** What the filter sees at each place: [B·OH·OW, KH·KW·C]. The number of rows is WGSL. */
function patches(x: Source, rows: string, info: Info): Operand {
  const { outHeight: OH, outWidth: OW, filterHeight: KH, filterWidth: KW, padInfo } = info;
  const { inHeight: H, inWidth: W, inChannels: C } = info;
  return {
    ...x,
    // Negative numbers wrap around, and are too large then as well.
    address: `
    if (row >= ${rows} || column >= ${KH * KW * C}u) { return ${NONE}; }
    let tap = column / ${C}u;
    let h = row / ${OW}u % ${OH}u * ${info.strideHeight}u + tap / ${KW}u - ${padInfo.top}u;
    let w = row % ${OW}u * ${info.strideWidth}u + tap % ${KW}u - ${padInfo.left}u;
    if (h >= ${H}u || w >= ${W}u) { return ${NONE}; }
    return ((row / ${OH * OW}u * ${H}u + h) * ${W}u + w) * ${C}u + column % ${C}u;`,
    packed: C % 4 === 0,
  };
}

interface Layer {
  readonly input: Source;
  readonly filter: tf.TensorInfo;
  readonly bias?: tf.TensorInfo;
  readonly activation?: Activation;
}

/** y = f(x ∗ w + b), with a bias for each channel: [B, H, W, C] -> [B, OH, OW, O] */
function convolve(
  backend: WebGPUBackend,
  info: Info,
  { input, filter, bias, ...rest }: Layer,
): tf.TensorInfo {
  const { outChannels: O } = info;
  const y = backend.makeTensorInfo(info.outShape, "float32");
  multiply(backend, {
    ...rest,
    name: "Conv",
    rows: info.batchSize * info.outHeight * info.outWidth,
    columns: O,
    depth: info.filterHeight * info.filterWidth * info.inChannels,
    a: patches(input, M, info),
    b: rowMajor({ tensor: filter }, K, N, O),
    bias: bias && repeated(bias),
    outputs: [rowMajor({ tensor: y }, M, N, O)],
  });
  return y;
}

/**
 * The transposed convolution, which is also the gradient of the input of a convolution: [B, OH, OW, O] -> [B, H, W, C].
 * The bias is for each channel or for each number of an image. The pixels of the result fall into s·s phases r by
 * (row + p) mod s and (column + p) mod s; phase r meets every s-th tap of w only. Along each side
 *
 *     x[s·q + r − p] = Σ over t of y[q − t] · w[r + s·t].
 *
 * So it is a product, [B·Q·Q, T·T·O]·[T·T·O, s·s·C], with the phases side by side. Where s does not divide the size of
 * the filter, some phases have a tap less, and that is multiplied as 0.
 */
function convolveTransposed(
  backend: WebGPUBackend,
  info: Info,
  { input, filter, bias, ...rest }: Layer,
): tf.TensorInfo {
  const { inHeight: H, inWidth: W, inChannels: C, outHeight: OH, outWidth: OW, outChannels: O } = info;
  const { filterHeight: KH, filterWidth: KW, strideHeight: SH, strideWidth: SW, padInfo } = info;
  const [tapsDown, tapsAcross] = [Math.ceil(KH / SH), Math.ceil(KW / SW)];
  // The first q, and how many there are.
  const [top, left] = [Math.floor(padInfo.top / SH), Math.floor(padInfo.left / SW)];
  const height = Math.floor((H - 1 + padInfo.top) / SH) + 1 - top;
  const width = Math.floor((W - 1 + padInfo.left) / SW) + 1 - left;

  const seen: Operand = {
    ...input,
    address: `
    if (row >= ${M} || column >= ${K}) { return ${NONE}; }
    let tap = column / ${O}u;
    let h = row / ${width}u % ${height}u + ${top}u - tap / ${tapsAcross}u;
    let w = row % ${width}u + ${left}u - tap % ${tapsAcross}u;
    if (h >= ${OH}u || w >= ${OW}u) { return ${NONE}; }
    return ((row / ${height * width}u * ${OH}u + h) * ${OW}u + w) * ${O}u + column % ${O}u;`,
    packed: O % 4 === 0,
  };
  const phases: Operand = {
    tensor: filter,
    address: `
    if (row >= ${N} || column >= ${K}) { return ${NONE}; }
    let phase = row / ${C}u;
    let tap = column / ${O}u;
    let u = phase / ${SW}u + ${SH}u * (tap / ${tapsAcross}u);
    let v = phase % ${SW}u + ${SW}u * (tap % ${tapsAcross}u);
    if (u >= ${KH}u || v >= ${KW}u) { return ${NONE}; }
    return ((u * ${KW}u + v) * ${C}u + row % ${C}u) * ${O}u + column % ${O}u;`,
    packed: O % 4 === 0,
  };
  const pixels = (tensor: tf.TensorInfo, pixel: string): Matrix => ({
    tensor,
    address: `
    if (row >= ${M} || column >= ${N}) { return ${NONE}; }
    let phase = column / ${C}u;
    let h = ${SH}u * (row / ${width}u % ${height}u + ${top}u) + phase / ${SW}u - ${padInfo.top}u;
    let w = ${SW}u * (row % ${width}u + ${left}u) + phase % ${SW}u - ${padInfo.left}u;
    if (h >= ${H}u || w >= ${W}u) { return ${NONE}; }
    return (${pixel}) * ${C}u + column % ${C}u;`,
    packed: C % 4 === 0,
  });

  const x = backend.makeTensorInfo(info.inShape, "float32");
  const place = `h * ${W}u + w`;
  multiply(backend, {
    ...rest,
    name: "ConvTransposed",
    rows: info.batchSize * height * width,
    columns: SH * SW * C,
    depth: tapsDown * tapsAcross * O,
    a: seen,
    b: phases,
    transposeB: true,
    bias: bias && pixels(bias, bias.shape.length === 1 ? "0u" : place),
    outputs: [pixels(x, `row / ${height * width}u * ${H * W}u + ${place}`)],
  });
  return x;
}

/** ∂L/∂w -> [KH, KW, C, O] and, of a bias for each channel, ∂L/∂b -> [O]: sums over the batch and all places. */
const filterGrad = (backend: WebGPUBackend, info: Info, x: Source, dy: Source) =>
  weightsGrad(backend, {
    name: "ConvWeightsGrad",
    shape: [...info.filterShape],
    depth: info.batchSize * info.outHeight * info.outWidth,
    x: patches(x, K, info),
    dy: rowMajor(dy, K, N, info.outChannels),
    maySplit: true,
  });

/** ∂L/∂b for a bias of the given shape, the last dimensions of dy: the sum over the others. */
function biasGrad(backend: WebGPUBackend, shape: number[], dy: Source): tf.TensorInfo {
  const columns = tf.util.sizeFromShape(shape);
  const dBias = backend.makeTensorInfo(shape, "float32");
  multiply(backend, {
    name: "ConvBiasGrad",
    rows: 1,
    columns,
    depth: tf.util.sizeFromShape(dy.tensor.shape) / columns,
    a: ONES,
    b: rowMajor(dy, K, N, columns),
    outputs: [rowMajor({ tensor: dBias }, M, N, columns)],
    maySplit: true,
  });
  return dBias;
}

type LayerCall<Inputs extends string, Sizes = unknown> = Call<
  Inputs,
  ConvAttrs & { readonly activation: Activation } & Sizes
>;
type InputShape = { readonly inputShape: Shape };
type FilterShape = { readonly filterShape: Shape };

/** The kernels of `networks/convolution.ts`. `inputShape` is that of the larger images, also where those are the result. */
export const convKernels: readonly Repair[] = [
  {
    kernelName: "Conv",
    kernelFunc({ inputs: { x, filter, bias }, backend, attrs }: LayerCall<"x" | "filter" | "bias">) {
      const info = infoOf(x.shape, filter.shape, attrs);
      return convolve(backend, info, { input: { tensor: x }, filter, bias, activation: attrs.activation });
    },
  },
  {
    kernelName: "ConvInputGrad",
    kernelFunc({ inputs: { dy, y, filter }, backend, attrs }: LayerCall<"dy" | "y" | "filter", InputShape>) {
      const info = infoOf(attrs.inputShape, filter.shape, attrs);
      return convolveTransposed(backend, info, {
        input: throughActivation(dy, attrs.activation, y),
        filter,
      });
    },
  },
  {
    kernelName: "ConvWeightsGrad",
    kernelFunc({ inputs: { x, y, dy }, backend, attrs }: LayerCall<"x" | "y" | "dy", FilterShape>) {
      const info = infoOf(x.shape, attrs.filterShape, attrs);
      return filterGrad(backend, info, { tensor: x }, throughActivation(dy, attrs.activation, y));
    },
  },
  {
    kernelName: "ConvTransposed",
    kernelFunc({ inputs, backend, attrs }: LayerCall<"x" | "filter" | "bias", InputShape>) {
      const { x, filter, bias } = inputs;
      const info = infoOf(attrs.inputShape, filter.shape, attrs);
      const { activation } = attrs;
      return convolveTransposed(backend, info, { input: { tensor: x }, filter, bias, activation });
    },
  },
  {
    kernelName: "ConvTransposedInputGrad",
    kernelFunc({ inputs: { dy, y, filter }, backend, attrs }: LayerCall<"dy" | "y" | "filter">) {
      const info = infoOf(dy.shape, filter.shape, attrs);
      return convolve(backend, info, { input: throughActivation(dy, attrs.activation, y), filter });
    },
  },
  {
    kernelName: "ConvTransposedFilterGrad",
    kernelFunc({ inputs: { x, y, dy }, backend, attrs }: LayerCall<"x" | "y" | "dy", FilterShape>) {
      const info = infoOf(dy.shape, attrs.filterShape, attrs);
      return onlyFilter(
        backend,
        filterGrad(backend, info, throughActivation(dy, attrs.activation, y), { tensor: x }),
      );
    },
  },
  {
    kernelName: "ConvTransposedBiasGrad",
    kernelFunc: ({ inputs: { y, dy }, backend, attrs }: LayerCall<"y" | "dy", { biasShape: number[] }>) =>
      biasGrad(backend, attrs.biasShape, throughActivation(dy, attrs.activation, y)),
  },
];

function onlyFilter(backend: WebGPUBackend, [dFilter, dBias]: readonly [tf.TensorInfo, tf.TensorInfo]) {
  backend.disposeData(dBias.dataId);
  return dFilter;
}

/** The package's gradient of the filter has a thread for each weight, and its gradient of the input one for each pixel. */
export const convRepairs: readonly Repair[] = [
  {
    kernelName: "Conv2D",
    kernelFunc(call: Call<"x" | "filter", ConvAttrs>) {
      const { inputs, backend, attrs } = call;
      const { x, filter } = inputs;
      if (!isPlain(call)) return runOriginal("Conv2D", call);
      return convolve(backend, infoOf(x.shape, filter.shape, attrs), { input: { tensor: x }, filter });
    },
  },
  {
    kernelName: "Conv2DBackpropInput",
    kernelFunc(call: Call<"dy" | "filter", ConvAttrs & InputShape>) {
      const { inputs, backend, attrs } = call;
      const { dy, filter } = inputs;
      if (!isPlain(call)) return runOriginal("Conv2DBackpropInput", call);
      const info = infoOf(attrs.inputShape, filter.shape, attrs);
      return convolveTransposed(backend, info, { input: { tensor: dy }, filter });
    },
  },
  {
    kernelName: "Conv2DBackpropFilter",
    kernelFunc(call: Call<"x" | "dy", ConvAttrs & FilterShape>) {
      const { inputs, backend, attrs } = call;
      const { x, dy } = inputs;
      if (!isPlain(call)) return runOriginal("Conv2DBackpropFilter", call);
      const info = infoOf(x.shape, attrs.filterShape, attrs);
      return onlyFilter(backend, filterGrad(backend, info, { tensor: x }, { tensor: dy }));
    },
  },
];

/** Whether it is a convolution of the kind above. */
const isPlain = ({ inputs, attrs: { dataFormat = "NHWC", dilations = 1 } }: Call<string, ConvAttrs>) =>
  dataFormat === "NHWC" &&
  [dilations].flat().every((d) => d === 1) &&
  Object.values(inputs).every(({ dtype, shape }) => dtype === "float32" && !shape.includes(0));
