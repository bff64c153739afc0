import type { LikelihoodConfig } from "../../src/model/likelihoods/index.ts";

/** One density to be tested, with what SciPy says of it. */
export interface Row {
  readonly name: string;
  readonly config: LikelihoodConfig;
  /** Decoder outputs for one pixel. */
  readonly params: readonly number[];
  /**
   * What x can be: its values; or the ends of intervals on each of which the density is smooth and that together hold
   * all but 1e-10 of it.
   */
  readonly support: { readonly values: readonly number[] } | { readonly breaks: readonly number[] };
  /** Closed forms at `params`. */
  readonly mean: number;
  readonly variance: number;
  /** [x, log p(x)] with the SciPy expression beside it. */
  readonly logProb: readonly (readonly [x: number, expected: number])[];
  /** Decoder outputs that must not break it, with an x each. */
  readonly extremes: readonly (readonly [params: readonly number[], x: number])[];
  /** How far the mean may be from the average image at the start, where that is not float32 rounding. */
  readonly startTolerance?: number;
}

/**
 * Intervals around `centre` that grow by factors of 2 to 10^6 scales: short where a density bends, long in heavy tails.
 * `kinks`, in units of the scale, are where it is not smooth.
 */
function around(centre: number, scale: number, kinks: readonly number[] = []): number[] {
  const distances = [...kinks, ...Array.from({ length: 22 }, (_, i) => 2 ** (i - 1))];
  return [centre, ...distances.flatMap((t) => [centre - scale * t, centre + scale * t])].sort(
    (a, b) => a - b,
  );
}

const merged = (...breaks: number[][]) => [...new Set(breaks.flat())].sort((a, b) => a - b);

const levels = (count: number) => Array.from({ length: count }, (_, k) => k / (count - 1));

/** The lower bounds of per-pixel scales: exp(raw) is added to them. */
const floor = (sigmaAtOne: number) => 1e-3 / sigmaAtOne;

/**
 * The expected numbers are what Python gives for the expression beside them, after
 *
 *   from numpy import *
 *   from scipy.integrate import quad
 *   from scipy.special import expit, huber, log_softmax, logsumexp, softmax
 *   from scipy.stats import bernoulli, laplace, logistic, norm, poisson, rv_discrete, t, truncexpon
 *   integral = lambda f, d: 2 * (quad(f, 0, d)[0] + quad(f, d, inf)[0])
 *   Z = lambda d: integral(lambda u: exp(-huber(d, u)), d)  # what normalises the Huber density, and its deviation:
 *   sd = lambda d: sqrt(integral(lambda u: u**2 * exp(-huber(d, u)), d) / Z(d))
 *   def levelled(m, s):  # mean and variance of a logistic density rounded to 256 levels
 *       tails = logistic.sf((arange(255) + 0.5) / 255, m, s)
 *       mean = sum(tails) / 255
 *       return mean, (2 * arange(255) + 1) @ tails / 255**2 - mean**2
 *   def mixed(weights, moments):
 *       means, variances = transpose(moments)
 *       mean = weights @ means
 *       return mean, weights @ (variances + (means - mean) ** 2)
 */
export const rows: readonly Row[] = [
  {
    name: "gaussian, sigma 0.1",
    config: { kind: "gaussian", sigma: 0.1, mean: "linear" },
    params: [0.3],
    support: { breaks: around(0.3, 0.1) },
    mean: 0.3,
    variance: 0.01,
    logProb: [
      [0.3, 1.3836465597893728], // norm.logpdf(0.3, 0.3, 0.1)
      [0.55, -1.7413534402106285], // norm.logpdf(0.55, 0.3, 0.1)
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
    ],
  },
  {
    name: "gaussian, mean by a sigmoid",
    config: { kind: "gaussian", sigma: 0.1, mean: "sigmoid" },
    params: [-0.8472978603872036], // scipy.special.logit(0.3)
    support: { breaks: around(0.3, 0.1) },
    mean: 0.3,
    variance: 0.01,
    logProb: [
      [0.55, -1.7413534402106285], // norm.logpdf(0.55, 0.3, 0.1)
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
    ],
  },
  {
    name: "gaussian, sigma shared",
    config: { kind: "gaussian", sigma: "shared", mean: "linear" },
    params: [0.3],
    support: { breaks: around(0.3, 0.25) },
    mean: 0.3,
    variance: 0.0625, // the initial sigma, 0.25
    logProb: [
      [0.55, -0.03264417208478232], // norm.logpdf(0.55, 0.3, 0.25)
    ],
    extremes: [[[500], 0]],
  },
  {
    name: "gaussian, sigma per pixel",
    config: { kind: "gaussian", sigma: "perPixel", mean: "linear" },
    params: [0.3, -1],
    support: { breaks: around(0.3, Math.exp(-1)) },
    mean: 0.3,
    variance: (Math.exp(-1) + floor(1)) ** 2,
    logProb: [
      [0.55, -0.15131088430827655], // norm.logpdf(0.55, 0.3, exp(-1) + 1e-3)
    ],
    extremes: [
      [[0.5, -100], 0.5],
      [[0.5, -100], 0],
      [[500, -100], 1],
      [[0.5, 100], 0],
    ],
  },
  {
    name: "laplace, b 0.1",
    config: { kind: "laplace", scale: 0.1, mean: "linear" },
    params: [0.3],
    support: { breaks: around(0.3, 0.1) },
    mean: 0.3,
    variance: 0.02,
    logProb: [
      [0.3, 1.6094379124341], // laplace.logpdf(0.3, 0.3, 0.1)
      [0.55, -0.8905620875659004], // laplace.logpdf(0.55, 0.3, 0.1)
      [0, -1.3905620875658995], // laplace.logpdf(0, 0.3, 0.1)
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
    ],
  },
  {
    name: "laplace, b shared",
    config: { kind: "laplace", scale: "shared", mean: "linear" },
    params: [0.3],
    support: { breaks: around(0.3, 0.2) },
    mean: 0.3,
    variance: 0.0625, // the initial b, 0.25 / √2
    logProb: [
      [0.55, -0.3744927915331775], // laplace.logpdf(0.55, 0.3, 0.25 / sqrt(2))
    ],
    extremes: [[[500], 0]],
  },
  {
    name: "laplace, b per pixel, mean by a sigmoid",
    config: { kind: "laplace", scale: "perPixel", mean: "sigmoid" },
    params: [-0.8472978603872036, -2], // scipy.special.logit(0.3)
    support: { breaks: around(0.3, 0.1) },
    mean: 0.3,
    variance: 2 * (Math.exp(-2) + floor(Math.SQRT2)) ** 2,
    logProb: [
      [0.55, -0.5360209407427916], // laplace.logpdf(0.55, 0.3, exp(-2) + 1e-3 / sqrt(2))
    ],
    extremes: [
      [[500, -100], 0],
      [[-500, -100], 1],
      [[-500, -100], 0],
      [[0, 100], 0],
    ],
  },
  {
    name: "bernoulli",
    config: { kind: "bernoulli" },
    params: [0.7],
    support: { values: [0, 1] },
    mean: 0.6681877721681662, // scipy.special.expit(0.7)
    variance: 0.221712873293109, // scipy.stats.bernoulli.var(scipy.special.expit(0.7))
    logProb: [
      [1, -0.40318604888545784], // bernoulli.logpmf(1, expit(0.7))
      [0, -1.1031860488854581], // bernoulli.logpmf(0, expit(0.7))
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
      [[500], 1],
    ],
  },
  // The continuous Bernoulli with logit −c is truncexpon(c, scale=1 / c).
  {
    name: "continuous bernoulli",
    config: { kind: "continuous-bernoulli" },
    params: [-0.7],
    support: { breaks: [0, 0.5, 1] },
    mean: 0.4421375649369653, // truncexpon.mean(0.7, scale=1 / 0.7)
    variance: 0.08133069557133456, // truncexpon.var(0.7, scale=1 / 0.7)
    logProb: [
      [0.25, 0.15466605886965273], // truncexpon.logpdf(0.25, 0.7, scale=1 / 0.7)
      [0, 0.3296660588696528], // truncexpon.logpdf(0, 0.7, scale=1 / 0.7)
      [1, -0.3703339411303472], // truncexpon.logpdf(1, 0.7, scale=1 / 0.7)
    ],
    extremes: [
      [[0], 0],
      [[0], 1],
      [[1e-7], 0.3],
      [[500], 0],
      [[500], 1],
      [[-500], 0],
      [[-500], 1],
    ],
    startTolerance: 2e-6,
  },
  {
    name: "continuous bernoulli, nearly flat",
    config: { kind: "continuous-bernoulli" },
    params: [-1e-3],
    support: { breaks: [0, 0.5, 1] },
    mean: 0.49991666666805556, // ½ − 1e-3/12 + 1e-9/720
    variance: 0.08333332916666684, // 1/12 − 1e-6/240 + 1e-12/6048
    logProb: [
      [0.25, 0.00024995833333368053], // 1e-3 / 4 − 1e-6 / 24 + 1e-12 / 2880: log(sinh(y) / y) at y = 1e-3 / 2 as a series
    ],
    extremes: [],
    startTolerance: 2e-6,
  },
  {
    name: "continuous bernoulli, steep",
    config: { kind: "continuous-bernoulli" },
    params: [40],
    support: { breaks: [0, 0.5, 0.75, 0.875, 1] },
    mean: 0.975, // 1 - truncexpon.mean(40, scale=1 / 40)
    variance: 0.0006249999999999959, // truncexpon.var(40, scale=1 / 40)
    logProb: [
      [0.25, -26.311120545886062], // truncexpon.logpdf(0.75, 40, scale=1 / 40)
      [1, 3.6888794541139363], // truncexpon.logpdf(0, 40, scale=1 / 40)
    ],
    extremes: [],
    startTolerance: 2e-6,
  },
  {
    name: "categorical, 5 levels",
    config: { kind: "categorical", levels: 5 },
    params: [0.3, -1, 0.8, 0, 0.5],
    support: { values: levels(5) },
    mean: 0.5466415883459599, // softmax([0.3, -1, 0.8, 0, 0.5]) @ linspace(0, 1, 5)
    variance: 0.12451409923488688, // rv_discrete(values=(range(5), softmax([0.3, -1, 0.8, 0, 0.5]))).var() / 16
    logProb: [
      [0, -1.5858568605592376], // log_softmax([0.3, -1, 0.8, 0, 0.5])[0]
      [0.25, -2.8858568605592376], // log_softmax([0.3, -1, 0.8, 0, 0.5])[1]
      [1, -1.3858568605592376], // log_softmax([0.3, -1, 0.8, 0, 0.5])[4]
    ],
    extremes: [
      [[500, -500, 0, 500, 1], 0.25],
      [[500, -500, 0, 500, 1], 0],
      [[-500, -500, -500, -500, -500], 1],
    ],
    startTolerance: 2e-6,
  },
  {
    name: "categorical, 256 levels",
    config: { kind: "categorical", levels: 256 },
    params: Array.from({ length: 256 }, (_, k) => Math.cos(k / 40)),
    support: { values: levels(256) },
    mean: 0.5079129387080501, // softmax(cos(arange(256) / 40)) @ linspace(0, 1, 256)
    variance: 0.13219320403814347, // rv_discrete(values=(range(256), softmax(cos(arange(256) / 40)))).var() / 255**2
    logProb: [
      [0, -4.801750449071785], // log_softmax(cos(arange(256) / 40))[0]
      [0.5019607843137255, -6.800045224866539], // log_softmax(cos(arange(256) / 40))[128]
      [1, -4.80596245781873], // log_softmax(cos(arange(256) / 40))[255]
    ],
    extremes: [],
    startTolerance: 2e-6,
  },
  {
    name: "gaussian mixture, 2 components, s 0.1",
    config: { kind: "gaussian-mixture", components: 2, scale: 0.1, mean: "linear" },
    params: [0.4, -0.2, 0.2, 0.7],
    support: { breaks: merged(around(0.2, 0.1), around(0.7, 0.1)) },
    mean: 0.3771718468871022, // mixed(softmax([0.4, -0.2]), [(0.2, 0.01), (0.7, 0.01)])[0]
    variance: 0.0671960601141643, // mixed(softmax([0.4, -0.2]), [(0.2, 0.01), (0.7, 0.01)])[1]
    logProb: [
      [0.3, 0.4464621023828822], // logsumexp(log_softmax([0.4, -0.2]) + norm.logpdf(0.3, [0.2, 0.7], 0.1))
      [0.9, -1.65384139038823], // logsumexp(log_softmax([0.4, -0.2]) + norm.logpdf(0.9, [0.2, 0.7], 0.1))
    ],
    extremes: [
      [[500, -500, 500, 0], 0],
      [[-500, -500, 500, -500], 1],
    ],
  },
  {
    name: "gaussian mixture, 3 components, s shared",
    config: { kind: "gaussian-mixture", components: 3, scale: "shared", mean: "linear" },
    params: [0.4, -0.2, 0.1, 0.2, 0.7, 0.5],
    support: { breaks: merged(around(0.2, 0.25), around(0.7, 0.25), around(0.5, 0.25)) },
    mean: 0.41691335076793273, // mixed(softmax([0.4, -0.2, 0.1]), [(0.2, 1 / 16), (0.7, 1 / 16), (0.5, 1 / 16)])[0]
    variance: 0.10449205140959257, // mixed(softmax([0.4, -0.2, 0.1]), [(0.2, 1 / 16), (0.7, 1 / 16), (0.5, 1 / 16)])[1]
    logProb: [
      [0.3, 0.11746490318290448], // logsumexp(log_softmax([0.4, -0.2, 0.1]) + norm.logpdf(0.3, [0.2, 0.7, 0.5], 0.25))
    ],
    extremes: [[[0, 0, 0, 500, 500, 500], 0]],
  },
  {
    name: "gaussian mixture, 2 components, s per pixel, mean by a sigmoid",
    config: { kind: "gaussian-mixture", components: 2, scale: "perPixel", mean: "sigmoid" },
    params: [0.4, -0.2, -0.8472978603872036, 0.8472978603872036, -1, -3], // scipy.special.logit([0.3, 0.7])
    support: { breaks: merged(around(0.3, Math.exp(-1)), around(0.7, Math.exp(-3))) },
    mean: 0.44173747750968173, // mixed(softmax([0.4, -0.2]), [(0.3, (exp(-1) + 1e-3) ** 2), (0.7, (exp(-3) + 1e-3) ** 2)])[0]
    variance: 0.12537521858153078, // mixed(softmax([0.4, -0.2]), [(0.3, (exp(-1) + 1e-3) ** 2), (0.7, (exp(-3) + 1e-3) ** 2)])[1]
    logProb: [
      [0.3, -0.359141077672392], // logsumexp(log_softmax([0.4, -0.2]) + norm.logpdf(0.3, [0.3, 0.7], exp([-1, -3]) + 1e-3))
      [0.7, 1.1541467375053385], // logsumexp(log_softmax([0.4, -0.2]) + norm.logpdf(0.7, [0.3, 0.7], exp([-1, -3]) + 1e-3))
    ],
    extremes: [
      [[500, -500, 500, -500, -100, -100], 0],
      [[0, 0, 500, -500, -100, 100], 0.5],
      [[0, 0, 500, -500, 100, 100], 0],
    ],
  },
  {
    name: "discretized logistic, s shared",
    config: { kind: "discretized-logistic", components: 1, scale: "shared" },
    params: [0.3],
    support: { values: levels(256) },
    mean: 0.3139533660830185, // levelled(0.3, 0.25 * sqrt(3) / pi)[0]
    variance: 0.04779313850374449, // levelled(0.3, 0.25 * sqrt(3) / pi)[1]
    logProb: [
      [0, -2.2712382922740257], // logistic.logcdf(0.5 / 255, 0.3, 0.25 * sqrt(3) / pi)
      [0.4, -5.074656485139867], // log(diff(logistic.cdf([101.5 / 255, 102.5 / 255], 0.3, 0.25 * sqrt(3) / pi))[0])
      [1, -5.07071009237736], // logistic.logsf(254.5 / 255, 0.3, 0.25 * sqrt(3) / pi)
    ],
    extremes: [
      [[500], 0],
      [[500], 1],
      [[-500], 0.4],
    ],
    startTolerance: 1e-5, // a sum as an integral, see `locationOfMean`
  },
  {
    name: "discretized logistic, s per pixel",
    config: { kind: "discretized-logistic", components: 1, scale: "perPixel" },
    params: [0.4, -4],
    support: { values: levels(256) },
    mean: 0.40000000000677943, // levelled(0.4, exp(-4) + 1e-4)[0]
    variance: 0.0011169934683100957, // levelled(0.4, exp(-4) + 1e-4)[1]
    logProb: [
      [0, -21.614195309690377], // logistic.logcdf(0.5 / 255, 0.4, exp(-4) + 1e-4)
      [0.4, -2.933946969990605], // log(diff(logistic.cdf([101.5 / 255, 102.5 / 255], 0.4, exp(-4) + 1e-4))[0])
      [1, -32.47452989817947], // logistic.logsf(254.5 / 255, 0.4, exp(-4) + 1e-4)
    ],
    extremes: [
      [[500, -100], 0],
      [[500, -100], 1],
      [[-500, -100], 0.4],
      [[0.4, -100], 0.4],
      [[0.4, 100], 0],
      [[0.4, 100], 0.4],
      [[-500, 100], 1],
    ],
    startTolerance: 1e-5,
  },
  {
    name: "discretized logistic, 3 components",
    config: { kind: "discretized-logistic", components: 3, scale: "perPixel" },
    params: [0.4, -0.2, 0.1, 0.2, 0.7, -0.1, -2, -4, -7],
    support: { values: levels(256) },
    mean: 0.2671430078895696, // mixed(softmax([0.4, -0.2, 0.1]), [levelled(m, exp(r) + 1e-4) for m, r in [(0.2, -2), (0.7, -4), (-0.1, -7)]])[0]
    variance: 0.08634484777541938, // mixed(softmax([0.4, -0.2, 0.1]), [levelled(m, exp(r) + 1e-4) for m, r in [(0.2, -2), (0.7, -4), (-0.1, -7)]])[1]
    logProb: [
      [0, -0.9020982686075044], // logsumexp(log_softmax([0.4, -0.2, 0.1]) + logistic.logcdf(0.5 / 255, [0.2, 0.7, -0.1], exp([-2, -4, -7]) + 1e-4))
      [0.6, -7.108634738019801], // log(softmax([0.4, -0.2, 0.1]) @ diff(logistic.cdf([[152.5 / 255], [153.5 / 255]], [0.2, 0.7, -0.1], exp([-2, -4, -7]) + 1e-4), axis=0)[0])
    ],
    extremes: [[[500, -500, 0, 500, -500, 0, -100, 100, 0], 0.4]],
    startTolerance: 1e-5,
  },
  {
    name: "discretized logistic, narrower than a bin",
    config: { kind: "discretized-logistic", components: 1, scale: 0.0005 },
    params: [0.4005],
    support: { values: levels(256) },
    mean: 0.4001720819803242, // levelled(0.4005, 0.0005)[0]
    variance: 8.685742823866249e-7, // levelled(0.4005, 0.0005)[1]
    logProb: [
      [0.4, -0.06010309636824814], // log(diff(logistic.cdf([101.5 / 255, 102.5 / 255], 0.4005, 0.0005))[0])
    ],
    extremes: [],
    startTolerance: 0.5 / 255,
  },
  {
    name: "student-t, s 0.1",
    config: { kind: "student-t", scale: 0.1, mean: "linear", df: 5 },
    params: [0.3],
    support: { breaks: around(0.3, 0.1) },
    mean: 0.3,
    variance: 0.016666666666666666, // 0.01 · 5/3
    logProb: [
      [0.3, 1.3339655039393212], // t.logpdf(0.3, 5, 0.3, 0.1)
      [0.55, -1.0988251447096657], // t.logpdf(0.55, 5, 0.3, 0.1)
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
    ],
  },
  {
    name: "student-t, s shared, 10 degrees of freedom",
    config: { kind: "student-t", scale: "shared", mean: "linear", df: 10 },
    params: [0.3],
    support: { breaks: around(0.3, 0.25) },
    mean: 0.3,
    variance: 0.0625, // the initial s, 0.25 / √(10/8)
    logProb: [
      [0.55, -0.09383791148406595], // t.logpdf(0.55, 10, 0.3, 0.25 / sqrt(10 / 8))
    ],
    extremes: [[[500], 0]],
  },
  {
    name: "student-t, s per pixel, mean by a sigmoid",
    config: { kind: "student-t", scale: "perPixel", mean: "sigmoid", df: 6.5 },
    params: [-0.8472978603872036, -2], // scipy.special.logit(0.3)
    support: { breaks: around(0.3, 0.1) },
    mean: 0.3,
    variance: (6.5 / 4.5) * (Math.exp(-2) + floor(Math.sqrt(6.5 / 4.5))) ** 2,
    logProb: [
      [0.55, -0.5300552921041646], // t.logpdf(0.55, 6.5, 0.3, exp(-2) + 1e-3 / sqrt(6.5 / 4.5))
    ],
    extremes: [
      [[500, -100], 0],
      [[-500, -100], 1],
      [[0, 100], 0],
    ],
  },
  {
    name: "huber, s 0.1",
    config: { kind: "huber", scale: 0.1, mean: "linear", delta: 1 },
    params: [0.3],
    support: { breaks: around(0.3, 0.1, [1]) },
    mean: 0.3,
    variance: 0.022444589765913174, // (0.1 * sd(1)) ** 2
    logProb: [
      [0.35, 1.1045265022806536], // -huber(1, 0.5) - log(0.1 * Z(1))
      [0.8, -3.2704734977193466], // -huber(1, 5) - log(0.1 * Z(1))
    ],
    extremes: [
      [[500], 0],
      [[-500], 1],
    ],
  },
  {
    name: "huber, s shared, delta 0.5",
    config: { kind: "huber", scale: "shared", mean: "linear", delta: 0.5 },
    params: [0.3],
    support: { breaks: around(0.3, 0.08797172023402133, [0.5]) },
    mean: 0.3,
    variance: 0.0625,
    logProb: [
      [0.55, -0.36698792540160974], // -huber(0.5, sd(0.5)) - log(0.25 / sd(0.5) * Z(0.5))
    ],
    extremes: [[[500], 0]],
  },
  {
    name: "huber, s per pixel, delta 2.5, mean by a sigmoid",
    config: { kind: "huber", scale: "perPixel", mean: "sigmoid", delta: 2.5 },
    params: [-0.8472978603872036, -2], // scipy.special.logit(0.3)
    support: { breaks: around(0.3, 0.13632616923775037, [2.5]) },
    mean: 0.3,
    variance: 0.018928276727318713, // (sd(2.5) * exp(-2) + 1e-3) ** 2
    logProb: [
      [0.55, -0.6093150292249756], // -huber(2.5, 0.25 / (exp(-2) + 1e-3 / sd(2.5))) - log((exp(-2) + 1e-3 / sd(2.5)) * Z(2.5))
      [0.9, -6.805858776452722], // -huber(2.5, 0.6 / (exp(-2) + 1e-3 / sd(2.5))) - log((exp(-2) + 1e-3 / sd(2.5)) * Z(2.5))
    ],
    extremes: [
      [[500, -100], 0],
      [[-500, -100], 1],
      [[0, 100], 0],
    ],
  },
  {
    name: "poisson",
    config: { kind: "poisson" },
    params: [1.2],
    support: { values: Array.from({ length: 61 }, (_, k) => k) },
    mean: 3.3201169227365472, // exp(1.2)
    variance: 3.3201169227365472,
    logProb: [
      [0, -3.3201169227365472], // poisson.logpmf(0, exp(1.2))
      [3, -1.5118763919646026], // poisson.logpmf(3, exp(1.2))
      [17, -16.425190372873438], // poisson.logpmf(17, exp(1.2))
    ],
    extremes: [
      [[10], 0],
      [[-20], 3],
    ],
  },
];
