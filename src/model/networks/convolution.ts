import { fusedKernel } from "../../tensors/fusedKernel.ts";
import * as tf from "../../tensors/tf.ts";
import { activate, type LayerActivation } from "./activations.ts";

/** f(x ∗ w + b) with padding "same": x [B, H, W, C], w [K, K, C, O], b [O] -> [B, ⌈H/stride⌉, ⌈W/stride⌉, O] */
export function convolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  { stride, activation }: { stride: number; activation: LayerActivation },
): tf.Tensor4D {
  const composed = () =>
    activate(activation, tf.add<tf.Tensor4D>(tf.conv2d(x, filter, stride, "same"), bias));
  return fusedKernel("Conv", { x, filter, bias }, composed, {
    strides: stride,
    pad: "same",
    activation,
    inputShape: x.shape,
    filterShape: filter.shape,
  });
}

/**
 * The transposed convolution, from images of the shape that `convolution` gives for images of [height, width]: x [B,
 * ⌈height/stride⌉, ⌈width/stride⌉, O], w [K, K, C, O], b [C] or [height, width, C] -> [B, height, width, C]
 */
export function transposedConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  {
    size: [height, width],
    stride,
    activation,
  }: { size: readonly [number, number]; stride: number; activation: LayerActivation },
): tf.Tensor4D {
  const inputShape: tf.Tensor4D["shape"] = [x.shape[0], height, width, filter.shape[2]];
  const composed = () =>
    activate(
      activation,
      tf.add<tf.Tensor4D>(tf.conv2dTranspose(x, filter, inputShape, stride, "same"), bias),
    );
  return fusedKernel("ConvTransposed", { x, filter, bias }, composed, {
    strides: stride,
    pad: "same",
    activation,
    inputShape,
    filterShape: filter.shape,
    biasShape: bias.shape,
  });
}
