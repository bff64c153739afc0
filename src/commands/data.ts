import { resolve } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { writeFileAtomic } from "../artifacts/atomicFile.ts";
import { imageGrid } from "../artifacts/imageGrid.ts";
import { contactSheet } from "../data/contactSheet.ts";
import {
  datasetName,
  datasetNames,
  datasetSchema,
  datasets,
  loadDataset,
  resolveDataDirs,
} from "../data/index.ts";
import { labelCounts, pixelStatistics } from "../data/pixelStatistics.ts";
import { VaeError } from "../errors.ts";
import { dataProgressBar, formatBytes } from "../reporting/dataProgress.ts";

/** `vae data list|fetch|inspect` */
export function dataCommand(): Command {
  return new Command("data")
    .description("list, fetch and inspect datasets")
    .addCommand(listCommand())
    .addCommand(fetchCommand())
    .addCommand(inspectCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("the datasets, and which are on this machine")
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      const dirs = resolveDataDirs();
      const rows = await Promise.all(
        datasetNames.map(async (name) => {
          const { licence, downloadBytes, files } = await datasets[name].inventory(dirs);
          const paths = files.flatMap(({ path }) => path ?? []);
          return {
            name,
            summary: datasets[name].summary,
            downloadBytes,
            licence,
            files: files.length,
            paths,
          };
        }),
      );
      if (json) return print(JSON.stringify({ datasets: rows }));
      const whereabouts = ({ name, files, paths }: (typeof rows)[number]) => {
        if (files === 0) return "";
        if (paths.length === 0) return name === "digits" ? "drawn on first use" : `vae data fetch ${name}`;
        const folders = [...new Set(paths.map((path) => resolve(path, "..")))].join(", ");
        return paths.length < files ? `${paths.length} of ${files} files in ${folders}` : folders;
      };
      print(
        table([
          ["NAME", "WHAT IT IS", "DOWNLOAD", "LICENCE", "ON THIS MACHINE"],
          ...rows.map((row) => [
            row.name,
            row.summary,
            row.downloadBytes > 0 ? formatBytes(row.downloadBytes) : "none",
            row.licence,
            whereabouts(row),
          ]),
        ]),
      );
    });
}

function fetchCommand(): Command {
  return new Command("fetch")
    .description("bring datasets onto this machine, or check those that are here")
    .argument("<name...>", "one or more of digits, mnist, fashion-mnist, kmnist")
    .option("--force", "replace files that are here, such as damaged ones")
    .addOption(jsonOption())
    .action(async (given: string[], { force = false, json }: { force?: boolean; json?: true }) => {
      const names = given.map(datasetName);
      const files = await withProgress(async (context) => {
        const fetched = [];
        for (const dataset of names) {
          for (const file of await datasets[dataset].fetch(context, { force }))
            fetched.push({ dataset, ...file });
        }
        return fetched;
      });
      if (json) return print(JSON.stringify({ files }));
      print(
        table(files.map(({ dataset, status, bytes, path }) => [dataset, status, formatBytes(bytes), path])),
      );
    });
}

interface InspectOptions {
  split: "train" | "validation" | "test";
  out?: string;
  json?: true;
}

function inspectCommand(): Command {
  return new Command("inspect")
    .description("count a dataset's images and pixels, and draw some of them")
    .argument("<name>", datasetNames.join(", "))
    .addOption(new Option("--split <split>").choices(["train", "validation", "test"]).default("train"))
    .option("--out <file>", "where to draw the images (default: <name>.png)")
    .option("--path <folder>", "images: folder of PNG images")
    .option("--test-path <folder>", "images: folder of test images")
    .option("--channels <number>", "images: 1 (grey) or 3 (RGB)", Number)
    .option("--train-images <file>", "idx: training images")
    .option("--train-labels <file>", "idx: their classes")
    .option("--test-images <file>", "idx: test images")
    .option("--test-labels <file>", "idx: their classes")
    .option("--seed <number>", "digits: which digits to draw", Number)
    .option("--validation <number>", "images held out for validation", Number)
    .addOption(jsonOption())
    .action(async (given: string, { split, out, json, ...settings }: InspectOptions) => {
      const name = datasetName(given);
      const config = datasetSchema.safeParse({ name, ...settings });
      if (!config.success)
        throw new VaeError("usage", `vae data inspect ${name}:\n${z.prettifyError(config.error)}`);
      const dataset = await withProgress((context) => loadDataset(config.data, context));
      const { imageShape, classNames } = dataset;
      const set = dataset[split];
      const sheet = imageGrid(contactSheet(set, imageShape, { columns: 20, rows: 10 }), imageShape, {
        columns: 20,
      });
      const file = out ?? `${name}.png`;
      await writeFileAtomic(file, sheet.png);

      const counts = {
        train: dataset.train.count,
        validation: dataset.validation.count,
        test: dataset.test.count,
      };
      const labels = labelCounts(set, classNames?.length);
      const statistics = pixelStatistics(set);
      if (json)
        return print(
          JSON.stringify({ name, imageShape, counts, split, labels, classNames, ...statistics, file }),
        );
      const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
      print(
        table([
          ["images", `${imageShape.join("x")} (height x width x channels)`],
          [
            "splits",
            Object.entries(counts)
              .map(([part, count]) => `${part} ${count}`)
              .join(", "),
          ],
          ["below", `${split}, ${set.count} images`],
          ...(labels.length > 0
            ? [
                [
                  "classes",
                  labels.map((count, label) => `${classNames?.[label] ?? label}: ${count}`).join(", "),
                ],
              ]
            : []),
          ["pixels", `mean ${statistics.mean.toFixed(4)}, std ${statistics.std.toFixed(4)} of white`],
          ["", `${percent(statistics.shareBlack)} exactly 0, ${percent(statistics.shareWhite)} exactly 255`],
          ["", statistics.isBinary ? "binary: every pixel is 0 or 255" : "grey levels: not binary"],
          ["levels", "  0-255  share   (length: its square root)"],
          ...bars(statistics.histogram),
          ["drawn", `${file} (${sheet.width}x${sheet.height})`],
        ]),
      );
    });
}

/** Runs `work` with progress on stderr, and stops it when the user presses Ctrl-C. */
async function withProgress<T>(work: (context: Parameters<typeof loadDataset>[1]) => Promise<T>): Promise<T> {
  const progress = dataProgressBar(process.stderr);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    return await work({
      dataDirs: resolveDataDirs(),
      onProgress: progress.onProgress,
      signal: interrupt.signal,
    });
  } finally {
    process.off("SIGINT", onInterrupt);
    progress.stop();
  }
}

/** One row for each bin. Bars grow with the square root, or the background would leave nothing of the others. */
function bars(histogram: readonly number[]): string[][] {
  const most = Math.max(...histogram);
  return histogram.map((share, bin) => {
    const levels = `${16 * bin}-${16 * bin + 15}`.padStart(7);
    const length = Math.round(40 * Math.sqrt(share / most));
    const bar = share > 0 ? "█".repeat(length) || "▏" : "";
    return ["", `${levels} ${(100 * share).toFixed(2).padStart(6)} % ${bar}`];
  });
}

/** Rows with their columns aligned. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function jsonOption(): Option {
  return new Option("--json", "print one JSON object");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
