import { basename, join, resolve } from "node:path";
import { Command, Option } from "commander";
import type { ExportFormatName } from "../exports/index.ts";
import { checkpointOption, jsonOption, note, result } from "./shared.ts";

interface Options {
  to: ExportFormatName;
  output?: string;
  checkpoint: "best" | "last";
  json?: boolean;
}

/** The names of the formats, which take their libraries along when they are loaded. */
const FORMATS = ["tfjs", "onnx", "safetensors"] satisfies ExportFormatName[];

export function exportCommand(): Command {
  return new Command("export")
    .description(
      "Write the model of a run for other programs: the encoder, x -> mean and logVar of q(z|x), and the decoder, z -> params of " +
        "p(x|z) and its mean, each by name. A README.md beside them tells the likelihood, its base measure, the numbers with " +
        "their protocol, and how to load it.",
    )
    .argument("<run>", "a run folder")
    .addOption(new Option("--to <format>", "what to write").choices(FORMATS).makeOptionMandatory())
    .option("-o, --output <folder>", "where to write (default: exports/<run>-<format>)")
    .addOption(checkpointOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nFormats:\n" +
        "  tfjs          layers models for TensorFlow.js, for a page: tf.loadLayersModel reads them without further code; of VAEs\n" +
        "                and regressions, mlp, gated-mlp or conv, and what they are given as an input of their own. Of densities whose\n" +
        "                mean no standard layers say (continuous-bernoulli, discretized-logistic, poisson) the decoder gives params alone\n" +
        "  onnx          ONNX models, operators of 2021 (opset 17), for onnxruntime and its like; of VAEs and regressions, with all\n" +
        "                densities; where a flow is the posterior, the encoder takes the noise and gives z\n" +
        "  safetensors   the weights with their names, [inputs, outputs], and a header that says what they are of;\n" +
        "                of every model\n" +
        "\nExamples:\n" +
        "  vae export runs/digits-gaussian --to tfjs -o site/model\n" +
        "  vae export runs/digits-gaussian --to onnx --checkpoint last\n" +
        "\nWritten again it replaces what it wrote.",
    )
    .action(async (path: string, { to, output, checkpoint, json }: Options) => {
      const { openRun } = await import("../runs/experiment.ts");
      const { exportRun } = await import("../exports/exportRun.ts");
      // What a model computes is read off the backend that has no kernels of our own.
      const run = await openRun(path, { checkpoint, compute: new Map([["backend", "cpu"]]) });
      const folder = output ?? join("exports", `${basename(resolve(path))}-${to}`);
      const { files, notes } = await exportRun(run, to, folder);
      for (const text of notes) note(text);
      result(json ? JSON.stringify({ format: to, folder, files, notes }) : files.join("\n"));
    });
}
