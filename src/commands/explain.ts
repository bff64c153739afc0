import { Command } from "commander";
import { VaeError } from "../base/errors.ts";
import { addSettingOptions, COMPUTE_SETTINGS, overridesFrom } from "../config/options.ts";
import { configFile } from "../config/recipes.ts";
import type { Page } from "../explain/document.ts";
import { addToolOptions, type ToolOptions } from "../explain/toolOptions.ts";
import {
  checkpointOption,
  datasetChangedOption,
  describeRun,
  type FormatOptions,
  formatOption,
  jsonOption,
  note,
  openRun,
  type RunOptions,
  result,
} from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options extends ToolOptions, RunOptions, FormatOptions {
  markdown?: boolean;
  noise?: boolean;
  datasetChanged?: "accept";
  json?: boolean;
  [setting: string]: unknown;
}

export function explainCommand(): Command {
  const command = new Command("explain")
    .description(
      "What the loss of a configuration is: the likelihood and its base measure, how the familiar loss drops out of it, " +
        "the constant that other tools leave out, what σ and β mean together, the loss of the first training batch term " +
        "by term, and the settings of other tools that are the same model. Takes the settings of `vae train`, or a run.",
    )
    .argument("[config]", "a YAML file or a recipe, or a run folder, whose trained model is then taken")
    .option(
      "--noise",
      "of a run: its residuals against the Gaussian, what that costs in nats, and when sums of disturbances become one; with a " +
        "picture, figures/noise.png",
    )
    .option("--markdown", "print Markdown")
    .addOption(jsonOption())
    .addOption(formatOption("the residuals of --noise, and the posterior of a linear model"))
    .addOption(checkpointOption())
    .addOption(datasetChangedOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae explain --likelihood gaussian --sigma 0.1\n" +
        "  vae explain mnist-bernoulli --markdown > loss.md\n" +
        "  vae explain runs/digits-gaussian             the batch by the trained model\n" +
        "  vae explain runs/digits-gaussian --noise     why MSE, and what it costs there\n" +
        "  vae explain --from pythae --beta 4           what pythae's BetaVAE at β = 4 is\n" +
        "  vae explain --from mse --kl-weight 0.001 --image-size 28x28",
    );
  addSettingOptions(addToolOptions(command));
  return command.action(async (target: string | undefined, options: Options) => {
    const { RunFolder } = await import("../runs/runFolder.ts");
    if (options.json && options.markdown) {
      throw new VaeError("usage", "--json and --markdown are two forms of the same; give one of them.");
    }
    const isRun = target !== undefined && RunFolder.exists(target);
    if (options.noise && !isRun) {
      throw new VaeError(
        "usage",
        "--noise is about the residuals of a trained model; give its run folder, as in `vae explain runs/digits-gaussian --noise`.",
      );
    }
    const page = await (isRun
      ? explainRun(target, options)
      : explainConfig(target && configFile(target), options));
    result(await render(page, options));
  });
}

/** The first batch of a run, by its trained model. */
async function explainRun(path: string, options: Options): Promise<Page> {
  const others = [...overridesFrom(options).keys()].filter((path) => !COMPUTE_SETTINGS.includes(path));
  if (options.from !== undefined || others.length > 0) {
    throw new VaeError(
      "usage",
      `${path} is a run, whose settings are those that it was trained with. ` +
        `\`vae explain ${path}/config.yaml\` takes other settings on top, with a fresh model.`,
    );
  }
  if (options.noise) return explainNoise(path, options);
  const { pixelsOf, readRunData } = await import("../runs/experiment.ts");
  const { explain } = await import("../explain/explain.ts");
  const { exactlyOf } = await import("./explainExactly.ts");
  const run = await openRun(path, options);
  const acceptsData = options.datasetChanged === "accept";
  const dataset = await withDataProgress((context) =>
    readRunData(run, ["train"], { ...context, acceptsData }),
  );
  const pixels = pixelsOf(run.config.dataset);
  const exactly = await exactlyOf(run, dataset, options.format);
  return explain({
    ...run,
    ...exactly,
    pixels,
    dataset,
    weights: describeRun(run, options.checkpoint),
    trained: true,
  });
}

/** The residuals of a run on test images, and sums of disturbances, with a picture. */
async function explainNoise(path: string, options: Options): Promise<Page> {
  const { readRunData } = await import("../runs/experiment.ts");
  const { createRunner, isOfDensity } = await import("../evaluation/runner.ts");
  const { residualNoise } = await import("../evaluation/residuals.ts");
  const { noiseArgument, noisePage } = await import("../explain/noise.ts");
  const { notationOf } = await import("../model/notation.ts");
  const { drawOrWarn, noiseFigure } = await import("../figures/figures.ts");
  const run = await openRun(path, options);
  const { kind } = run.config.likelihood;
  const runner = createRunner(run.model, { record: run.config.training.step !== "eager", note });
  if (run.model.inferred === "weights") {
    throw new VaeError(
      "usage",
      `--noise compares the residuals of images with a density, and ${path} predicts the rows of a table. ` +
        `\`vae evaluate ${path}\` tells whether its intervals hold as many targets as they should.`,
    );
  }
  if (!isOfDensity(runner)) {
    throw new VaeError(
      "usage",
      `--noise compares residuals with a density, and the ${kind} of ${path} is a loss and no likelihood. ` +
        "Train with a likelihood, such as gaussian.",
    );
  }
  const acceptsData = options.datasetChanged === "accept";
  const dataset = await withDataProgress((context) =>
    readRunData(run, ["test"], { ...context, acceptsData }),
  );
  const found = noiseArgument(await residualNoise(runner, dataset.test, run.coding));
  runner.dispose();
  const figure = run.folder.figure("noise", options.format);
  const draw = () => noiseFigure(found.residual, found.sums, `${dataset.name}, ${kind} likelihood`);
  const drawn = await drawOrWarn(figure, draw, note);
  return noisePage(found, {
    run: describeRun(run, options.checkpoint),
    dataset: dataset.name,
    mean: notationOf(run.model)(
      run.model.inferred !== "nothing" ? "E[x|z], one z ~ q(z|x) for each," : "E[x|z]",
    ),
    figure: drawn ? figure : undefined,
  });
}

/** The first batch of a configuration, by the model before its first step. */
async function explainConfig(file: string | undefined, options: Options): Promise<Page> {
  const { loadConfig } = await import("../config/load.ts");
  const { fieldOf, fieldSize } = await import("../data/field.ts");
  const { settingsFrom } = await import("../explain/settingsFrom.ts");
  const { explain } = await import("../explain/explain.ts");
  const { buildExperiment, pixelsOf, readDataset, settle } = await import("../runs/experiment.ts");
  const { overrides, section } = await settingsFrom(file, options, async (overrides) => {
    const config = loadConfig(file, overrides);
    const { fields } = await withDataProgress((context) => readDataset(config, context));
    return fieldSize(fieldOf(fields, "x"));
  });
  const config = loadConfig(file, overrides);
  const experiment = await withDataProgress((context) => buildExperiment(settle(config), context));
  const pixels = pixelsOf(config.dataset);
  return explain({ ...experiment, pixels, weights: "the model before its first step" }, section);
}

async function render(page: Page, { json, markdown }: Options): Promise<string> {
  if (json) return (await import("../explain/render/json.ts")).renderJson(page);
  if (markdown) return (await import("../explain/render/markdown.ts")).renderMarkdown(page);
  return (await import("../explain/render/text.ts")).renderText(page);
}
