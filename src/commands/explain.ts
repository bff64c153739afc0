import { Command, Option } from "commander";
import { RunFolder } from "../artifacts/runFolder.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import { addSettingOptions, overridesFrom } from "../config/options.ts";
import { VaeError } from "../errors.ts";
import type { Page, Section } from "../explain/document.ts";
import type { ToolFlags, Translation } from "../explain/translate.ts";
import { checkpointOption, describeRun, jsonOption, result } from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options {
  from?: string;
  beta?: string;
  klWeight?: string;
  kldWeight?: string;
  weight?: string;
  reconstructionLoss?: string;
  imageSize?: string;
  markdown?: boolean;
  json?: boolean;
  checkpoint: "best" | "last";
  [setting: string]: unknown;
}

const OTHER_TOOL = "Another tool's loss:";

export function explainCommand(): Command {
  const command = new Command("explain")
    .description(
      "What the loss of a configuration is: the likelihood and its base measure, how the familiar loss drops out of it, " +
        "the constant that other tools leave out, what σ and β mean together, the loss of the first training batch term " +
        "by term, and the settings of other tools that are the same model. Takes the settings of `vae train`, or a run.",
    )
    .argument("[config]", "a YAML file, or a run folder, whose trained model is then taken")
    .option("--markdown", "print Markdown")
    .addOption(jsonOption())
    .addOption(checkpointOption())
    .addOption(
      new Option(
        "--from <tool>",
        "translate another tool's loss into our settings, and explain those: pythae, pytorch-vae, keras, pytorch-example, " +
          "tfjs-examples, disentangling-vae, disentanglement-lib, or a loss by its form: sse, mse, sae, bce",
      ).helpGroup(OTHER_TOOL),
    )
    .addOption(
      new Option(
        "--kl-weight <w>",
        "what the KL is multiplied with, for pytorch-vae, sse, mse, sae and bce (also --kld-weight, --weight). " +
          "With --from, --beta is the other tool's β too",
      ).helpGroup(OTHER_TOOL),
    )
    .addOption(new Option("--kld-weight <w>").hideHelp())
    .addOption(new Option("--weight <w>").hideHelp())
    .addOption(
      new Option(
        "--reconstruction-loss <name>",
        "by the tool's own name: mse or bce of pythae, gaussian, laplace or bernoulli of disentangling-vae, " +
          "bernoulli_loss or l2_loss of disentanglement-lib",
      ).helpGroup(OTHER_TOOL),
    )
    .addOption(
      new Option(
        "--image-size <size>",
        "the images that a mean error was taken over, such as 28x28 or 64x64x3 (default: 64x64x3 for pytorch-vae, " +
          "those of the dataset for mse)",
      ).helpGroup(OTHER_TOOL),
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae explain --likelihood gaussian --sigma 0.1\n" +
        "  vae explain configs/mnist-bernoulli.yaml --markdown > loss.md\n" +
        "  vae explain runs/digits-gaussian             the batch by the trained model\n" +
        "  vae explain --from pythae --beta 4           what pythae's BetaVAE at β = 4 is\n" +
        "  vae explain --from mse --kl-weight 0.001 --image-size 28x28",
    );
  return addSettingOptions(command).action(async (target: string | undefined, options: Options) => {
    if (options.json && options.markdown) {
      throw new VaeError("usage", "--json and --markdown are two forms of the same; give one of them.");
    }
    const isRun = target !== undefined && RunFolder.exists(target);
    result(
      await render(isRun ? await explainRun(target, options) : await explainConfig(target, options), options),
    );
  });
}

async function render(page: Page, { json, markdown }: Options): Promise<string> {
  if (json) return (await import("../explain/render/json.ts")).renderJson(page);
  if (markdown) return (await import("../explain/render/markdown.ts")).renderMarkdown(page);
  return (await import("../explain/render/text.ts")).renderText(page);
}

/** The first batch of a run, by its trained model. */
async function explainRun(path: string, options: Options): Promise<Page> {
  if (options.from !== undefined || overridesFrom(options).size > 0) {
    throw new VaeError(
      "usage",
      `${path} is a run, whose settings are those that it was trained with. ` +
        `\`vae explain ${path}/config.yaml\` takes other settings on top, with a fresh model.`,
    );
  }
  const { openRun, readDataset } = await import("../experiment.ts");
  const { explain } = await import("../explain/explain.ts");
  const run = await openRun(path, options);
  const dataset = await withDataProgress((context) => readDataset(run.config, context));
  const { config } = run;
  return explain({
    ...run,
    pixels: config.dataset.pixels,
    dataset,
    weights: describeRun(run, options.checkpoint),
  });
}

/** The first batch of a configuration, by the model before its first step. */
async function explainConfig(file: string | undefined, options: Options): Promise<Page> {
  const { buildExperiment, settle } = await import("../experiment.ts");
  const { explain } = await import("../explain/explain.ts");
  const { overrides, section } = await translated(file, options);
  const config = loadConfig(file, overrides);
  const experiment = await withDataProgress((context) => buildExperiment(settle(config), context));
  return explain(
    { ...experiment, pixels: config.dataset.pixels, weights: "the model before its first step" },
    section,
  );
}

/** The settings on top of the file; with --from, those that the other tool's loss stands for. */
async function translated(
  file: string | undefined,
  options: Options,
): Promise<{ overrides: Overrides; section?: Section }> {
  const { from } = options;
  if (from === undefined) {
    const given = Object.entries(toolFlags(options)).find(
      ([key, value]) => key !== "beta" && value !== undefined,
    );
    if (given) {
      throw new VaeError(
        "usage",
        "That is a setting of another tool; say which with --from, as in `--from pythae`.",
      );
    }
    return { overrides: overridesFrom(options) };
  }
  const own = overridesFrom({ ...options, beta: undefined });
  const conflict = [...own.keys()].find((path) => /^(likelihood|objective\.(kind|beta)$)/.test(path));
  if (conflict) {
    throw new VaeError(
      "usage",
      `--from ${from} decides the likelihood and β, so ${conflict} cannot be set beside it. ` +
        `Take the YAML that it prints and change that.`,
    );
  }
  const { translate, translationSection, overridesOf } = await import("../explain/translate.ts");
  const { withoutDefaults } = await import("../config/withoutDefaults.ts");
  const translation: Translation = await translate(from, toolFlags(options), () => datasetD(file, own));
  const overrides = new Map([...own, ...overridesOf(translation.same)]);
  const { likelihood: _, objective: __, ...rest } = withoutDefaults(loadConfig(file, own));
  return { overrides, section: translationSection(translation, rest) };
}

/** The flags that another tool's user would know. */
function toolFlags({ beta, klWeight, kldWeight, weight, reconstructionLoss, imageSize }: Options): ToolFlags {
  const weights = [klWeight, kldWeight, weight].filter((given) => given !== undefined);
  if (weights.length > 1) {
    throw new VaeError(
      "usage",
      "--kl-weight, --kld-weight and --weight are the same thing; give one of them.",
    );
  }
  return {
    ...(beta !== undefined && { beta }),
    ...(weights[0] !== undefined && { klWeight: weights[0] }),
    ...(reconstructionLoss !== undefined && { reconstructionLoss }),
    ...(imageSize !== undefined && { imageSize }),
  };
}

async function datasetD(file: string | undefined, overrides: Overrides): Promise<number> {
  const { readDataset } = await import("../experiment.ts");
  const { imageShape } = await withDataProgress((context) =>
    readDataset(loadConfig(file, overrides), context),
  );
  return imageShape[0] * imageShape[1] * imageShape[2];
}
