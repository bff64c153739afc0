import { writeFileAtomic } from "../../base/atomicFile.ts";
import { VaeError } from "../../base/errors.ts";
import { settings } from "../../config/settings.ts";
import { columnOf } from "../../data/codedFields.ts";
import { contactSheet } from "../../data/contactSheet.ts";
import type { Dataset, Split } from "../../data/dataset.ts";
import { imageShapeOf, whiteOf } from "../../data/field.ts";
import {
  type DatasetConfig,
  type DatasetName,
  datasetName,
  datasetSchema,
  loadDataset,
  resolveDataDirs,
} from "../../data/index.ts";
import { describePixels } from "../../data/pixelRange.ts";
import { labelCounts, pixelStatistics } from "../../data/pixelStatistics.ts";
import { imageGrid } from "../../figures/imageGrid.ts";
import { result } from "../shared.ts";
import { withDataProgress } from "../withDataProgress.ts";
import { table } from "./table.ts";

export interface InspectOptions {
  split: "train" | "validation" | "test";
  out?: string;
  json?: true;
}

/** Counts a dataset's images and pixels, and draws some of them. */
export async function inspect(
  given: string,
  { split, out, json, ...options }: InspectOptions,
): Promise<void> {
  const name = datasetName(given);
  const config = parseConfig(name, options);
  const dataset = await withDataProgress((progress) =>
    loadDataset(config, { dataDirs: resolveDataDirs(), ...progress }),
  );
  const file = out ?? `${name}.png`;
  const columns = 20;
  const shown = shownFields(dataset);
  const sheet = contactSheet(dataset[split], shown, { columns, rows: 10 });
  await writeFileAtomic(file, imageGrid(sheet, imageShapeOf(shown.image), { columns }).png);
  const report = { ...inspection(dataset, split), file };
  result(json ? JSON.stringify(report) : inspectionTable(report));
}

/** What is drawn, and what it is sorted by. */
function shownFields({ fields }: Dataset) {
  const all = Object.values(fields);
  return {
    image: all.find(({ show }) => show === "image")!,
    label: all.find((field) => field.kind === "class"),
  };
}

function inspection(dataset: Dataset, split: InspectOptions["split"]) {
  const { name, train, validation, test } = dataset;
  const { image, label } = shownFields(dataset);
  const white = whiteOf(image);
  const classNames = label?.classNames;
  const classesOf = ({ columns }: Split) => labelCounts(label && columns[label.name], label?.classCount);
  return {
    name,
    white,
    imageShape: imageShapeOf(image),
    counts: { train: train.count, validation: validation.count, test: test.count },
    split,
    labels: classesOf(dataset[split]),
    classes: { train: classesOf(train), validation: classesOf(validation), test: classesOf(test) },
    classNames,
    ...(dataset.pixels && { pixels: dataset.pixels }),
    ...pixelStatistics(columnOf(dataset[split], image), white),
  };
}

function inspectionTable(report: ReturnType<typeof inspection> & { file: string }): string {
  const { counts, split, classes, classNames } = report;
  const hasLabels = classes.train.length > 0;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const list = (entries: (readonly [string, number])[]) =>
    entries.map((entry) => entry.join(": ")).join(", ");
  return table([
    ["images", `${report.imageShape.join("x")} (height x width x channels)`],
    ["splits", list(Object.entries(counts))],
    ...Object.entries(hasLabels ? classes : {}).map(([part, labels], i) => [
      i === 0 ? "classes" : "",
      `${part}: ${list(labels.map((count, label) => [classNames?.[label] ?? String(label), count]))}`,
    ]),
    ...(hasLabels ? [] : [["classes", "no labels"]]),
    ["below", `${split}, ${counts[split]} images`],
    ...(report.pixels ? [["pixels", describePixels(report.pixels)]] : []),
    [report.pixels ? "" : "pixels", `mean ${report.mean.toFixed(4)}, std ${report.std.toFixed(4)} of white`],
    ["", `${percent(report.shareBlack)} exactly 0, ${percent(report.shareWhite)} exactly ${report.white}`],
    ["", report.isBinary ? `binary: every pixel is 0 or ${report.white}` : "grey levels: not binary"],
    ["levels", "share (length of the bar: its square root)"],
    ...bars(report.histogram, report.white),
    ["drawn", report.file],
  ]);
}

/** The options as a dataset's settings; what is wrong is told by the names of the options. */
function parseConfig(name: DatasetName, options: object): DatasetConfig {
  const given: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    const [key, inner] = option.replace(/^dataset\./, "").split(".") as [string, string?];
    given[key] = inner ? { ...(given[key] as object | undefined), [inner]: value } : value;
  }
  const config = datasetSchema.safeParse({ name, ...given });
  if (config.success) return config.data;
  const option = (setting: string) => `--${setting.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  const problems = config.error.issues.map((issue) => {
    const setting = issue.path.join(".");
    if (issue.code === "unrecognized_keys") {
      const keys = issue.keys.map((key) => option(setting ? `${setting}.${key}` : key));
      return `${keys.join(", ")}: not for ${name}.`;
    }
    const accepted = settings().find(({ path }) => path === `dataset.${setting}`)?.description;
    const isMissing = issue.message.endsWith("received undefined");
    return `${option(setting)}${isMissing ? " is missing" : `: ${issue.message}`}. Accepted: ${accepted}.`;
  });
  throw new VaeError("usage", `vae data inspect ${name}: ${problems.join(" ")}`);
}

/** One row for each bin. Bars grow with the square root, or the background would leave nothing of the others. */
function bars(histogram: readonly number[], white: number): string[][] {
  const most = Math.max(...histogram);
  return histogram.map((share, bin) => {
    const from = (bin: number) => Math.ceil((bin * (white + 1)) / 16);
    const levels = `${from(bin)}-${from(bin + 1) - 1}`.padStart(white > 255 ? 11 : 7);
    const length = Math.round(40 * Math.sqrt(share / most));
    const bar = share > 0 ? "█".repeat(length) || "▏" : "";
    return ["", `${levels} ${(100 * share).toFixed(2).padStart(6)} % ${bar}`];
  });
}
