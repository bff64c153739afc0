import { z } from "zod";
import { customOp } from "../../tensors/deviceMath.ts";
import type { CreateVariable } from "../../tensors/parameters.ts";
import * as tf from "../../tensors/tf.ts";
import type { Density } from "./likelihood.ts";

/** How a density gets its scale: a number keeps it, `shared` learns one, `perPixel` lets the decoder give it. */
export const scaleSchema = z.union([z.number().positive(), z.enum(["shared", "perPixel"])]);

export type ScaleConfig = z.infer<typeof scaleSchema>;

/** The setting `scale` of the families that have one; the same in each, because help and tables show it once. */
export const scaleSetting = scaleSchema.default("shared").meta({
  description:
    "scale of the noise in units of x (Laplace b; s of the others): a number keeps it fixed, `shared` learns one, " +
    "`perPixel` lets the decoder give it",
  flag: "scale",
});

/** The standard deviation that a learned scale starts from. */
const INITIAL_SIGMA = 0.25;

/**
 * The lower bound of a learned σ. Below it σ on 8-bit data describes the rounding, not the image: a byte is known to within
 * 1/(256 √12) = 0.0011. Without it the density of data that repeats exactly, as constant pixels do, grows for ever.
 */
const MIN_SIGMA = 1e-3;

export interface ScaleOptions {
  readonly scale: ScaleConfig;
  /** σ of the density at scale 1, in which the bounds above are meant. */
  readonly sigmaAtOne: number;
  readonly minSigma?: number;
  /** Of the parameter that `shared` learns. */
  readonly name?: string;
}

export interface ScaleTensors {
  /** log s */
  readonly log: tf.Tensor;
  /** 1 / s */
  readonly inverse: tf.Tensor;
}

/** The scale s of a density, whichever way it is given. */
export interface Scale {
  /** Decoder outputs that it takes for each value x, or for each component of a mixture. */
  readonly channels: 0 | 1;
  /** Scalars, or for `perPixel` from the decoder's outputs and of their shape. */
  of(raw?: tf.Tensor): ScaleTensors;
  /** s in float64 as a function of the decoder's output. Waits for the device once. */
  onHost(): Promise<(raw: number | undefined) => number>;
  /** As in `Density`, where s is one number. */
  readonly sigma?: () => tf.Scalar;
  /** As in `Density`; where the decoder gives the scale, from its outputs for it. */
  readonly shareAtFloor?: (raw?: tf.Tensor) => tf.Scalar;
}

export function createScale(options: ScaleOptions, createVariable: CreateVariable): Scale {
  const { scale, sigmaAtOne, name = "logScale" } = options;
  if (scale === "perPixel") return perPixelScale(minScale(options));
  if (scale === "shared") {
    const variable = createVariable(name, Float32Array.of(Math.log(initialScale(options))), []);
    return sharedScale(variable as tf.Tensor as tf.Scalar, minScale(options), sigmaAtOne);
  }
  return oneScale({ log: () => tf.scalar(Math.log(scale)), read: async () => scale, sigmaAtOne });
}

function oneScale(one: { log(): tf.Scalar; read(): Promise<number>; sigmaAtOne: number }): Scale {
  return {
    channels: 0,
    of() {
      const log = one.log();
      return {
        log,
        get inverse() {
          return tf.exp(tf.neg(log)); // made when it is asked for: not all densities do
        },
      };
    },
    sigma: () => tf.tidy(() => tf.mul(tf.exp(one.log()), one.sigmaAtOne)),
    async onHost() {
      const scale = await one.read();
      return () => scale;
    },
  };
}

/** s = max(m, exp(v)) of one learned v, with the lower bound m. */
function sharedScale(variable: tf.Scalar, min: number, sigmaAtOne: number): Scale {
  const floor = Math.log(min);
  return {
    ...oneScale({
      log: () => atLeast(variable, floor),
      read: async () => Math.max(min, Math.exp((await variable.data())[0]!)),
      sigmaAtOne,
    }),
    shareAtFloor: () => tf.cast(tf.lessEqual(variable, Math.log(1.1 * min)), "float32"),
  };
}

/** Above all logarithms of scales. */
const UNBOUNDED = 80;

/**
 * max(v, floor), with the gradient of v itself but for one that would take it below its floor, or further: it then stays
 * near the floor, and leaves it as soon as it is to grow. Where v is above, value and gradient are exactly its own.
 */
const atLeast = (v: tf.Scalar, floor: number): tf.Scalar =>
  customOp(
    v,
    (v) => ({ value: tf.clipByValue<tf.Scalar>(v, floor, UNBOUNDED), saved: [v] }),
    (dy, [v]) => tf.mul(dy, tf.clipByValue(tf.add(tf.step(tf.sub(v!, floor)), tf.step(tf.neg(dy))), 0, 1)),
  );

/**
 * s = m + exp(raw) with the lower bound m: max(m, exp(raw)) made smooth, so that a scale at its floor has a gradient.
 *
 * With v = raw − log m that is log s = log m + softplus(v) and 1/s = sigmoid(−v) / m, neither of which overflows.
 */
function perPixelScale(min: number): Scale {
  const floor = Math.log(min);
  return {
    channels: 1,
    of(raw) {
      const v = tf.sub(raw!, floor);
      return {
        log: tf.add(tf.softplus(v), floor),
        inverse: tf.mul(tf.sigmoid(tf.neg(v)), 1 / min),
      };
    },
    onHost: async () => (raw) => min + Math.exp(raw!),
    shareAtFloor: (raw) => tf.mean(tf.cast(tf.lessEqual(raw!, Math.log(0.1 * min)), "float32")),
  };
}

/** Decoder outputs per value for a scale given this way. */
export const scaleChannels = (scale: ScaleConfig) => (scale === "perPixel" ? 1 : 0);

/** s at the start. */
export const initialScale = ({ scale, sigmaAtOne }: ScaleOptions) =>
  typeof scale === "number" ? scale : INITIAL_SIGMA / sigmaAtOne;

/** The decoder's output for it, where the decoder gives it. */
export const initialRawScale = (options: ScaleOptions) => Math.log(initialScale(options) - minScale(options));

const minScale = ({ sigmaAtOne, minSigma = MIN_SIGMA }: ScaleOptions) => minSigma / sigmaAtOne;

/** The two members of a likelihood that only some ways of giving a scale have. */
export function scaleReports(
  { sigma, shareAtFloor }: Scale,
  rawOf: (params: tf.Tensor3D) => tf.Tensor | undefined,
): Pick<Density, "sigma" | "scaleAtFloor"> {
  return {
    ...(sigma && { sigma }),
    ...(shareAtFloor && { scaleAtFloor: (params) => tf.tidy(() => shareAtFloor(rawOf(params))) }),
  };
}

/** `b = 0.1`, `b learned`, `b = b(z)`, for formulas. */
export function describeScale(symbol: string, scale: ScaleConfig): string {
  if (typeof scale === "number") return `${symbol} = ${scale}`;
  return scale === "shared" ? `${symbol} learned` : `${symbol} = ${symbol}(z)`;
}
