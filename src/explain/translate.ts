import { stringify } from "yaml";
import { VaeError } from "../base/errors.ts";
import type { Overrides } from "../config/load.ts";
import type { LikelihoodConfig } from "../model/likelihoods/index.ts";
import { type Block, list, paragraph, type Section } from "./document.ts";
import { number } from "./numbers.ts";
import { findTool } from "./tools/index.ts";
import type { Tool, ToolSettings, WrittenLoss } from "./tools/tool.ts";

/** The flags of another tool, as text from the command line. */
export type ToolFlags = Readonly<Partial<Record<keyof typeof FLAGS, string>>>;

const FLAGS = {
  beta: "--beta",
  klWeight: "--kl-weight",
  reconstructionLoss: "--reconstruction-loss",
  imageSize: "--image-size",
} as const;

/** A configuration of ours: the two sections that another tool's loss decides. */
export interface Translated {
  readonly likelihood: { readonly kind: LikelihoodConfig["kind"]; readonly [setting: string]: unknown };
  readonly objective: { readonly kind: "elbo"; readonly beta: number };
}

export interface Translation {
  readonly tool: Tool;
  readonly loss: WrittenLoss;
  /** The D of a loss that is a mean over D values. */
  readonly D?: number;
  /** The same loss up to a factor and a constant. */
  readonly same: Translated;
  /** What it implies, in a line. */
  readonly implied: string;
  /** Likelihoods to take instead where the loss belongs to none. */
  readonly alternatives: readonly { readonly title: string; readonly config: Translated }[];
}

/** Another tool's loss in our terms. `datasetD` serves a mean over D values where nobody says how many. */
export async function translate(
  name: string,
  flags: ToolFlags,
  datasetD: () => Promise<number>,
): Promise<Translation> {
  const tool = findTool(name);
  checkFlags(name, tool, flags);
  const settings: ToolSettings = {
    beta: nonNegative("beta", flags.beta, tool.defaults.beta),
    klWeight: nonNegative("klWeight", flags.klWeight, tool.defaults.klWeight),
    reconstructionLoss: reconstructionLoss(name, tool, flags.reconstructionLoss),
  };
  const size = flags.imageSize === undefined ? tool.imageSize : imageSize(flags.imageSize, tool);
  const D = size ? product(size) : tool.isMean ? await datasetD() : undefined;
  const loss = tool.loss(settings, D ?? 1);
  return { tool, loss, ...ours(loss), ...(D !== undefined && { D }) };
}

const product = (size: readonly number[]) => size.reduce((a, b) => a * b, 1);

/** `a · error + b · KL` as a likelihood and a β. */
function ours({ error, a, b }: WrittenLoss): Pick<Translation, "same" | "implied" | "alternatives"> {
  if (error === "BCE") {
    const objective = { kind: "elbo", beta: b / a } as const;
    return {
      same: { likelihood: { kind: "hybrid", ceWeight: 1, mseWeight: 0 }, objective },
      implied: "on grey pixels a loss that no likelihood belongs to",
      alternatives: [
        {
          title: "a Bernoulli on pixels that are drawn to 0 and 1, for which BCE is the likelihood",
          config: { likelihood: { kind: "bernoulli" }, objective },
        },
        {
          title: "a continuous Bernoulli on grey pixels: BCE with the normaliser that it lacks",
          config: { likelihood: { kind: "continuous-bernoulli" }, objective },
        },
      ],
    };
  }
  // Without a KL there is no noise level to read: any will do with β = 0, and this one keeps the loss as it is written.
  const [ratio, beta] = b === 0 ? [1 / a, 0] : [b / a, 1];
  const objective = { kind: "elbo", beta } as const;
  if (error === "SAE") {
    const implied = b === 0 ? "no KL, an autoencoder: any b with β = 0" : `b = ${number(ratio)} at β = 1`;
    return { same: { likelihood: { kind: "laplace", scale: ratio }, objective }, implied, alternatives: [] };
  }
  const sigma = Math.sqrt(ratio / 2);
  const implied =
    b === 0
      ? "no KL, an autoencoder: any σ with β = 0"
      : `σ² = b/2a = ${number(ratio / 2)}, σ = ${number(sigma)} at β = 1`;
  return { same: { likelihood: { kind: "gaussian", sigma }, objective }, implied, alternatives: [] };
}

/** The same as settings by their YAML paths, as flags give them. */
export const overridesOf = (config: Translated): Overrides =>
  new Map(
    Object.entries(config).flatMap(([section, settings]) =>
      Object.entries(settings).map(([key, value]) => [`${section}.${key}`, String(value)] as const),
    ),
  );

/** YAML that `vae train` takes, with a comment on where it comes from. */
export const yamlOf = (config: object, comments: readonly string[]) =>
  [...comments.map((line) => `# ${line}`), stringify(config).trimEnd()].join("\n");

/** `½`-like factors as numbers: `0.5 SSE + 4 KL`. */
function writtenOut({ error, a, b }: WrittenLoss, D: number | undefined): string {
  const times = (factor: number, name: string) => (factor === 1 ? name : `${number(factor)} ${name}`);
  return `${D === undefined ? times(a, error) : `${error} / ${D}`} + ${times(b, "KL")}`;
}

export function translationSection(translation: Translation, rest: object) {
  const { tool, loss, D, same, implied, alternatives } = translation;
  const isLoss = same.likelihood.kind === "hybrid";
  const written = writtenOut(loss, D);
  const yaml = yamlOf({ ...rest, ...same }, [
    `${tool.title}: ${tool.written}. Here ${written}.`,
    `Implied: ${implied}; pixels in [0, 1].`,
  ]);
  const others = alternatives.map(({ title, config }) => ({
    title,
    yaml: yamlOf({ ...rest, ...config }, [`Instead of ${tool.title}: ${title}.`]),
  }));
  const blocks: Block[] = [
    paragraph(
      `${tool.title}: ${tool.written}. With these settings that is ${written} for each image, the error and the ` +
        `KL summed. Implied: ${implied}.`,
    ),
    ...(tool.note ? [paragraph(tool.note)] : []),
    ...(tool.source ? [paragraph(`Read in ${tool.source}.`)] : []),
    paragraph(
      isLoss
        ? "Exactly that loss in our settings; the sections below explain it:"
        : "The same model in our settings; the sections below explain it:",
    ),
    { kind: "yaml", text: yaml },
    ...(others.length > 0
      ? [
          paragraph("With a likelihood behind it, so that there is an ELBO and bits/dim:"),
          list(...others.map((o) => o.title)),
        ]
      : []),
    ...others.map(({ yaml }): Block => ({ kind: "yaml", text: yaml })),
  ];
  return {
    title: `From ${tool.title}`,
    blocks,
    facts: {
      tool: tool.title,
      loss,
      ...(D !== undefined && { D }),
      implied,
      isLikelihood: !isLoss,
      yaml,
      alternatives: others,
    },
  } satisfies Section;
}

function checkFlags(name: string, tool: Tool, flags: ToolFlags): void {
  const accepted = [
    ...(Object.keys(tool.defaults) as (keyof ToolSettings)[]).map((key) => FLAGS[key]),
    ...(tool.isMean ? [FLAGS.imageSize] : []),
  ];
  for (const [key, flag] of Object.entries(FLAGS)) {
    if (flags[key as keyof ToolFlags] === undefined || accepted.includes(flag)) continue;
    throw new VaeError(
      "usage",
      `${flag} means nothing to ${name}, whose loss is ${tool.written}. ` +
        (accepted.length > 0
          ? `With --from ${name} there is ${accepted.join(", ")}.`
          : "It has nothing to set."),
    );
  }
}

function nonNegative(key: "beta" | "klWeight", text: string | undefined, otherwise = 1): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new VaeError("usage", `${FLAGS[key]}: expected a number from 0 on, got "${text}".`);
}

function reconstructionLoss(name: string, tool: Tool, text: string | undefined): string {
  const accepted = tool.reconstructionLosses ?? [];
  if (text === undefined) return tool.defaults.reconstructionLoss ?? "";
  if (accepted.includes(text)) return text;
  throw new VaeError(
    "usage",
    `--reconstruction-loss ${text} is none of ${name}'s. Accepted: ${accepted.join(", ")}.`,
  );
}

/** `64`, `28x28` or `64x64x3`; channels that are not said are the tool's, or one. */
function imageSize(text: string, { imageSize }: Tool): readonly number[] {
  const match = /^(\d+)(?:x(\d+))?(?:x(\d+))?$/.exec(text);
  const [height, width = height, channels = imageSize?.[2] ?? 1] = (match?.slice(1) ?? []).map((side) =>
    side === undefined ? undefined : Number(side),
  );
  if (height && width && channels) return [height, width, channels];
  throw new VaeError("usage", `--image-size: expected a size such as 64, 28x28 or 64x64x3, got "${text}".`);
}
