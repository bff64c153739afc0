import type { PixelCoding } from "../data/codings.ts";
import { part, type Split } from "../data/dataset.ts";
import { fieldSize } from "../data/field.ts";
import type { Density, HostDensity } from "../model/likelihoods/likelihood.ts";
import type { Model } from "../model/model.ts";
import { RandomStream } from "../tensors/random.ts";
import { decodedPass, evaluatePasses } from "./passes.ts";
import { type Runner, turnsOf } from "./runner.ts";
import { estimateOf } from "./statistics.ts";

/** Each value costs a distribution function; so many images settle every figure to its printed digits. */
export const CHECKED_IMAGES = 2000;
const FITTED_IMAGES = 10_000;
/** The fit reads every 53rd value or so of them: residuals differ more between images than within one. */
const FITTED_VALUES = 150_000;
/** Decoder outputs that are kept for the check, 200 MB; a categorical likelihood reaches that with fewer images. */
const DECODED_VALUES = 5e7;
/** Between so many values of the host's own arithmetic, signals are heard. */
const VALUES_AT_A_TIME = 1000;

/** Equal parts of [0, 1]. */
export const PIT_BINS = 20;
const NOMINAL = [0.5, 0.9, 0.95];

/** The standardised residuals are counted from −this to this; the outer bins hold what lies beyond. */
export const RESIDUAL_RANGE = 5;
const RESIDUAL_BINS = 50;

/** The share of values within the central interval that holds `nominal` of the probability. */
export interface Coverage {
  readonly nominal: number;
  readonly observed: number;
}

/** Whether the noise in a split is what the likelihood assumes. */
export interface Calibration {
  /** The first images of the split, which were looked at. */
  readonly images: number;
  /**
   * Probability integral transform: the share of values x with F(x|z) in each of 20 equal parts of [0, 1], 1/20 each if
   * the noise is as assumed (Dawid 1984). Where F jumps, at a discrete value, a uniform draw from the jump.
   */
  readonly pit: readonly number[];
  /** The share of values within the central interval that holds `nominal` of the probability. */
  readonly coverage: readonly Coverage[];
  /** Whether x has values of probability above 0, of which a residual has only a few values and no density. */
  readonly isDiscrete: boolean;
  /** Of (x − E[x|z]) / sd[x|z], which should have mean 0 and standard deviation 1. */
  readonly residuals: {
    readonly mean: number;
    readonly standardDeviation: number;
    readonly skewness: number;
    readonly kurtosis: number;
    /** Shares between −5 and 5, in steps of 0.2. */
    readonly histogram: readonly number[];
  };
  /** What the best scale would give, where the noise has a scale. */
  readonly scaleFit?: ScaleFit;
}

/** The factor on the noise's scale that maximises log p(x|z) on training images, and what it gains elsewhere. */
export interface ScaleFit {
  readonly factor: number;
  /** Training images that it is fitted on. */
  readonly images: number;
  /** E[log p with that factor] − E[log p], in nats per image, on the images that were checked. */
  readonly gain: number;
  /** Over those images. */
  readonly gainStandardError: number;
}

/** Decoder outputs and values of some images, on the host. */
interface Decoded {
  readonly images: number;
  readonly x: Float32Array;
  /** [x.length, P] */
  readonly params: Float32Array;
}

/** Tests the assumed noise on a split; the training images serve to fit the scale, so that test data stay unseen. */
export async function checkNoise(
  runner: Runner & { model: Model & { likelihood: Density } },
  sets: { readonly checked: Split; readonly train: Split },
  coding: PixelCoding,
): Promise<Calibration> {
  const { likelihood } = runner.model;
  const density = await likelihood.onHost();
  const P = likelihood.paramChannels;
  const checked = await decode(runner, sets.checked, coding, CHECKED_IMAGES);
  const random = new RandomStream("calibration");
  const pit = new Float64Array(PIT_BINS);
  const histogram = new Float64Array(RESIDUAL_BINS);
  const covered = coverageCounter();
  const powers = [0, 0, 0, 0];
  const n = checked.x.length;
  let isDiscrete = false;
  const turn = turnsOf(runner);
  for (let i = 0; i < n; i++) {
    if (i % VALUES_AT_A_TIME === 0) await turn();
    const x = checked.x[i]!;
    const pixel = density(checked.params.subarray(i * P, (i + 1) * P));
    const jump = pixel.values ? Math.exp(pixel.logProb(x)) : 0;
    isDiscrete ||= pixel.values !== undefined;
    const u = pixel.cdf(x) - (jump > 0 ? jump * random.uniform() : 0);
    countIn(pit, u);
    covered.add(u);
    const residual = (x - pixel.mean) / Math.sqrt(pixel.variance);
    countIn(histogram, 0.5 + residual / (2 * RESIDUAL_RANGE));
    for (let power = 0, value = residual; power < 4; power++, value *= residual) powers[power]! += value;
  }
  return {
    images: checked.images,
    pit: Array.from(pit, (c) => c / n),
    coverage: covered.shares(),
    isDiscrete,
    residuals: { ...moments(powers.map((sum) => sum / n)), histogram: Array.from(histogram, (c) => c / n) },
    ...(likelihood.hasScale && {
      scaleFit: await fitScale(
        density,
        P,
        await decode(runner, sets.train, coding, FITTED_IMAGES),
        checked,
        turnsOf(runner),
      ),
    }),
  };
}

/** Counts values by u = F(x): the central interval that holds `nominal` is that of |2u − 1| ≤ nominal. */
export function coverageCounter() {
  const within = NOMINAL.map(() => 0);
  let values = 0;
  return {
    add(u: number) {
      NOMINAL.forEach((nominal, k) => {
        if (Math.abs(2 * u - 1) <= nominal) within[k]!++;
      });
      values++;
    },
    shares: (): Coverage[] => NOMINAL.map((nominal, k) => ({ nominal, observed: within[k]! / values })),
  };
}

/** Counts a number of [0, 1] in bins of equal width; what lies outside goes to the ends. */
export function countIn(bins: Float64Array, share: number): void {
  bins[Math.max(0, Math.min(bins.length - 1, Math.floor(share * bins.length)))]!++;
}

/** From E[r], E[r²], E[r³], E[r⁴]. */
function moments([m1, m2, m3, m4]: number[]) {
  const mean = m1!;
  const variance = m2! - mean ** 2;
  const third = m3! - 3 * mean * m2! + 2 * mean ** 3;
  const fourth = m4! - 4 * mean * m3! + 6 * mean ** 2 * m2! - 3 * mean ** 4;
  return {
    mean,
    standardDeviation: Math.sqrt(variance),
    skewness: third / variance ** 1.5,
    kurtosis: fourth / variance ** 2,
  };
}

async function fitScale(
  density: HostDensity,
  P: number,
  train: Decoded,
  checked: Decoded,
  turn: () => Promise<void>,
): Promise<ScaleFit> {
  /** Summed over every `stride`-th value from `start` to before `end`. */
  const logProb = async (
    { x, params }: Decoded,
    factor: number,
    { start = 0, end = x.length, stride = 1 } = {},
  ) => {
    let sum = 0;
    for (let i = start, read = 0; i < end; i += stride, read++) {
      if (read % VALUES_AT_A_TIME === 0) await turn();
      sum += density(params.subarray(i * P, (i + 1) * P), factor).logProb(x[i]!);
    }
    return sum;
  };
  const stride = strideThrough(train.x.length, train.x.length / train.images);
  const logFactor = await maximise((logFactor) => logProb(train, Math.exp(logFactor), { stride }), -4, 4);
  const factor = Math.exp(logFactor);
  const gains = new Float64Array(checked.images);
  const D = checked.x.length / checked.images;
  for (const image of gains.keys()) {
    const values = { start: image * D, end: (image + 1) * D };
    gains[image] = (await logProb(checked, factor, values)) - (await logProb(checked, 1, values));
  }
  const { mean: gain, standardError: gainStandardError } = estimateOf(gains);
  return { factor, images: train.images, gain, gainStandardError };
}

/** A step that takes about FITTED_VALUES of n values, and has no factor in common with D, so as to meet every pixel. */
function strideThrough(n: number, D: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let stride = Math.max(1, Math.floor(n / FITTED_VALUES));
  while (gcd(stride, D) > 1) stride++;
  return stride;
}

/** The x in [low, high] at which f, with one maximum, is largest: golden section, to 1e-3. */
async function maximise(f: (x: number) => Promise<number>, low: number, high: number): Promise<number> {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [atLeft, atRight] = [await f(left), await f(right)];
  while (high - low > 2e-3) {
    if (atLeft < atRight) {
      [low, left, atLeft] = [left, right, atRight];
      right = low + ratio * (high - low);
      atRight = await f(right);
    } else {
      [high, right, atRight] = [right, left, atLeft];
      left = high - ratio * (high - low);
      atLeft = await f(left);
    }
  }
  return (low + high) / 2;
}

/** The first images of a split with what the decoder gives for each. */
export async function decode(
  runner: Runner,
  set: Split,
  coding: PixelCoding,
  atMost: number,
): Promise<Decoded> {
  const D = fieldSize(runner.model.target);
  const P = runner.model.likelihood.paramChannels;
  const images = Math.min(atMost, set.count, Math.ceil(DECODED_VALUES / (D * P)));
  const first = part(set, runner.model.fields, 0, images);
  const x = new Float32Array(images * D);
  const params = new Float32Array(x.length * P);
  for await (const batch of evaluatePasses(runner, first, coding, decodedPass)) {
    x.set(batch.x, batch.start * D);
    params.set(batch.values[0]!, batch.start * D * P);
  }
  return { images, x, params };
}
