import { Command, Option } from "commander";
import type { Calibration } from "../evaluation/calibration.ts";
import type { SplitName } from "../evaluation/summary.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  jsonOption,
  note,
  openRun,
  type RunOptions,
  result,
} from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options extends RunOptions {
  split: SplitName;
  output?: string;
  datasetChanged?: "accept";
  json?: boolean;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description(
      "ELBO, distortion and rate of a trained model on a split, in nats per image, and its bits/dim; " +
        "what its latents are used for and tell of the classes; and whether the noise is what the likelihood assumes, with a picture.",
    )
    .argument("<run>", "a run folder")
    .addOption(
      new Option("--split <split>", "which images").choices(["train", "validation", "test"]).default("test"),
    )
    .option(
      "-o, --output <file>",
      "where to write the picture (default: figures/calibration-<split>.png in the run)",
    )
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  vae evaluate runs/digits-gaussian --split test --json\n\n" +
        "The noise check asks three things of the pixels: is F(x|z) uniform (PIT), do 50/90/95 % intervals hold as many,\n" +
        "do the standardised residuals have mean 0 and deviation 1? A σ that is too small or too large shows in all three;\n" +
        "the scale that fits the training images best tells how many nats that costs.",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const { readRunData } = await import("../runs/experiment.ts");
    const { PROTOCOL, summarise } = await import("../evaluation/summary.ts");
    const { createRunner, isOfDensity } = await import("../evaluation/runner.ts");
    const { supportOf } = await import("../model/likelihoods/index.ts");
    const { describeMeasure } = await import("../data/codings.ts");
    const { noiseLines, splitLines } = await import("../reporting/splitText.ts");
    const { latentLines, representationLines } = await import("../reporting/latentText.ts");
    const { estimateLatents } = await import("../evaluation/latents.ts");
    const { estimateRepresentation } = await import("../evaluation/representation.ts");
    const { split, checkpoint } = options;
    const run = await openRun(path, options);
    const { coding } = run;
    const runner = createRunner(run.vae, { record: run.config.training.step !== "eager", note });
    const { kind } = run.config.likelihood;
    const acceptsData = options.datasetChanged === "accept";
    const splits = [split, "train" as const]; // the noise check and the probe of classes are fitted on train
    const dataset = await withDataProgress((context) =>
      readRunData(run, splits, { ...context, acceptsData }),
    );
    const set = dataset[split];
    const summary = await summarise(runner, split, set, coding, { levels: true });
    const latents = await estimateLatents(runner, set, coding);
    const representation = await estimateRepresentation(runner, dataset, split, coding);
    const { likelihood } = run.config;
    const baseMeasure = describeMeasure(supportOf(likelihood));
    const figure = options.output ?? run.folder.figure(`calibration-${split}`);
    let calibration: Calibration | undefined;
    let drawn = false;
    if (isOfDensity(runner)) {
      const { checkNoise } = await import("../evaluation/calibration.ts");
      const { calibrationPng, drawOrWarn } = await import("../figures/figures.ts");
      const found = await checkNoise(runner, { checked: set, train: dataset.train }, coding);
      calibration = found;
      const title = `${dataset.name}, ${kind} likelihood`;
      drawn = await drawOrWarn(figure, () => calibrationPng(found, split, title), note);
    }
    runner.dispose();
    if (options.json) {
      const how = { likelihood: kind, kindOf: run.vae.likelihood.kindOf, baseMeasure, pixels: coding };
      const noise = calibration && { calibration, ...(drawn && { figure }) };
      const protocol = { checkpoint, epoch: run.epoch, protocol: PROTOCOL };
      const ofLatents = { latents, ...(representation && { representation }) };
      result(JSON.stringify({ ...summary, ...how, ...protocol, ...ofLatents, ...noise }));
      return;
    }
    result(`${split} split, ${summary.count} images, ${describeRun(run, checkpoint)}`);
    for (const line of splitLines(summary, { baseMeasure, pixels: coding })) result(line);
    for (const line of latentLines(latents)) result(line);
    if (representation) for (const line of representationLines(representation)) result(line);
    if (!calibration) return;
    for (const line of noiseLines(calibration, summary)) result(line);
    if (drawn) result(`  picture     ${figure}`);
  });
}
