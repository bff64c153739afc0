import { ACTIVE_KL, ACTIVE_VARIANCE, type LatentHealth } from "../evaluation/latents.ts";
import type { Representation } from "../evaluation/representation.ts";
import { formatNats, formatShare } from "./format.ts";

/** Told of a posterior that has collapsed. */
const ADVICE =
  "The posterior has collapsed: the latents hardly differ between images and the decoder does without them. " +
  "Raise β slowly (--beta-warmup 10), lower it (--beta 0.5), or take a likelihood with less noise or a smaller decoder.";

/** A sentence for the end of a run. */
export const activeText = ({ active, latentDim, collapsed }: LatentHealth): string =>
  `${active.variance} of ${latentDim} latent dimensions are active.${collapsed ? ` ${ADVICE}` : ""}`;

const line = (name: string, text: string) => `  ${name.padEnd(11)} ${text}`;

/** Dimensions whose KL is told; the rest are in the JSON. */
const MOST_TOLD = 20;

/** What the latents are used for. */
export function latentLines({
  latentDim,
  active,
  klPerDimension,
  aggregated,
  collapsed,
}: LatentHealth): string[] {
  const byKl = active.kl === undefined ? "" : `, ${active.kl} by KL (above ${ACTIVE_KL} nats)`;
  return [
    `latents of ${latentDim} dimensions`,
    line("active", `${active.variance} by the variance of E[z|x] (above ${ACTIVE_VARIANCE})${byKl}`),
    ...(klPerDimension ? [line("KL", `${largest(klPerDimension)} nats each, largest first`)] : []),
    ...(aggregated ? aggregatedLines(aggregated) : []),
    ...(collapsed ? [line("advice", ADVICE)] : []),
  ];
}

function largest(values: readonly number[]): string {
  const told = values.toSorted((a, b) => b - a).slice(0, MOST_TOLD);
  return `${told.map(formatNats).join(" ")}${values.length > MOST_TOLD ? " …" : ""}`;
}

function aggregatedLines({
  images,
  mutualInformation,
  mostInformation,
  divergence,
}: NonNullable<LatentHealth["aggregated"]>): string[] {
  const isFull = mutualInformation > mostInformation - 0.5;
  const bound = `at most log ${images} = ${formatNats(mostInformation)}${isFull ? ", so a lower bound here" : ""}`;
  return [
    line("I(x; z)", `${formatNats(mutualInformation)} nats of ${images} images (${bound})`),
    line(
      "KL(q(z)||p)",
      `${formatNats(divergence)} nats from the aggregated posterior to the prior${isFull ? " (an upper bound)" : ""}`,
    ),
  ];
}

/** What the latent means tell of the classes. */
export function representationLines({
  fittedImages,
  images,
  linearProbe,
  nearestNeighbours,
}: Representation): string[] {
  const told = ({ accuracy, standardError }: Representation["linearProbe"]) =>
    `${formatShare(accuracy)} ± ${(100 * standardError).toFixed(1)}`;
  return [
    `classes from latent means, learned on ${fittedImages} training images, right on ${images} others`,
    line("linear", `${told(linearProbe)} (softmax regression)`),
    line("neighbours", `${told(nearestNeighbours)} (the nearest ${nearestNeighbours.k})`),
  ];
}
