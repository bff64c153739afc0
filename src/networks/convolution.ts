import { fusedKernel } from "../fusedKernel.ts";
import * as tf from "../tf.ts";
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

tf.registerGradient({
  kernelName: "Conv",
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc(gradient, saved, attrs) {
    const [x, filter, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = gradient as tf.Tensor;
    // Here and not in one of the functions, which would free what the other one needs.
    const [dFilter, dBias] = tf.engine().runKernel<tf.Tensor[]>("ConvWeightsGrad", { x, y, dy }, attrs) as [
      tf.Tensor,
      tf.Tensor,
    ];
    return {
      x: () => tf.engine().runKernel<tf.Tensor>("ConvInputGrad", { dy, y, filter }, attrs),
      filter: () => dFilter,
      bias: () => dBias,
    };
  },
});

tf.registerGradient({
  kernelName: "ConvTransposed",
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc(gradient, saved, attrs) {
    const [x, filter, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = gradient as tf.Tensor;
    const run = (name: string, inputs: Record<string, tf.Tensor>) =>
      tf.engine().runKernel<tf.Tensor>(name, inputs, attrs);
    return {
      x: () => run("ConvTransposedInputGrad", { dy, y, filter }),
      filter: () => run("ConvTransposedFilterGrad", { x, y, dy }),
      bias: () => run("ConvTransposedBiasGrad", { y, dy }),
    };
  },
});
