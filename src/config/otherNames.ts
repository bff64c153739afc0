/** What other programs call a flag of ours, in kebab case. Where two have one, the one that a command has is meant. */
const FLAGS: Readonly<Record<string, string>> = {
  dataset: "data data-set data-name",
  likelihood: "loss reconstruction-loss recon-loss rec-loss decoder-distribution",
  beta: "kl-weight kld-weight kl-coeff kld beta-vae",
  "beta-warmup": "warmup warm-up kl-warmup kl-annealing anneal",
  sigma: "std stddev noise variance",
  "latent-dim": "latent latents latent-dims latent-size n-latent z z-dim z-size zdim nz",
  hidden: "layers hidden-dim hidden-dims hidden-size hidden-units h-dim",
  network: "net arch architecture",
  lr: "learning-rate step-size",
  epochs: "num-epochs n-epochs max-epochs",
  "batch-size": "batch bs minibatch mini-batch-size",
  seed: "random-seed rng-seed",
  jobs: "workers num-workers parallel",
  threads: "workers num-workers num-threads n-threads",
  "objective.kind": "objective bound",
  "model.prior.kind": "prior",
  "model.posterior.kind": "posterior",
  "training.earlyStopping": "patience",
  "training.clipNorm": "clip clip-grad grad-clip gradient-clip",
  out: "output o outdir out-dir output-dir save save-dir save-path log-dir run-dir dir name",
  output: "out o outdir out-dir output-dir save save-dir save-path dir file",
  overwrite: "force",
  resume: "continue",
  quiet: "silent",
  number: "count num num-samples n-samples samples",
  given: "condition label labels class classes",
};

/** Flags of other programs that stand for a flag of ours and its value. */
const FLAGS_WITH_VALUE: Readonly<Record<string, readonly [flag: string, value: string]>> = {
  gpu: ["device", "gpu"],
  cuda: ["device", "gpu"],
  "use-gpu": ["device", "gpu"],
  cpu: ["device", "cpu"],
  "no-cuda": ["device", "cpu"],
  "no-gpu": ["device", "cpu"],
  conv: ["network", "conv"],
  mlp: ["network", "mlp"],
};

/** Flags of other programs for what is an argument here. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  config: "config",
  cfg: "config",
  "config-file": "config",
  run: "run",
  model: "run",
  "model-path": "run",
  path: "run",
};

/** `learning_rate`, `learningRate` and `Learning-Rate` are one name. */
export const kebabCase = (name: string) =>
  name
    .replace(/(?<=[a-z\d])[A-Z]/g, "-$&")
    .toLowerCase()
    .replaceAll("_", "-");

/** The flags, without dashes, that another program's flag may stand for here; with a value where that is part of its name. */
export function flagsCalled(name: string): { readonly flag: string; readonly value?: string }[] {
  const called = kebabCase(name);
  const valued = FLAGS_WITH_VALUE[called];
  return [
    ...(valued ? [{ flag: valued[0], value: valued[1] }] : []),
    ...Object.keys(FLAGS)
      .filter((flag) => FLAGS[flag]!.split(" ").includes(called))
      .map((flag) => ({ flag })),
    { flag: called },
  ];
}

/** The argument that another program has a flag for, by its name in ours. */
export const argumentCalled = (name: string): string | undefined => ARGUMENTS[kebabCase(name)];

/** A value of ours under another name: of which setting, if not of that one, and why it is the same. */
interface OtherValue {
  readonly value: string;
  readonly path?: string;
  readonly because?: string;
}

const GAUSSIAN = { value: "gaussian", because: "a squared error is a Gaussian of fixed σ" };
const LAPLACE = { value: "laplace", because: "an absolute error is a Laplace density of fixed scale" };
const BERNOULLI = { value: "bernoulli", because: "binary cross-entropy is a Bernoulli" };
const CATEGORICAL = { value: "categorical", because: "cross-entropy is a categorical over levels" };
const HUBER = { value: "huber", because: "it is Huber's loss, here with its constant" };
const GPU = { path: "device", value: "gpu" };
const CONV = { path: "model.network.kind", value: "conv" };

/** What other programs call the kinds of a section, in kebab case. */
const VALUES: Readonly<Record<string, Readonly<Record<string, OtherValue>>>> = {
  "likelihood.kind": {
    ...named(GAUSSIAN, "mse sse l2 squared-error normal mse-loss"),
    ...named(LAPLACE, "mae sae l1 absolute-error l1-loss"),
    ...named(BERNOULLI, "bce binary binary-cross-entropy bce-loss"),
    ...named(CATEGORICAL, "ce cross-entropy softmax nll"),
    ...named(HUBER, "smooth-l1 huber-loss"),
    ...named({ value: "continuous-bernoulli" }, "cb"),
    ...named({ value: "discretized-logistic" }, "logistic dmol discretised-logistic"),
    ...named({ value: "gaussian-mixture" }, "mixture mog gmm mdn"),
    ...named({ value: "student-t" }, "student cauchy t"),
  },
  "model.network.kind": named(CONV, "cnn convolutional convnet"),
  "model.kind": {
    ...named({ value: "vae" }, "beta-vae cvae autoencoder"),
    ...named({ value: "bnn" }, "bayesian bayes-by-backprop"),
    ...named(CONV, "conv cnn convolutional convnet"),
    ...named({ path: "model.network.kind", value: "mlp" }, "mlp dense"),
  },
  "objective.kind": named({ value: "elbo" }, "vae beta-vae beta kl"),
  "model.prior.kind": {
    ...named({ value: "standardNormal" }, "normal gaussian standard"),
    ...named({ value: "gaussianMixture" }, "mixture mog gmm"),
    ...named({ value: "vamp" }, "vampprior vamp-prior"),
  },
  "dataset.name": {
    ...named({ value: "fashion-mnist" }, "fmnist fashion"),
    ...named({ value: "cifar-10" }, "cifar10"),
    ...named({ value: "celeba-64" }, "celeba"),
    ...named({ value: "binarized-mnist" }, "static-mnist"),
    ...named({ value: "images" }, "folder imagefolder image-folder"),
    ...named({ value: "table" }, "csv tsv"),
    ...named({ value: "npz" }, "npy numpy"),
  },
  backend: {
    ...named(GPU, "gpu cuda"),
    ...named({ value: "tensorflow" }, "tf node native tfjs-node"),
  },
  device: named({ value: "gpu" }, "cuda cuda:0 gpu:0"),
};

function named(what: OtherValue, names: string): Record<string, OtherValue> {
  return Object.fromEntries(names.split(" ").map((name) => [name, what]));
}

/** What a value is called here; also where it is one of `accepted` in other letters, such as `MNIST`. */
export function valueCalled(path: string, name: string, accepted: readonly string[]): OtherValue | undefined {
  const called = kebabCase(name);
  const inOtherLetters = accepted.find((value) => kebabCase(value) === called);
  return VALUES[path]?.[called] ?? (inOtherLetters === undefined ? undefined : { value: inOtherLetters });
}
