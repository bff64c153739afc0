import { number, setting } from "../numbers.ts";
import { ONE_SCALE, otherPosterior, sharesScale, type WeightTool } from "./weightTool.ts";

export const bayesianTorch: WeightTool = {
  title: "bayesian-torch",
  source:
    "IntelLabs/bayesian-torch, layers/base_variational_layer.py and layers/variational_layers/linear_variational.py",
  express(of) {
    const reason = otherPosterior(of) ?? (sharesScale(of) ? undefined : ONE_SCALE);
    if (reason) return { reason };
    const scales = [...new Set(of.scales.map(({ kernel }) => setting(kernel)))].join(", ");
    const isFlipout = of.posterior.kind === "meanField" && of.posterior.estimator === "flipout";
    return {
      settings: `Linear${isFlipout ? "Flipout" : "Reparameterization"}(…, prior_variance=${scales}), loss = ${of.error} + ${setting(of.weight)} · get_kl_loss(model), where kl_div sums`,
    };
  },
  difference: ({ rows, batchSize, formula }) =>
    `its README adds get_kl_loss / B to the mean, which counts the KL N / B = ${number(rows / batchSize)} times; an example has the KL / N, right ` +
    `beside −log p; here it is ${formula}. Of kl_div there are two: ` +
    "earlier it sums over the weights, later it takes their mean for each tensor, so that a kernel of n weights counts 1/n of its KL and no " +
    "weight repairs layers of different sizes. prior_variance is taken for the standard deviation s. Without flipout all rows of a batch share one draw.",
};
