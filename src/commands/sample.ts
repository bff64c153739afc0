import { Command } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { PixelMode } from "../evaluation/pictures.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import type { Given } from "../runs/given.ts";
import { checkRows, givenFrom, readSplitOf } from "./given.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  integerFrom,
  jsonOption,
  openRun,
  pixelsOption,
  type RunOptions,
  result,
  tell,
} from "./shared.ts";

interface Options extends RunOptions {
  given?: string;
  number?: number;
  seed: number;
  output?: string;
  pixels: PixelMode;
  datasetChanged?: "accept";
  json?: boolean;
}

/** Images from p(x), and draws for each y. */
const NUMBER = { images: 64, draws: 8 };
/** A hundred a side: more are too small to look at, and take gigabytes. */
const MAX_IMAGES = 10_000;
/** So that a picture can be looked at. */
const MAX_DRAWS = 32;
const GIVEN = "test:0-7";

export function sampleCommand(): Command {
  const command = new Command("sample")
    .description(
      "Draw images from the prior: z ~ p(z), then the decoder. Writes a PNG grid. Of a conditional run a labelled grid: for " +
        "each y that it is given, y itself, the truth where it is known, the mean of p(x|y), and draws.",
    )
    .argument("<run>", "a run folder")
    .option(
      "--given <what>",
      "what a conditional run is given: split:places, a .png or .npz with y or x, or classes " +
        `(default: ${GIVEN}, or each class)`,
    )
    .option(
      "-n, --number <count>",
      `how many images (default: ${NUMBER.images}), or draws for each y (default: ${NUMBER.draws})`,
      integerFrom(1, MAX_IMAGES),
    )
    .option("--seed <seed>", "the same seed draws the same images", integerFrom(0), 0)
    .option("-o, --output <file>", "where to write (default: figures/samples-seed<seed>.png in the run)")
    .addOption(pixelsOption())
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae sample runs/digits-gaussian\n" +
        "  vae sample runs/digits-gaussian -n 100 --seed 7 -o seven.png\n" +
        "  vae sample runs/digits-gaussian --pixels draw    with the noise that the likelihood assumes\n" +
        "\nOf a conditional run:\n" +
        "  vae sample runs/upscaled                         the first 8 test images, 8 draws each\n" +
        "  vae sample runs/upscaled --given test:0-3,9 -n 5\n" +
        "  vae sample runs/upscaled --given small.png       y if it has the size of y, x if it has that of x\n" +
        "  vae sample runs/upscaled --given pairs.npz       y, or x of which the condition of the run makes y, or both\n" +
        "  vae sample runs/digits-by-label --given 3,7      these classes",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const run = await openRun(path, options);
    const file = options.output ?? run.folder.figure(`samples-seed${options.seed}`);
    const found = run.model.given ? await drawGiven(run, file, options) : await draw(run, file, options);
    const { seed, pixels, checkpoint } = options;
    if (options.json) result(JSON.stringify({ file, ...found.counts, seed, pixels }));
    else tell(`${file}: ${found.words} from ${describeRun(run, checkpoint)}`);
  });
}

/** What was drawn: as JSON, and in words. */
interface Drawn {
  readonly counts: Readonly<Record<string, number | string>>;
  readonly words: string;
}

async function draw(run: OpenedRun, file: string, options: Options): Promise<Drawn> {
  const { given, number: count = NUMBER.images, pixels, seed } = options;
  if (given !== undefined) {
    throw new VaeError(
      "usage",
      `--given ${given} needs a conditional run, and ${run.folder.path} is trained without a condition: there is nothing that ` +
        "it could be given. Leave --given out, or train with --condition.",
    );
  }
  const { samplesFigure, writeFigure } = await import("../figures/figures.ts");
  const { stageLine } = await import("../reporting/stageLine.ts");
  const { RandomStream } = await import("../tensors/random.ts");
  const random = new RandomStream(seed).fork("sample");
  const { titleOf } = await import("../runs/title.ts");
  const title = titleOf(run.config, run.config.dataset.name);
  const stage = stageLine(process.stderr);
  stage.next(`Drawing ${counted(count, "image")}`);
  await writeFigure(file, await samplesFigure(run.model, count, { title, random, pixels }));
  stage.stop();
  return { counts: { count }, words: `${counted(count, "sample")} (${pixels})` };
}

async function drawGiven(run: OpenedRun, file: string, options: Options): Promise<Drawn> {
  const { number: draws = NUMBER.draws, pixels, seed } = options;
  if (draws > MAX_DRAWS) {
    throw new VaeError(
      "usage",
      `-n ${draws} draws for each y are more than a picture shows. Accepted: 1 to ${MAX_DRAWS}.`,
    );
  }
  const { conditionalSamplesFigure } = await import("../figures/conditionalGrid.ts");
  const { writeFigure } = await import("../figures/figures.ts");
  const { RandomStream } = await import("../tensors/random.ts");
  const { hasLatents } = await import("../model/vae.ts");
  const { titleOf } = await import("../runs/title.ts");
  const { observations, told } = await givenOf(run, options);
  checkRows(observations);
  const random = new RandomStream(seed).fork("sample");
  const title = titleOf(run.config, run.config.dataset.name);
  await writeFigure(
    file,
    await conditionalSamplesFigure(run.model, observations, { draws, pixels, random, title }),
  );
  const rows = observations.set.count;
  const each = hasLatents(run.model) || pixels === "draw" ? draws : 0;
  return {
    counts: { count: rows * each, rows, draws: each, given: told },
    words: `given ${told}, ${counted(rows, "row")} of mean${each > 0 ? ` and ${counted(each, "draw")} (${pixels})` : ""}`,
  };
}

async function givenOf(run: OpenedRun, { given, datasetChanged }: Options): Promise<Given> {
  const { model } = run;
  if (given !== undefined) return givenFrom(run, given, datasetChanged);
  const { everyClass, firstObservations } = await import("../evaluation/observations.ts");
  if (model.given!.kind === "class") return { observations: everyClass(model.given!), told: "each class" };
  const set = await readSplitOf(run, datasetChanged)("test");
  const observations = firstObservations(set, model, "test", 8);
  return { observations, told: `y of test 0-${observations.set.count - 1}` };
}
