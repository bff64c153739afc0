import { resolve } from "node:path";
import { Command, Option } from "commander";
import { VaeError } from "../base/errors.ts";
import { columnOf } from "../data/codedFields.ts";
import { contactSheet } from "../data/contactSheet.ts";
import type { Dataset } from "../data/dataset.ts";
import { imageShapeOf } from "../data/field.ts";
import {
  type DatasetConfig,
  type DatasetName,
  datasetName,
  datasetNames,
  datasetSchema,
  datasets,
  type LoadContext,
  loadDataset,
  resolveDataDirs,
} from "../data/index.ts";
import { labelCounts, pixelStatistics } from "../data/pixelStatistics.ts";
import { imageGrid } from "../figures/imageGrid.ts";
import { dataProgressBar, formatBytes } from "../reporting/dataProgress.ts";
import { writeFileAtomic } from "../runs/atomicFile.ts";

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
          const { summary } = datasets[name];
          const { licence, downloadBytes, files } = await datasets[name].inventory(dirs);
          const paths = files.flatMap(({ path }) => path ?? []);
          return { name, summary, downloadBytes, licence, files: files.length, paths };
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
          const files = await datasets[dataset].fetch(context, { force });
          fetched.push(...files.map((file) => ({ dataset, ...file })));
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
      const config = parseConfig(name, settings);
      const dataset = await withProgress((context) => loadDataset(config, context));
      const file = out ?? `${name}.png`;
      const columns = 20;
      const shown = shownFields(dataset);
      const sheet = contactSheet(dataset[split], shown, { columns, rows: 10 });
      await writeFileAtomic(file, imageGrid(sheet, imageShapeOf(shown.image), { columns }).png);
      const report = { ...inspect(dataset, split), file };
      print(json ? JSON.stringify(report) : inspectionTable(report));
    });
}

/** What is drawn, and what it is sorted by. */
function shownFields({ fields }: Dataset) {
  const all = Object.values(fields);
  return {
    image: all.find(({ show }) => show === "image")!,
    label: all.find((field) => field.kind === "class"),
  };
}

function inspect(dataset: Dataset, split: InspectOptions["split"]) {
  const { name, train, validation, test } = dataset;
  const { image, label } = shownFields(dataset);
  const { columns } = dataset[split];
  const classNames = label?.classNames;
  return {
    name,
    imageShape: imageShapeOf(image),
    counts: { train: train.count, validation: validation.count, test: test.count },
    split,
    labels: labelCounts(label && columns[label.name], classNames?.length),
    classNames,
    ...pixelStatistics(columnOf(dataset[split], image)),
  };
}

function inspectionTable(report: ReturnType<typeof inspect> & { file: string }): string {
  const { counts, split, labels, classNames } = report;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const list = (entries: (readonly [string, number])[]) =>
    entries.map((entry) => entry.join(": ")).join(", ");
  return table([
    ["images", `${report.imageShape.join("x")} (height x width x channels)`],
    ["splits", list(Object.entries(counts))],
    ["below", `${split}, ${counts[split]} images`],
    [
      "classes",
      list(labels.map((count, label) => [classNames?.[label] ?? String(label), count])) || "no labels",
    ],
    ["pixels", `mean ${report.mean.toFixed(4)}, std ${report.std.toFixed(4)} of white`],
    ["", `${percent(report.shareBlack)} exactly 0, ${percent(report.shareWhite)} exactly 255`],
    ["", report.isBinary ? "binary: every pixel is 0 or 255" : "grey levels: not binary"],
    ["levels", "share (length of the bar: its square root)"],
    ...bars(report.histogram),
    ["drawn", report.file],
  ]);
}

/** The options as a dataset's settings; what is wrong is told by the names of the options. */
function parseConfig(name: DatasetName, settings: object): DatasetConfig {
  const config = datasetSchema.safeParse({ name, ...settings });
  if (config.success) return config.data;
  const option = (setting: string) => `--${setting.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  const problems = config.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `${issue.keys.map(option).join(", ")}: not for ${name}.`;
    const setting = String(issue.path[0]);
    const schema = Object.entries(datasets[name].schema.shape).find(([key]) => key === setting)?.[1];
    const isMissing = issue.message.endsWith("received undefined");
    return `${option(setting)}${isMissing ? " is missing" : `: ${issue.message}`}. Accepted: ${schema?.description}.`;
  });
  throw new VaeError("usage", `vae data inspect ${name}: ${problems.join(" ")}`);
}

/** Runs `work` with progress on stderr, and stops it when the user presses Ctrl-C. */
async function withProgress<T>(work: (context: LoadContext) => Promise<T>): Promise<T> {
  const progress = dataProgressBar(process.stderr);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    const { onProgress } = progress;
    return await work({ dataDirs: resolveDataDirs(), onProgress, signal: interrupt.signal });
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
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

function jsonOption(): Option {
  return new Option("--json", "print one JSON object");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
