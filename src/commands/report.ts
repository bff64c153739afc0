import { Command } from "commander";
import { VaeError } from "../base/errors.ts";
import { comparedRuns, figureFolder, sortOption, whereOption } from "./compare.ts";
import { jsonOption, note, result } from "./shared.ts";

interface Options {
  where: string[];
  sort?: string;
  output?: string;
  json?: boolean;
}

export function reportCommand(): Command {
  return new Command("report")
    .description(
      "What `vae compare` finds as a page to keep or to send: report.html, one file with the figures in it, and report.md, " +
        "which shows the figures beside it. The best run is chosen on validation; test stands beside it.",
    )
    .addArgument(comparedRuns())
    .addOption(whereOption())
    .addOption(sortOption())
    .option("-o, --output <folder>", "where to write (default: the one folder given that is no run)")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n  vae report runs\n  vae report runs --where likelihood.kind=bernoulli --sort beta -o reports/bernoulli\n\n" +
        "Written again it replaces what it wrote. Equal runs give equal bytes.",
    )
    .action(async (paths: string[], { where, sort, output, json }: Options) => {
      const { writeReport } = await import("../comparison/report/report.ts");
      const folder = await figureFolder(paths, output);
      if (folder === undefined) {
        throw new VaeError("usage", "Of several folders, or a run, the report goes where -o FOLDER says.");
      }
      const report = await writeReport(paths, folder, note, { where, ...(sort !== undefined && { sort }) });
      result(json ? JSON.stringify(report) : [report.html, report.markdown].join("\n"));
    });
}
