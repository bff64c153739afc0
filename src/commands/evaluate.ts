import { Command, Option } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { settings } from "../config/settings.ts";
import type { Calibration } from "../evaluation/calibration.ts";
import { DEFAULT_SAMPLES } from "../evaluation/samples.ts";
import type { SplitName } from "../evaluation/summary.ts";
import type { Predictions } from "../runs/predictions.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  type FormatOptions,
  formatOption,
  integerFrom,
  jsonOption,
  note,
  openRun,
  type RunOptions,
  result,
  tell,
} from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options extends RunOptions, FormatOptions {
  split: SplitName;
  k?: number;
  samples?: number;
  against?: string;
  output?: string;
  datasetChanged?: "accept";
  json?: boolean;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description(
      "ELBO, distortion and rate of a trained model on a split, in nats per image, its bits/dim, and with --k its NLL, " +
        "each with its standard error over images; what its latents are used for and tell of the classes; and whether the " +
        "noise is what the likelihood assumes, with a picture. Of a Bayesian network: how well it predicts a table, and how well it knows.",
    )
    .argument("<run>", "a run folder")
    .addOption(
      new Option("--split <split>", "which images").choices(["train", "validation", "test"]).default("test"),
    )
    .option(
      "--k <count>",
      "importance weights of each image to estimate -log p(x) with",
      integerFrom(1, 10_000_000),
    )
    .option(
      "--samples <count>",
      `z of each image that the ELBO is averaged over (default: ${DEFAULT_SAMPLES}); of a bnn, draws of the weights (default: 100)`,
      integerFrom(1),
    )
    .option(
      "--against <run>",
      "of a run with a condition: another one, whose predictions of the same images are shown beside",
    )
    .option(
      "-o, --output <file>",
      "where to write the picture (default: figures/calibration-<split>.png in the run)",
    )
    .addOption(formatOption("the check of the noise, or the predictions of a table"))
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n  vae evaluate runs/digits-gaussian --split test --json\n  vae evaluate runs/digits-bernoulli --k 5000\n" +
        "  vae evaluate runs/concrete --samples 1000             a Bayesian network\n\n" +
        "-ELBO is above -log p(x) by the KL divergence of q(z|x) from the exact posterior. --k K estimates -log p(x) itself,\n" +
        "from above, as -log of the mean of K weights p(x,z)/q(z|x), z ~ q(z|x): the more, the closer. The effective sample\n" +
        "size tells how many of them count; where that is near 1 at many images, more weights would lower the estimate.\n" +
        "Noise belongs to the image: the same command gives the same digits. What was found is added to evaluations.jsonl\n" +
        "in the run, with what it depends on.\n\n" +
        "The noise check asks three things of the pixels: is F(x|z) uniform (PIT), do 50/90/95 % intervals hold as many,\n" +
        "do the standardised residuals have mean 0 and deviation 1? A σ that is too small or too large shows in all three;\n" +
        "the scale that fits the training images best tells how many nats that costs.",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const { readRunData } = await import("../runs/experiment.ts");
    const { protocolOf, summarise } = await import("../evaluation/summary.ts");
    const { createRunner, isOfDensity, isOfLatents } = await import("../evaluation/runner.ts");
    const { supportOf } = await import("../model/likelihoods/index.ts");
    const { describeMeasure } = await import("../data/codings.ts");
    const { isBnn } = await import("../model/bnn.ts");
    const { addEvaluation, evaluationRecord } = await import("../runs/evaluations.ts");
    const { evaluationProgress } = await import("../reporting/evaluationProgress.ts");
    const { assessPredictions, predictionPicture } = await import("../runs/predictions.ts");
    const { predictionLines } = await import("../reporting/predictionText.ts");
    const { noiseLines, splitLines } = await import("../reporting/splitText.ts");
    const { latentLines, representationLines } = await import("../reporting/latentText.ts");
    const { estimateLatents } = await import("../evaluation/latents.ts");
    const { estimateRepresentation } = await import("../evaluation/representation.ts");
    const { drawOrWarn } = await import("../figures/figures.ts");
    const { stageLine } = await import("../reporting/stageLine.ts");
    const { split, checkpoint, k, samples = DEFAULT_SAMPLES } = options;
    const run = await openRun(path, options);
    const { model } = run;
    if (isBnn(model)) {
      const { evaluateTable } = await import("./evaluateTable.ts");
      return evaluateTable({ ...run, model }, options);
    }
    const { coding } = run;
    const runner = createRunner(run.model, { record: run.config.training.step !== "eager", note });
    const { kind } = run.config.likelihood;
    if (options.against !== undefined && !run.model.given) {
      throw new VaeError(
        "usage",
        `--against compares predictions of x from y, and ${path} has no condition. vae compare puts other runs side by side.`,
      );
    }
    const other = options.against === undefined ? undefined : await openRun(options.against, options, run);
    if (other && !other.model.given) {
      throw new VaeError(
        "usage",
        `${other.folder.path} has no condition, so it predicts nothing to compare with.`,
      );
    }
    if (k !== undefined && !isOfDensity(runner)) {
      throw new VaeError(
        "usage",
        `--k ${k} asks for -log p(x), and the ${kind} of ${path} is a loss and no likelihood: it has no p(x). ` +
          "Leave --k out, or train with a likelihood.",
      );
    }
    if (k !== undefined && run.model.inferred === "nothing") {
      throw new VaeError(
        "usage",
        `--k ${k} asks for an estimate of -log p(x|y), and ${path} has no latent to draw weights of: its NLL is exact. ` +
          "Leave --k out, and it is printed.",
      );
    }
    const acceptsData = options.datasetChanged === "accept";
    const splits = [split, "train" as const]; // the noise check and the probe of classes are fitted on train
    const dataset = await withDataProgress((context) =>
      readRunData(run, splits, { ...context, acceptsData }),
    );
    const set = dataset[split];
    const progress = evaluationProgress(process.stderr, `NLL of the ${split} split`);
    const stage = stageLine(process.stderr);
    const onProgress = (done: number, total: number) => {
      stage.stop();
      progress.onProgress(done, total);
    };
    stage.next(`Estimating the ELBO of ${counted(set.count, "image")}`);
    const summary = await summarise(runner, split, set, coding, { levels: true, samples, k, onProgress });
    progress.stop();
    stage.next("Looking at the latents");
    const found = evaluationRecord(run, dataset, summary);
    await addEvaluation(run.folder, found).catch((error: unknown) => {
      if (!(error instanceof VaeError)) throw error;
      note(`The result is not added to the run. ${error.message}`);
    });
    const latents = isOfLatents(runner) ? await estimateLatents(runner, set, coding) : undefined;
    stage.next("Telling classes from the latents");
    const representation = isOfLatents(runner)
      ? await estimateRepresentation(runner, dataset, split, coding)
      : undefined;
    stage.stop();
    const predictions = await withDataProgress(({ onProgress }) =>
      assessPredictions(run, runner, dataset, split, other && { run: other, onProgress }),
    );
    let pictured: string | undefined;
    if (predictions) {
      const file = run.folder.figure(`prediction-${split}`);
      if (await drawOrWarn(file, () => predictionPicture(run, dataset, split, other), note)) pictured = file;
    }
    const { likelihood } = run.config;
    const baseMeasure = describeMeasure(supportOf(likelihood));
    const figure = options.output ?? run.folder.figure(`calibration-${split}`, options.format);
    let calibration: Calibration | undefined;
    let drawn = false;
    if (isOfDensity(runner)) {
      stage.next("Checking the noise");
      const { checkNoise } = await import("../evaluation/calibration.ts");
      const { calibrationFigure } = await import("../figures/figures.ts");
      const checked = await checkNoise(runner, { checked: set, train: dataset.train }, coding);
      calibration = checked;
      const title = `${dataset.name}, ${kind} likelihood`;
      drawn = await drawOrWarn(figure, () => calibrationFigure(checked, split, title), note);
    }
    stage.stop();
    runner.dispose();
    if (options.json) {
      const measure = { likelihood: kind, kindOf: run.model.likelihood.kindOf, baseMeasure, pixels: coding };
      const noise = calibration && { calibration, ...(drawn && { figure }) };
      const protocol = { checkpoint, epoch: run.epoch, protocol: protocolOf(summary, run.model.inferred) };
      const ofPredictions = predictions && {
        ...withoutImages(predictions),
        ...(pictured && { predictionFigure: pictured }),
      };
      const ofLatents = { ...(latents && { latents }), ...(representation && { representation }) };
      result(
        JSON.stringify({ ...summary, ...measure, ...protocol, ...ofLatents, ...ofPredictions, ...noise }),
      );
      return;
    }
    tell(`${split} split, ${counted(summary.count, "image")}, ${describeRun(run, checkpoint)}`);
    for (const line of splitLines(summary, { baseMeasure, pixels: coding })) tell(line);
    if (latents) for (const line of latentLines(latents)) tell(line);
    if (representation) for (const line of representationLines(representation)) tell(line);
    if (predictions) for (const line of predictionLines(predictions)) tell(line);
    if (pictured) tell(`  picture     ${pictured}`);
    if (!calibration) return;
    const usual = settings().find(({ path }) => path === "likelihood.sigma")!.default;
    const isDefaultSigma = likelihood.kind === "gaussian" && likelihood.sigma === usual;
    for (const line of noiseLines(calibration, summary, { isDefaultSigma })) tell(line);
    if (drawn) tell(`  picture     ${figure}`);
  });
}

/** What predictions come to, without the numbers of each image. */
function withoutImages({ prediction, against, ...others }: Predictions) {
  const summary = ({ squaredErrors: _, ...rest }: Predictions["prediction"]) => rest;
  return {
    prediction: summary(prediction),
    ...others,
    ...(against && { against: { ...against, prediction: summary(against.prediction) } }),
  };
}
