import { Command, Option } from "commander";
import type { SplitName } from "../evaluation/summary.ts";
import { checkpointOption, describeRun, jsonOption, result } from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options {
  split: SplitName;
  checkpoint: "best" | "last";
  json?: boolean;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description(
      "ELBO, distortion and rate of a trained model on a split, in nats per image, and its bits/dim.",
    )
    .argument("<run>", "a run folder")
    .addOption(
      new Option("--split <split>", "which images").choices(["train", "validation", "test"]).default("test"),
    )
    .addOption(checkpointOption())
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  vae evaluate runs/digits-gaussian --split test --json")
    .action(async (path: string, options: Options) => {
      const { openRun, readDataset } = await import("../experiment.ts");
      const { PROTOCOL, summarise } = await import("../evaluation/summary.ts");
      const { likelihoodFamily } = await import("../likelihoods/index.ts");
      const { formatNats } = await import("../reporting/format.ts");
      const run = await openRun(path, options);
      const dataset = await withDataProgress((context) => readDataset(run.config, context));
      const summary = await summarise(run.vae, options.split, dataset[options.split], run.coding);
      const { likelihood } = run.config;
      const baseMeasure = likelihoodFamily(likelihood).baseMeasure(likelihood);
      if (options.json) {
        const { checkpoint } = options;
        result(
          JSON.stringify({
            ...summary,
            baseMeasure,
            pixels: run.coding,
            checkpoint,
            epoch: run.epoch,
            protocol: PROTOCOL,
          }),
        );
        return;
      }
      const distortion = formatNats(summary.distortion);
      const rate = formatNats(summary.rate);
      result(`${options.split} split, ${summary.count} images, ${describeRun(run, options.checkpoint)}`);
      result(
        `  -ELBO       ${formatNats(Number(distortion) + Number(rate)).padStart(10)} nats per image = distortion + rate`,
      );
      result(`  distortion  ${distortion.padStart(10)} nats per image`);
      result(`  rate        ${rate.padStart(10)} nats per image`);
      result(
        `  bits/dim    ${summary.bitsPerDim.toFixed(4).padStart(10)} (${baseMeasure}; pixels ${run.coding})`,
      );
    });
}
