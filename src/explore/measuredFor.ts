import { basename, resolve } from "node:path";
import { evaluationBatches } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import { part } from "../data/dataset.ts";
import { type Field, fieldSize, imageShapeOf, whiteOf } from "../data/field.ts";
import { estimateElbo } from "../evaluation/bounds.ts";
import { type Encodings, encodeSplit, type LatentRunner } from "../evaluation/encodings.ts";
import { EVALUATION_SEED } from "../evaluation/inputs.ts";
import { type LatentUnit, rankedUnits } from "../evaluation/latentSpace.ts";
import { principalComponents } from "../evaluation/projection.ts";
import { createRunner } from "../evaluation/runner.ts";
import { DEFAULT_SAMPLES } from "../evaluation/samples.ts";
import type { SplitName } from "../evaluation/summary.ts";
import { reduce } from "../explain/reductions/index.ts";
import { CLASS_COLORS } from "../figures/charts/palette.ts";
import { likelihoods } from "../model/likelihoods/index.ts";
import { formulaOf, type TermName } from "../model/likelihoods/likelihood.ts";
import type { Vae } from "../model/vae.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import { labelFieldOf } from "../runs/given.ts";
import { readSummary } from "../runs/summary.ts";
import { titleOf } from "../runs/title.ts";
import { RandomStream } from "../tensors/random.ts";
import { base64Of } from "./base64.ts";
import { noiseScales } from "./noiseScales.ts";
import type { Examples, LatentMap, PageData, SplitNumbers } from "./pageData.ts";
import { termNames } from "./programs.ts";

/** Images of a split that the map shows and the order of the units is by, and those whose reconstructions are shown. */
const MAPPED = 2000;
const SHOWN = 40;

/** Of large images fewer are shown, of no more values together: 8 MB. */
const SHOWN_VALUES = 2e6;

export type ExploredRun = OpenedRun & { readonly model: Vae };

/** What the page shows of a run, besides the programs: measured on a split. */
export async function measuredFor(
  run: ExploredRun,
  { split, set }: { readonly split: SplitName; readonly set: Split },
  note: (text: string) => void,
): Promise<Omit<PageData, "programs" | "constants">> {
  const { model, coding, config } = run;
  const runner = createRunner(model, { record: false, note });
  try {
    const label = labelFieldOf(run);
    const fields = new Set([...model.fields, ...(label ? [label] : [])]);
    const mapped = part(set, fields, 0, MAPPED);
    const encodings = await encodeSplit(runner, mapped, coding);
    const units = rankedUnits(encodings, model.priorKind === "standardNormal");
    const numbers = await numbersOf(run, runner, { split, set: mapped });
    const noise = await noiseScales(runner, mapped, { config: config.likelihood, coding });
    const shown = Math.min(SHOWN, Math.ceil(SHOWN_VALUES / fieldSize(model.target)));
    const [height, width, channels] = imageShapeOf(model.target);
    const names = label && namesOf(label);
    return {
      ...aboutOf(run),
      numbers,
      image: { height, width, channels },
      coding,
      white: whiteOf(model.target),
      ...(model.given && { given: { names: namesOf(model.given)! } }),
      latentDim: model.latentDim,
      isNormalPrior: model.priorKind === "standardNormal",
      origin: await originOf(model, units),
      units: units.map(({ kl, varianceOfMean, ...unit }) => ({ ...unit, tells: kl ?? varianceOfMean })),
      unitsBy: units[0]!.kl === undefined ? "Var E[z|x]" : "KL, nats",
      map: mapOf(encodings, names && { names, labels: mapped.columns[label.name] }),
      examples: examplesOf(run, split, part(mapped, fields, 0, shown), label),
      ...(noise && { noise }),
    };
  } finally {
    runner.dispose();
  }
}

function aboutOf({ config, model, folder, epoch, checkpoint }: ExploredRun) {
  const family = likelihoods.of(config.likelihood);
  const settings = family.settings(config.likelihood);
  const formulas = reduce(config.likelihood, { D: fieldSize(model.target), beta: 1 }).terms;
  return {
    title: titleOf(config, config.dataset.name),
    run: basename(resolve(folder.path)), // without the place on this machine, which a page for others has no use for
    checkpoint: `${checkpoint.name} checkpoint, epoch ${epoch}`,
    formula: formulaOf(family) + (settings && `; ${settings}`),
    isDensity: family.kindOf === "density",
    draws: DEFAULT_SAMPLES,
    terms: termNames(model).map((name) => formulas[name as TermName] ?? name),
  };
}

/** The summary's where it is of these weights, otherwise of the images at hand. */
async function numbersOf(
  { checkpoint, folder, coding }: ExploredRun,
  runner: LatentRunner,
  { split, set }: { readonly split: SplitName; readonly set: Split },
): Promise<SplitNumbers> {
  const summary = checkpoint.name === "best" && split !== "train" ? readSummary(folder) : undefined;
  const known = summary?.splits[split as "validation" | "test"];
  const { count, distortion, rate } = known ?? (await estimateElbo(runner, set, coding));
  return { of: `${count} ${split} images`, distortion, rate };
}

async function originOf(model: Vae, units: readonly LatentUnit[]) {
  if (model.given) return base64Of(units.toSorted((a, b) => a.unit - b.unit).map(({ mean }) => mean));
  const mean = model.priorOf().mean();
  const values = await mean.data();
  mean.dispose();
  return base64Of(values as Float32Array);
}

function mapOf(
  { count, latentDim: d, mean }: Encodings,
  classes: { readonly names: readonly string[]; readonly labels: ArrayLike<number> | undefined } | undefined,
): LatentMap {
  const { center, directions, shares } = principalComponents(mean, { count, d, k: Math.min(2, d) });
  return {
    count,
    means: base64Of(mean),
    ...(d > 2 && { components: { center: base64Of(center), directions: base64Of(directions), shares } }),
    ...(classes?.labels && {
      classes: { names: classes.names, labels: Array.from(classes.labels), colors: CLASS_COLORS },
    }),
  };
}

const namesOf = (label: Field): string[] | undefined =>
  label.kind === "class"
    ? Array.from({ length: label.classCount }, (_, i) => label.classNames?.[i] ?? `${i}`)
    : undefined;

function examplesOf(
  { model, coding }: ExploredRun,
  split: SplitName,
  set: Split,
  label: Field | undefined,
): Examples {
  const { target } = model;
  const random = new RandomStream(EVALUATION_SEED);
  const [batch] = evaluationBatches(set, { fields: [target], coding, batchSize: set.count, random });
  const names = label && namesOf(label);
  const labels = label && set.columns[label.name];
  return {
    split,
    count: set.count,
    x: base64Of(batch!.columns[target.name]!),
    ...(names && labels && { classes: { labels: Array.from(labels), names } }),
  };
}
