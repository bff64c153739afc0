import { Command } from "commander";
import type { Overrides } from "../config/load.ts";
import { addSettingOptions, overridesFrom } from "../config/options.ts";
import { configFile } from "../config/recipes.ts";
import { likelihoodFormulas } from "../config/settings.ts";
import { canRedraw } from "../reporting/terminal.ts";
import type { RunSummary } from "../runs/summary.ts";
import type { Listener } from "../training/events.ts";
import { datasetChangedOption, jsonOption, note, result, tell } from "./shared.ts";
import { interruptible } from "./signals.ts";
import { withDataProgress } from "./withDataProgress.ts";

export interface TrainOptions {
  out?: string;
  overwrite?: boolean;
  resume?: boolean;
  datasetChanged?: "accept";
  quiet?: boolean;
  json?: boolean;
  [setting: string]: unknown;
}

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Train a VAE. Settings come from a YAML file, and flags beat the file.")
    .argument(
      "[config]",
      "a YAML file, or a recipe of `vae recipes`. Without one the defaults train on the built-in digits",
    )
    .option(
      "--out <folder>",
      "the run's folder (default: runs/<dataset>-<likelihood>, numbered if that is taken)",
    )
    .option("--overwrite", "replace the run in --out")
    .option("--resume", "go on with the run in --out from its last checkpoint")
    .addOption(datasetChangedOption())
    .option("--quiet", "no progress, only the result")
    .addOption(jsonOption())
    .addHelpText("after", () => `\nLikelihoods, log p(x|z) of one value x:\n${formulas()}`)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae train --likelihood gaussian --sigma shared\n" +
        "  vae train mnist-gaussian --epochs 20 --out runs/mnist\n" +
        "  vae train --out runs/mnist --resume\n" +
        "  vae train --out runs/mnist --resume --epochs 30 --lr 0.0003    kept as `changes:` in its config.yaml\n" +
        "  for b in 0.5 1 2 4; do vae train --likelihood bernoulli --beta $b --out runs/beta-$b; done",
    );
  return addSettingOptions(command).action(async (file: string | undefined, options: TrainOptions) => {
    const summary = await train(file, overridesFrom(options), options);
    const { summaryText } = await import("../reporting/summaryText.ts");
    if (options.json) result(JSON.stringify(summary));
    else tell(summaryText(summary));
  });
}

/** Trains what the options say, or tells that it is finished. */
export async function train(
  file: string | undefined,
  overrides: Overrides,
  options: TrainOptions,
): Promise<RunSummary> {
  const { planRun } = await import("../runs/planRun.ts");
  const plan = planRun(file && configFile(file), overrides, options);
  const say = options.quiet ? () => {} : note;
  if (plan.kind === "finished") {
    say(`${plan.folder.path} is finished already. --overwrite trains it anew; another --out keeps both.`);
    return plan.summary;
  }
  const { buildExperiment } = await import("../runs/experiment.ts");
  const { runTraining } = await import("../runs/run.ts");
  const experiment = await withDataProgress((context) => buildExperiment(plan.config, context), options);
  const { header } = await import("../reporting/header.ts");
  const { notYetTold } = await import("../reporting/notYetTold.ts");
  const { configAt } = await import("../config/changes.ts");
  const reporter = await chooseReporter(options);
  return interruptible(async (signal) => {
    const run = plan.open();
    try {
      const config = configAt(plan.config, plan.resume?.step ?? 0);
      const notes = options.quiet ? [] : notYetTold(experiment.backend.notes, process.stderr);
      const told = { ...experiment, config, backend: { ...experiment.backend, notes } };
      for (const line of [...header(told, run.folder.path), ...plan.notes]) say(line);
      return await runTraining(experiment, run, {
        ...(plan.resume && { resume: plan.resume }),
        command: ["vae", ...process.argv.slice(2)].join(" "),
        signal,
        reporter,
      });
    } finally {
      run.lock.release();
    }
  });
}

const warningReporter: Listener = (event) => {
  if (event.type === "warning") note(event.text);
};

async function chooseReporter({ quiet }: TrainOptions): Promise<Listener> {
  if (quiet) return warningReporter;
  if (canRedraw(process.stderr))
    return (await import("../reporting/progress.ts")).progressReporter(process.stderr);
  return (await import("../reporting/lines.ts")).lineReporter(note);
}

function formulas(): string {
  const all = likelihoodFormulas();
  const width = Math.max(...all.map(({ kind }) => kind.length));
  return all.map(({ kind, formula }) => `  ${kind.padEnd(width)}  ${formula}`).join("\n");
}
