import { setting } from "../numbers.ts";
import { otherPosterior, unweighed, type WeightTool } from "./weightTool.ts";

export const tensorflowProbability: WeightTool = {
  title: "TensorFlow Probability",
  source: "tensorflow/probability, python/layers/dense_variational.py",
  express(of) {
    const reason = otherPosterior(of);
    if (reason) return { reason };
    const isFlipout = of.posterior.kind === "meanField" && of.posterior.estimator === "flipout";
    const scales = of.scales.map(({ kernel, bias }) => `${setting(kernel)} and ${setting(bias)}`).join("; ");
    return {
      settings:
        `tfp.layers.Dense${isFlipout ? "Flipout" : "LocalReparameterization"}, kernel_divergence_fn and bias_divergence_fn = ` +
        `${setting(of.weight)} · tfd.kl_divergence(q, p), kernel_prior_fn and bias_prior_fn N(0, s²) with s = ${scales}, ` +
        `bias_posterior_fn = default_mean_field_normal_fn(), loss ${of.error}`,
    };
  },
  difference: (of) =>
    `each layer adds its whole KL to the loss, and dividing by N is left to the user: by default ${unweighed(of)}, which is ` +
    `${of.formula} beside ${of.error}. By default the biases are points without a prior, and kernels have N(0, 1) whatever their inputs.`,
};
