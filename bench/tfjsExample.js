import { input, layers, model, sequential } from "@tensorflow/tfjs-layers";
import * as tf from "../dist/tensors/tf.js";

/**
 * The training step of fashion-mnist-vae in tfjs-examples, written anew in its way: layers, mean squared error times
 * the number of pixels plus the KL term, noise drawn inside, `optimizer.minimize` with Adam, the loss read in the step.
 */
export function exampleStep({ originalDim, intermediateDim, latentDim }) {
  const image = input({ shape: [originalDim] });
  const hidden = layers.dense({ units: intermediateDim, activation: "relu" }).apply(image);
  const zMean = layers.dense({ units: latentDim }).apply(hidden);
  const zLogVar = layers.dense({ units: latentDim }).apply(hidden);
  const z = new Sample({}).apply([zMean, zLogVar]);
  const decoder = sequential({
    layers: [
      layers.dense({ units: intermediateDim, activation: "relu", inputShape: [latentDim] }),
      layers.dense({ units: originalDim, activation: "sigmoid" }),
    ],
  });
  const vae = model({ inputs: image, outputs: [decoder.apply(z), zMean, zLogVar] });
  const optimizer = tf.train.adam();

  return (x) =>
    optimizer.minimize(() => {
      const [decoded, mean, logVar] = vae.apply(x);
      const reconstruction = tf.mul(tf.losses.meanSquaredError(x, decoded), originalDim);
      const inner = tf.sub(tf.sub(tf.add(logVar, 1), tf.square(mean)), tf.exp(logVar));
      const loss = tf.mean(tf.add(reconstruction, tf.mul(tf.sum(inner, -1), -0.5)));
      loss.dataSync();
      return loss;
    });
}

class Sample extends layers.Layer {
  static className = "Sample";

  computeOutputShape([mean]) {
    return mean;
  }

  call([mean, logVar]) {
    return tf.add(mean, tf.mul(tf.exp(tf.mul(logVar, 0.5)), tf.randomNormal(mean.shape)));
  }
}
