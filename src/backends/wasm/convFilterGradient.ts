import * as tf from "../../tensors/tf.ts";
import { type ConvAttrs, convInfo, reshaped, Scratch, type Shape, unitConv, zeros } from "./convTools.ts";
import { floats } from "./heap.ts";
import { type Call, type Repair, run } from "./kernel.ts";

type FilterGradientCall = Call<"x" | "dy", ConvAttrs & { filterShape: Shape }>;

/**
 * ∂L/∂w[m, n, c, o] = Σ over b, i, j of x[b, i·s + m − p, j·s + n − p, c] · dy[b, i, j, o]; the package has no such kernel.
 * It is a convolution of x with the filter dy, in which the batch takes the place of the channels and the stride
 * becomes the distance of the filter's taps (its dilation).
 */
export const convFilterGradient: Repair = {
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
