import { type Command, InvalidArgumentError, Option } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { Split } from "../data/dataset.ts";
import type { Encodings } from "../evaluation/encodings.ts";
import type { LatentUnit } from "../evaluation/latentSpace.ts";
import type { SplitName } from "../evaluation/summary.ts";
import type { Vae } from "../model/vae.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import type { Given, ReadSplit } from "../runs/given.ts";
import { readSplitOf } from "./given.ts";
import {
  addRunOptions,
  datasetChangedOption,
  jsonOption,
  note,
  openRun,
  type RunOptions,
  splitOption,
} from "./shared.ts";

/** A run of a model with z; of its data each split is read once, however many arguments name it. */
export type LatentRun = OpenedRun & { readonly model: Vae; readonly readSplit: ReadSplit };

/** Opens a run, which must have latents. */
export async function openLatentRun(
  path: string,
  options: RunOptions & Pick<LatentOptions, "datasetChanged">,
): Promise<LatentRun> {
  const { withLatents } = await import("../runs/withLatents.ts");
  const run = withLatents(await openRun(path, options), path);
  const read = readSplitOf(run, options.datasetChanged);
  const known = new Map<SplitName, Promise<Split>>();
  const readSplit = (split: SplitName) => {
    if (!known.has(split)) known.set(split, read(split));
    return known.get(split)!;
  };
  return { ...run, readSplit };
}

/** What the posterior makes of some examples; z belongs to the place among them. */
export async function encodingsOf({ model, coding }: LatentRun, set: Split): Promise<Encodings> {
  const { createRunner } = await import("../evaluation/runner.ts");
  const { encodeSplit } = await import("../evaluation/encodings.ts");
  const { stageLine } = await import("../reporting/stageLine.ts");
  const runner = createRunner(model, { record: false, note });
  const stage = stageLine(process.stderr);
  stage.next(`Encoding ${counted(set.count, "image")}`);
  try {
    return await encodeSplit(runner, set, coding);
  } finally {
    stage.stop();
    runner.dispose();
  }
}

/** Options of the commands that look at what images are in latent space. */
export interface LatentOptions extends RunOptions {
  split: SplitName;
  output?: string;
  datasetChanged?: "accept";
  json?: boolean;
}

/** Of a command that writes `output`, in words for the help. */
export const addLatentOptions = (command: Command, output: string) =>
  addRunOptions(
    command
      .addOption(splitOption())
      .option("-o, --output <file>", output)
      .addOption(datasetChangedOption())
      .addOption(jsonOption()),
  );

type Asked = Pick<LatentOptions, "split">;

/** The examples that a command line names, or a whole split. */
export async function examplesOf(run: LatentRun, what: string | undefined, { split }: Asked): Promise<Given> {
  const { readExamples } = await import("../runs/given.ts");
  if (what !== undefined) return readExamples(run, what, run.readSplit);
  return { observations: { set: await run.readSplit(split), names: [] }, told: `the ${split} split` };
}

/** What the prior and the posterior of a run are, in words. */
export function densitiesOf({ config }: LatentRun): { readonly prior: string; readonly posterior: string } {
  const { model } = config;
  return "prior" in model
    ? { prior: model.prior.kind, posterior: model.posterior.kind }
    : { prior: "standardNormal", posterior: "diagonalGaussian" };
}

/** Images of a split that the ranking of the dimensions of z is measured on. */
const RANKED_IMAGES = 2000;

/** The dimensions of z, the most telling first, by the first images of a split; in words where from. */
export async function unitsOf(run: LatentRun, { split }: Asked) {
  const { part } = await import("../data/dataset.ts");
  const { rankedUnits } = await import("../evaluation/latentSpace.ts");
  const set = await run.readSplit(split);
  const first = part(set, run.model.fields, 0, RANKED_IMAGES);
  const encodings = await encodingsOf(run, first);
  return {
    units: rankedUnits(encodings, isNormal(run)),
    told: `${first.count === set.count ? "all" : "the first"} ${first.count} ${split} images`,
  };
}

/** A place in latent space to start from: that of an image, or of the prior. */
export interface Base {
  /** [d] */
  readonly z: Float32Array;
  /** Of an image: itself, [D], in the units of x. */
  readonly x?: Float32Array;
  /** What the decoder is given beside z, where it is. */
  readonly given?: Split;
  readonly told: string;
}

/** E[z|x] of the images that a command line names. */
export async function basesOf(run: LatentRun, what: string, asked: Asked): Promise<Base[]> {
  const { choose } = await import("../data/dataset.ts");
  const { inUnits } = await import("../figures/conditionalGrid.ts");
  const { observations } = await examplesOf(run, what, asked);
  const { set, names } = observations;
  const { target, given } = run.model;
  const { latentDim: d, mean } = await encodingsOf(run, set);
  return names.map((told, i) => {
    const { columns } = choose(set, [target, ...(given ? [given] : [])], Uint32Array.of(i));
    return {
      z: mean.slice(i * d, (i + 1) * d),
      x: inUnits(target, columns[target.name]!),
      ...(given && { given: { count: 1, columns } }),
      told,
    };
  });
}

/** The word for the mean of the prior in place of an image. */
export const PRIOR = "prior";

/** One image's place, or the mean of the prior. */
export async function baseOf(run: LatentRun, what: string, asked: Asked): Promise<Base> {
  const { model } = run;
  if (what === PRIOR) {
    if (model.given) {
      throw new VaeError(
        "usage",
        `${PRIOR} is the mean of p(z), and the run is conditional: name an image whose y it is to be, such as ${asked.split}:0.`,
      );
    }
    const mean = model.priorOf().mean();
    const z = Float32Array.from(await mean.data());
    mean.dispose();
    return { z, told: isNormal(run) ? "z = 0" : `the mean of the prior (${model.priorKind})` };
  }
  const bases = await basesOf(run, what, asked);
  if (bases.length === 1) return bases[0]!;
  throw new VaeError(
    "usage",
    `${what} is ${bases.length} images. Accepted: one, such as ${asked.split}:0${model.given ? "" : `, or ${PRIOR}`}.`,
  );
}

/** Whether p(z) is N(0, I), whose dimensions are all alike and whose mean is 0. */
export const isNormal = ({ model }: LatentRun) => model.priorKind === "standardNormal";

/** The y of a place again and again, as the decoder wants one for each z; undefined where it takes none. */
export async function givenFor(
  { model }: LatentRun,
  { given }: Base,
  rows: number,
): Promise<Split | undefined> {
  if (!model.given || !given) return undefined;
  const { choose } = await import("../data/dataset.ts");
  return choose(given, [model.given], new Uint32Array(rows));
}

/** What the values of a dimension of z are measured by, in words. */
export const scaleOf = (run: LatentRun) =>
  isNormal(run)
    ? "σ is 1, that of the prior N(0, 1)"
    : `0σ and σ are the mean and deviation of z over images, as the prior is ${run.model.priorKind}`;

/** A dimension of z and what it tells. */
export const unitText = ({ unit, kl, varianceOfMean }: LatentUnit): string =>
  kl === undefined ? `z${unit}, Var ${varianceOfMean.toFixed(2)}` : `z${unit}, KL ${kl.toFixed(2)}`;

/** E[x|z] where some dimensions of a base are elsewhere. */
export async function decodedAt(
  run: LatentRun,
  base: Base,
  places: Parameters<typeof import("../evaluation/latentSpace.ts").withUnits>[1],
): Promise<Float32Array> {
  const { withUnits } = await import("../evaluation/latentSpace.ts");
  const { decodeAll, MEAN } = await import("../evaluation/decoding.ts");
  const given = await givenFor(run, base, places.length);
  return decodeAll(run.model, withUnits(base.z, places), MEAN, given);
}

/** Two dimensions of z, by their places in it. */
export const axesOption = (usual: string) =>
  new Option("--axes <i,j>", `two dimensions of z, from 0 (default: ${usual})`).argParser((text) => {
    const axes = text.split(",").map(Number);
    if (axes.length === 2 && axes[0] !== axes[1] && axes.every((axis) => Number.isInteger(axis) && axis >= 0))
      return axes as [number, number];
    throw new InvalidArgumentError("It must be two different whole numbers from 0 on, such as 0,3.");
  });

/** The units of these places, or the first two; where there are no others, in their order in z. */
export function chosenAxes(
  units: readonly LatentUnit[],
  axes: readonly [number, number] | undefined,
): [LatentUnit, LatentUnit] {
  const usual = units.length === 2 ? [0, 1] : units.slice(0, 2).map(({ unit }) => unit);
  const chosen = (axes ?? usual).map((axis) => units.find(({ unit }) => unit === axis));
  if (chosen.every((unit) => unit !== undefined)) return chosen as [LatentUnit, LatentUnit];
  throw new VaeError("usage", `--axes ${axes}: z has the dimensions 0 to ${units.length - 1}.`);
}
