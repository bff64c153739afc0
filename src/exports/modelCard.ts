import { configYaml } from "../config/load.ts";
import { withoutDefaults } from "../config/withoutDefaults.ts";
import type { LikelihoodConfig } from "../model/likelihoods/index.ts";
import { likelihoods } from "../model/likelihoods/index.ts";
import type { MeanConfig } from "../model/likelihoods/meanFunction.ts";
import type { ScaleConfig } from "../model/likelihoods/scale.ts";
import { readEvaluations } from "../runs/evaluations.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import { readSummary } from "../runs/summary.ts";
import type { Written } from "./exportFormat.ts";
import { type ExportedFunction, factsOf, type Port, type Subject } from "./subject.ts";

/** What somebody has to know who gets an exported model and nothing else, as Markdown. */
export function modelCard(subject: Subject, { loading, notes }: Written): string {
  const facts = factsOf(subject);
  const { run, functions } = subject;
  return `${[
    `# ${facts["title"]}`,
    `Exported by ${facts["program"]} from ${facts["run"]} (${facts["checkpoint"]}).`,
    ...notes,
    `## What it is\n\n${densityOf(run, facts)}`,
    ...(functions.length > 0
      ? [`## What goes in, what comes out\n\n${functions.map(portsOf).join("\n\n")}`]
      : []),
    `## How to load it\n\n${loading}`,
    `## Numbers\n\n${numbersOf(run)}`,
    `## Settings\n\nThe others are the defaults.\n\n\`\`\`yaml\n${settingsOf(run)}\`\`\``,
  ].join("\n\n")}\n`;
}

function densityOf({ config, model }: OpenedRun, facts: Readonly<Record<string, string>>): string {
  const { likelihood } = config;
  const isLoss = likelihoods.of(likelihood).kindOf === "loss";
  return [
    `- ${isLoss ? "loss, which no density belongs to" : "likelihood"} \`${likelihood.kind}\`: ${facts["density"]}`,
    `- base measure: ${facts["baseMeasure"]}`,
    `- x: [${shapeText(JSON.parse(facts["xShape"]!))}], pixels \`${facts["pixels"]}\`, 0 black and 1 white where they are images`,
    `- params of a value of x: ${channelsText(likelihood)}`,
    ...("latentDim" in facts ? [priorText(facts)] : []),
    ...(model.given ? [`- given ${model.given.name}: ${config.condition.kind}`] : []),
  ].join("\n");
}

const priorText = ({ latentDim, prior }: Readonly<Record<string, string>>) =>
  `- z: ${latentDim} numbers; prior \`${prior}\`${
    prior === "standardNormal"
      ? ", z ~ N(0, I)"
      : ", which is learned: decode codes of the encoder, or draw with `vae sample`"
  }`;

/** What the P numbers of `params` are, in their order. */
function channelsText(config: LikelihoodConfig): string {
  switch (config.kind) {
    case "gaussian":
      return locationText(config.mean, config.sigma);
    case "laplace":
    case "student-t":
    case "huber":
      return locationText(config.mean, config.scale);
    case "bernoulli":
    case "hybrid":
      return "the logit l, mean sigmoid(l)";
    case "continuous-bernoulli":
      return "the logit l of λ, mean 1/2 + (coth(l/2) − 2/l)/2";
    case "poisson":
      return "the logarithm l of the rate, mean exp(l)";
    case "categorical":
      return `${config.levels} logits, of x = 0, 1/${config.levels - 1} … 1`;
    case "gaussian-mixture":
      return mixtureText(config.components, config.mean, config.scale);
    case "discretized-logistic":
      return mixtureText(config.components, "linear", config.scale);
  }
}

const locationText = (mean: MeanConfig, scale: ScaleConfig) =>
  [meanText(mean), ...(scale === "perPixel" ? [SCALE_TEXT] : [])].join("; ");

const mixtureText = (K: number, mean: MeanConfig, scale: ScaleConfig) =>
  [
    ...(K > 1 ? [`${K} weights (softmax makes them π)`] : []),
    `${K === 1 ? "" : `${K} times `}${meanText(mean)}`,
    ...(scale === "perPixel" ? [`${K === 1 ? "" : `${K} times `}${SCALE_TEXT}`] : []),
  ].join("; ");

const meanText = (mean: MeanConfig) =>
  mean === "sigmoid" ? "l, of which sigmoid(l) is the location" : "the location";

const SCALE_TEXT = "r, of which exp(r) and the lower bound add up to the scale";

function portsOf({ name, inputs, outputs }: ExportedFunction): string {
  const row = (way: string) => (port: Port) =>
    `| ${way} | \`${port.name}\` | [N, ${shapeText(port.shape)}] | ${port.about.replaceAll("|", "\\|")} |`;
  const rows = [...inputs.map(row("in")), ...outputs.map(row("out"))];
  return `\`${name}\`, for N examples at once, float32:\n\n| | name | shape | |\n|---|---|---|---|\n${rows.join("\n")}`;
}

const shapeText = (shape: readonly number[]) => shape.join(", ");

/** What the run itself, and `vae evaluate` since, found with these weights. */
function numbersOf({ folder, checkpoint }: OpenedRun): string {
  const summary = checkpoint.name === "best" ? readSummary(folder) : undefined;
  const evaluated = readEvaluations(folder).filter((found) => found.checkpointSha256 === checkpoint.sha256);
  const found = [
    ...(summary ? [{ ...summary.splits.test, protocol: summary.protocol }] : []),
    ...evaluated.slice(-1),
  ];
  if (found.length === 0)
    return `There are none of these weights yet: \`vae evaluate ${folder.path}\` makes some.`;
  return found
    .map(({ protocol, split, count, ...numbers }) => {
      const rows = TOLD.flatMap(([key, unit]) => {
        const [value, error] = [numbers[key], numbers[`${key}StandardError` as keyof typeof numbers]];
        if (typeof value !== "number") return [];
        return [
          `| ${key} | ${value.toFixed(4)} | ${typeof error === "number" ? error.toFixed(4) : ""} | ${unit} |`,
        ];
      });
      return `Of the ${split} split, ${count} examples:\n\n| | | standard error | |\n|---|---:|---:|---|\n${rows.join("\n")}\n\nProtocol: ${protocol}.`;
    })
    .join("\n\n");
}

const NATS = "nats per example";
const TOLD = [
  ["elbo", NATS],
  ["distortion", NATS],
  ["rate", NATS],
  ["bitsPerDim", "bits per value of x, from the ELBO"],
  ["nll", NATS],
  ["nllBitsPerDim", "bits per value of x"],
  ["sigma", "standard deviation of the noise"],
] as const;

/** Without the places of files, which are of one machine. */
function settingsOf({ config }: OpenedRun): string {
  const { dataset, likelihood, model } = config;
  const others = withoutDefaults(config);
  return configYaml({
    dataset: { name: dataset.name, ...("pixels" in dataset && { pixels: dataset.pixels }) },
    likelihood,
    model,
    ...Object.fromEntries(
      ["condition", "objective", "training"].flatMap((key) => (key in others ? [[key, others[key]]] : [])),
    ),
  });
}
