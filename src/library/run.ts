import type { Numbers, Values } from "./numbers.ts";

/** How a run is opened: by default its best checkpoint, on the best backend that works here. */
export interface LoadOptions {
  /** The weights with the lowest validation loss, or the newest. */
  readonly checkpoint?: "best" | "last";
  readonly backend?: "auto" | "tensorflow" | "webgpu" | "wasm" | "cpu";
  readonly device?: "auto" | "cpu" | "gpu";
  /** Of the processor. */
  readonly threads?: number | "auto";
}

/** What a conditional run is given beside its argument. */
export interface GivenY {
  /**
   * The condition, [count, …yShape]; of a class its number from 0. A run that is not conditional has none. Where x is known
   * and the condition of the run makes y of it, it may be left out.
   */
  readonly y?: Numbers;
}

export interface DecodeOptions extends GivenY {
  /** The mean E[x|z], or a draw x ~ p(x|z) with the noise that the likelihood says is there. Default: mean. */
  readonly pixels?: "mean" | "draw";
  /** Of what is drawn: the same seed draws the same. Default: 0. */
  readonly seed?: number;
}

/** q(z|x) of `count` examples, [count, latentDim] each. */
export interface Encoded {
  /** E[z|x]. */
  readonly mean: Values;
  /** log Var[z|x]; absent where the posterior is a flow, whose variance has no closed form. */
  readonly logVar?: Values;
}

/**
 * A trained VAE. x is in the units of the model, pixels 0 (black) to 1 (white); where a likelihood has pixels that are
 * random, such as binary ones of grey images, they are drawn by the place of the example among those that are given. What is
 * wrong with an argument is a `VaeError` of the code `usage` or `failure` that tells what is accepted. All methods work on
 * tensors of the backend, which a process has one of, and end before they give their numbers back.
 */
export interface Run {
  /** Its folder. */
  readonly path: string;
  /** The epoch that its weights are from. */
  readonly epoch: number;
  /** What computes, and why nothing better does. */
  readonly backend: { readonly name: string; readonly device: string; readonly notes: readonly string[] };
  /** The kind of p(x|z), such as `bernoulli`. */
  readonly likelihood: string;
  /** d, the dimension of z. */
  readonly latentDim: number;
  /** The shape of one x, such as [28, 28, 1]: height, width, channels. */
  readonly xShape: readonly number[];
  /** The shape of one y of a conditional run; [] is one number, such as a class. */
  readonly yShape?: readonly number[];

  /** q(z|x), or q(z|x, y): x [count, …xShape] -> mean and log-variance [count, d]. What `vae encode` writes. */
  encode(x: Numbers, options?: GivenY): Promise<Encoded>;

  /** E[x|z], or x ~ p(x|z): z [count, d] -> x [count, …xShape]. What `vae decode` writes. */
  decode(z: Numbers, options?: DecodeOptions): Promise<Values>;

  /**
   * z ~ p(z), then the decoder: `count` x, [count, …xShape]. The images of `vae sample -n count` of the same seed. Of a
   * conditional run z ~ p(z|y), `count` for each of B y: [count·B, …xShape], of which number k·B + b is the k-th for y_b.
   */
  sample(count: number, options?: DecodeOptions): Promise<Values>;

  /**
   * log p(x), or log p(x|y), of each x, in nats, summed over its pixels and channels, with every constant: x [count, …xShape]
   * -> [count]. It is estimated by importance sampling,
   *
   *     log p(x) ≈ log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x),  z_k ~ q(z|x),
   *
   * which is in expectation a lower bound that rises with K to log p(x); K = 1 is the ELBO by one z (Burda, Grosse and
   * Salakhutdinov 2016, theorem 1). What `vae evaluate --k K` averages, with the other sign. z belongs to the place of the
   * example and to its number k, so that the same call gives the same numbers. It is a density or a probability by the base
   * measure of the likelihood: only those on the same may be compared. A run that was trained with a bare loss has no p(x),
   * which is an error.
   */
  logProb(
    x: Numbers,
    options?: GivenY & { /** K, default 100. */ readonly k?: number },
  ): Promise<Float64Array>;

  /** Gives up the memory of the weights. Nothing can be asked of the run after that. */
  dispose(): void;
}
