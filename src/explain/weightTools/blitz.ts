import { number, setting } from "../numbers.ts";
import { ONE_SCALE, otherPosterior, sharesScale, unweighed, type WeightTool } from "./weightTool.ts";

export const blitz: WeightTool = {
  title: "BLiTZ",
  source:
    "piEsposito/blitz-bayesian-deep-learning, utils/variational_estimator.py and modules/linear_bayesian_layer.py",
  express(of) {
    const reason = otherPosterior(of) ?? (sharesScale(of) ? undefined : ONE_SCALE);
    if (reason) return { reason };
    const scales = [...new Set(of.scales.map(({ kernel }) => setting(kernel)))].join(", ");
    return {
      settings: `BayesianLinear(…, prior_pi=1, prior_sigma_1=${scales}), sample_elbo(…, complexity_cost_weight=${setting(of.weight)}) on ${of.error}`,
    };
  },
  difference: (of) =>
    `complexity_cost_weight multiplies the whole KL beside the criterion's mean, and its default is 1: ${unweighed(of)}. ` +
    `Of its examples the README's has that, others 1/N = ${number(1 / of.rows)}, which is right beside −log p; beside ${of.error} it is ${of.formula}. The KL is that of the one draw, ` +
    "log q(w) − log p(w): the same mean, more noise; and its default prior is a mixture of two normals.",
};
