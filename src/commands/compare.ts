import { Argument, Command, Option } from "commander";
import { VaeError } from "../base/errors.ts";
import { type FormatOptions, figureFormatOption, jsonOption, note, result, tell } from "./shared.ts";

interface Options extends FormatOptions {
  where: string[];
  sort?: string;
  output?: string;
  figures: boolean;
  csv?: boolean;
  json?: boolean;
}

export const comparedRuns = () =>
  new Argument("<run...>", "run folders, and folders that hold them at any depth");

export const whereOption = () =>
  new Option("--where <setting=values>", "only runs with one of these values; may be given again")
    .argParser((text: string, before: string[]) => [...before, text])
    .default([], "all");

export const sortOption = () =>
  new Option(
    "--sort <key>",
    "order by a setting or a number of --csv, with - before it downwards (default: rank)",
  );

export function compareCommand(): Command {
  return new Command("compare")
    .description(
      "Finished runs side by side: a table, ranked by -ELBO on validation, and figures of rate and distortion, of learning " +
        "curves, of two settings that vary, and of samples side by side. Runs that differ in their seed alone are one row, the mean ± standard error " +
        "over seeds. What cannot be ranked (other data, another base measure, a loss) stands apart, with why.",
    )
    .addArgument(comparedRuns())
    .addOption(whereOption())
    .addOption(sortOption())
    .option(
      "-o, --output <folder>",
      "where to draw the figures (default: the one folder given that is no run)",
    )
    .option("--no-figures", "draw none")
    .addOption(figureFormatOption("of the figures, which are all charts"))
    .option("--csv", "print a line of numbers for each row")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n  vae compare runs\n  vae compare runs --where likelihood.kind=bernoulli --sort beta\n" +
        "  vae compare runs/beta-1 runs/beta-4 -o figures\n  vae compare runs --csv > runs.csv\n\n" +
        "Rows that differ by less than the error of their difference share their ranks: 2–3 may be the second or the third.\n" +
        "Test stands beside validation and chooses nothing. Read are the small files of a run, and never its checkpoints.",
    )
    .action(async (paths: string[], options: Options) => {
      const { csv, json, where, sort, format } = options;
      if (csv && json)
        throw new VaeError("usage", "--csv and --json are two forms of the same; give one of them.");
      const { compare } = await import("../comparison/compare.ts");
      const { comparisonCsv, comparisonJson, comparisonText } = await import("../comparison/render.ts");
      const comparison = compare(paths, { where, ...(sort !== undefined && { sort }) });
      const folder = options.figures ? await figureFolder(paths, options.output) : undefined;
      const figures: string[] = [];
      if (folder !== undefined) {
        const { drawComparison } = await import("../comparison/figures.ts");
        const drawn = await drawComparison(comparison, folder, note, format);
        figures.push(...drawn.map(({ file }) => file));
      }
      if (json) result(JSON.stringify({ ...comparisonJson(comparison), figures }));
      else if (csv) result(comparisonCsv(comparison));
      else
        tell([comparisonText(comparison), ...(figures.length > 0 ? [figures.join("\n")] : [])].join("\n\n"));
    });
}

/** Into the folder that was asked for, or the only one that was given, where it is no run; else nowhere. */
export async function figureFolder(
  [path, ...others]: string[],
  output?: string,
): Promise<string | undefined> {
  const { RunFolder } = await import("../runs/runFolder.ts");
  if (output !== undefined) return output;
  return others.length === 0 && !RunFolder.exists(path!) ? path : undefined;
}
