import { expect, test } from "vitest";
import type { LikelihoodConfig } from "../../src/model/likelihoods/index.ts";
import { likelihoods } from "../../src/model/likelihoods/index.ts";
import { onLevels, quantised } from "../../src/model/likelihoods/pixelDistribution.ts";
import { Parameters } from "../../src/tensors/parameters.ts";
import { expectAllClose } from "../helpers/numerics.ts";

/** No tensor is involved: scales are fixed or from the parameters. */
async function onHost(config: LikelihoodConfig, params: readonly number[]) {
  const density = likelihoods.of(config).create(config, new Parameters().scope("likelihood"));
  if (density.kindOf !== "density") throw new Error(`${config.kind} is no density`);
  return (await density.onHost())(params);
}

const gaussian = (sigma: number): LikelihoodConfig => ({ kind: "gaussian", sigma, mean: "linear" });
const laplace = (scale: number): LikelihoodConfig => ({ kind: "laplace", scale, mean: "linear" });
const studentT = (df: number, scale: number): LikelihoodConfig => ({
  kind: "student-t",
  df,
  scale,
  mean: "linear",
});
const huber = (delta: number, scale: number): LikelihoodConfig => ({
  kind: "huber",
  delta,
  scale,
  mean: "linear",
});
const logistic = (scale: number): LikelihoodConfig => ({
  kind: "discretized-logistic",
  components: 1,
  scale,
});
const mixture: LikelihoodConfig = {
  kind: "gaussian-mixture",
  components: 2,
  scale: "perPixel",
  mean: "linear",
};
const continuousBernoulli: LikelihoodConfig = { kind: "continuous-bernoulli" };

/**
 * Expected: log(sf(a) − sf(b)) with mpmath at 1000 digits, after
 *
 *   h, q = mpf(1) / 2, mpf(1) / 4  # and numbers in quotes through mpf
 *   normal = lambda m, s: lambda x: erfc((x - m) / s / sqrt(2)) / 2
 *   laplace = lambda m, s: lambda x: exp(-(x - m) / s) / 2 if x > m else 1 - exp((x - m) / s) / 2
 *   logistic = lambda m, s: lambda x: 1 / (1 + exp((x - m) / s))
 *   tail = lambda df, t: betainc(df / mpf(2), 0.5, 0, df / (df + t * t), regularized=True) / 2
 *   student = lambda df, m, s: lambda x: tail(df, (x - m) / s) if x > m else 1 - tail(df, (m - x) / s)
 *   Z = lambda d: sqrt(2 * pi) * erf(d / sqrt(2)) + 2 / d * exp(-d * d / 2)
 *   right = lambda d, t: (exp(d * d / 2 - d * t) / d if t > d else
 *                         exp(-d * d / 2) / d + sqrt(pi / 2) * (erf(d / sqrt(2)) - erf(t / sqrt(2)))) / Z(d)
 *   huber = lambda d, m, s: lambda x: right(d, (x - m) / s) if x > m else 1 - right(d, (m - x) / s)
 *   flat = lambda l: lambda x: (exp(l) - exp(l * x)) / expm1(l)  # the continuous Bernoulli
 */
test.each<[string, LikelihoodConfig, number[], [number, number], number]>([
  ["50 sigma away", gaussian(0.01), [0.5], [1, 1.004], -1254.8313611413075], // normal(h, "0.01")
  ["50 sigma below", gaussian(0.01), [0.5], [-0.004, 0], -1254.8313611413075], // normal(h, "0.01")
  ["400 sigma away, to infinity", gaussian(0.01), [0.5], [4.5, Number.POSITIVE_INFINITY], -80006.91040933022], // normal(h, "0.01")
  ["a wide Gaussian", gaussian(1e6), [0.5], [0.4, 0.404], -20.255910009031197], // normal(h, 10**6)
  ["a wide Gaussian around its mean", gaussian(1e6), [0.5], [0.498, 0.5025], -20.13812697337481], // normal(h, 10**6)
  ["a wide Gaussian far out", gaussian(1e6), [0.5], [5e6, 5.01e6], -18.04901851079594], // normal(h, 10**6)
  ["a narrow Gaussian", gaussian(1e-3), [0.5], [0.497, 0.504], -0.0013825245202196512], // normal(h, "0.001")
  ["between the two ways of computing", gaussian(1), [0], [0.1, 0.45], -2.0112825142291677], // normal(0, 1)
  ["laplace far out", laplace(1e-3), [0.25], [1, 1.004], -750.7116326273858], // laplace(q, "0.001")
  ["a wide laplace around its mean", laplace(1e6), [0.25], [0.248, 0.2505], -20.500122286482203], // laplace(q, 10**6)
  ["student-t far out", studentT(5, 0.01), [0.5], [1, 1.004], -20.558522494578654], // student(5, h, "0.01")
  ["student-t very far out", studentT(5, 0.01), [0.5], [1e20, Number.POSITIVE_INFINITY], -251.03410399353155], // student(5, h, "0.01")
  ["student-t with many degrees of freedom", studentT(1000, 0.01), [0.5], [1, 1.004], -630.5900421479012], // student(1000, h, "0.01")
  ["student-t, the centre", studentT(5, 0.01), [0.5], [0.49, 0.503], -0.8433499253130172], // student(5, h, "0.01")
  ["a wide student-t", studentT(2.5, 1e6), [0.5], [0.498, 0.5025], -20.235828033630586], // student(2.5, h, 10**6)
  ["huber far out", huber(1, 0.01), [0.5], [1, 1.004], -51.68269152230232], // huber(1, h, "0.01")
  ["huber over its bend", huber(1, 0.01), [0.5], [0.505, 0.52], -1.348680780109511], // huber(1, h, "0.01")
  ["huber, the whole core", huber(1, 0.01), [0.5], [0.48, 0.52], -0.16558671775154088], // huber(1, h, "0.01")
  ["a wide huber", huber(1, 1e6), [0.5], [0.498, 0.5025], -20.29224703088353], // huber(1, h, 10**6)
  ["huber, bent 30 sigma out", huber(30, 0.01), [0.5], [0.75, 0.754], -316.63944926034395], // huber(30, h, "0.01")
  ["huber, bent at once", huber(0.01, 0.01), [0.5], [0.4999, 0.75], -2.201386786985913], // huber(mpf("0.01"), h, "0.01")
  ["logistic far out, the last level", logistic(1e-4), [0.125], [0.9999, 1], -8730.392156862745], // logistic(mpf(1) / 8, "0.0001")
  ["a wide logistic", logistic(1e6), [0.125], [0.4999, 0.502], -20.743068464242626], // logistic(mpf(1) / 8, 10**6)
  ["continuous bernoulli, the low end", continuousBernoulli, [500], [-1, 0.004], -498.14541345786887], // flat(500)
  ["continuous bernoulli, steep", continuousBernoulli, [-500], [0.5, 0.504], -250.14541345786887], // flat(-500)
  ["continuous bernoulli, flat", continuousBernoulli, [1e-9], [0.5, 0.504], -5.521460917860247], // flat(mpf(1e-9))
])("%s", async (_, config, params, [a, b], expected) => {
  expectAllClose([(await onHost(config, params)).logIntervalProb(a, b)], [expected], 1e-12, 1);
});

test("a mixture is the sum of its components, also where one of them underflows", async () => {
  const pixel = await onHost(mixture, [0, Math.log(3), 0, 1, -5, -5]);
  const sigma = 1e-3 + Math.exp(-5);
  const [near, far] = await Promise.all([0, 1].map((mean) => onHost(gaussian(sigma), [mean])));
  expect(pixel.logIntervalProb(-0.1, 0.1)).toBeCloseTo(Math.log(0.25) + near!.logIntervalProb(-0.1, 0.1), 12);
  expect(pixel.logIntervalProb(0.9, 1.1)).toBeCloseTo(Math.log(0.75) + far!.logIntervalProb(0.9, 1.1), 12);
  const [low, high] = [near, far].map((part) => part!.logIntervalProb(0.5, 0.504));
  expect(pixel.logIntervalProb(0.5, 0.504)).toBeCloseTo(
    Math.log(0.25) + low! + Math.log1p(3 * Math.exp(high! - low!)),
    9,
  );
});

test("an empty interval has no probability", async () => {
  for (const config of [gaussian(0.1), laplace(0.1), logistic(0.1), continuousBernoulli]) {
    const pixel = await onHost(config, [0.3]);
    expect(pixel.logIntervalProb(0.5, 0.5)).toBe(Number.NEGATIVE_INFINITY);
    expect(pixel.logIntervalProb(0.7, 0.5)).toBe(Number.NEGATIVE_INFINITY);
  }
  expect((await onHost(continuousBernoulli, [3])).logIntervalProb(1.5, 2)).toBe(Number.NEGATIVE_INFINITY);
});

test("quantised: what lies beyond the ends counts for them", async () => {
  const pixel = quantised(await onHost(gaussian(0.1), [0.95]), 5);
  expect(pixel.values).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(Math.exp(pixel.logProb(1))).toBeCloseTo(0.7733726476231317, 12); // scipy.stats.norm.cdf(0.75)
  expect(pixel.logProb(0.9)).toBe(Number.NEGATIVE_INFINITY);
  expect(pixel.cdf(0.9)).toBeCloseTo(1 - 0.7733726476231317, 12);
});

test("levels: an interval holds its right end and not its left", () => {
  const pixel = onLevels([0.1, 0.2, 0.3, 0.4].map(Math.log));
  const prob = (a: number, b: number) => Math.exp(pixel.logIntervalProb(a, b));
  expect(prob(0, 2 / 3)).toBeCloseTo(0.5, 12);
  expect(prob(0, Math.fround(2 / 3))).toBeCloseTo(0.5, 12);
  expect(prob(Number.NEGATIVE_INFINITY, 0)).toBeCloseTo(0.1, 12);
  expect(prob(0.7, 0.9)).toBe(0);
});
