import { existsSync } from "node:fs";
import type { z } from "zod";
import { writeFileAtomic } from "../../base/atomicFile.ts";
import { VaeError } from "../../base/errors.ts";
import { settings } from "../../config/settings.ts";
import { columnOf } from "../../data/codedFields.ts";
import { contactSheet } from "../../data/contactSheet.ts";
import type { Column, Dataset, Split } from "../../data/dataset.ts";
import { imageShapeOf, whiteOf } from "../../data/field.ts";
import {
  type DatasetName,
  datasetName,
  datasetNames,
  datasetSchema,
  datasets,
  loadDataset,
  resolveDataDirs,
} from "../../data/index.ts";
import { describePixels } from "../../data/pixelRange.ts";
import { labelCounts, pixelStatistics } from "../../data/pixelStatistics.ts";
import { tableViewSchema } from "../../data/table.ts";
import type { SplitName } from "../../evaluation/summary.ts";
import { imageGrid } from "../../figures/imageGrid.ts";
import { result } from "../shared.ts";
import { withDataProgress } from "../withDataProgress.ts";
import { inspectTable } from "./inspectTable.ts";
import { table } from "./table.ts";

export interface InspectOptions {
  split?: "train" | "validation" | "test";
  out?: string;
  json?: true;
}

/** Tells what a dataset holds and draws it: images, or the columns of a table, for which its file stands too. */
export async function inspect(given: string, options: InspectOptions): Promise<void> {
  const output = {
    ...(options.out !== undefined && { out: options.out }),
    ...(options.json && { json: true as const }),
  };
  const { out: _, json: __, ...settings } = options;
  if (given === "table") return inspectTable(parsed("table", tableViewSchema, settings), output);
  if (isFile(given))
    return inspectTable(parsed("table", tableViewSchema, { ...settings, path: given }), output);
  return inspectImages(datasetName(given), options);
}

/** What is no dataset's name, but the path of a file. */
const isFile = (given: string) =>
  !datasetNames.some((name) => name === given) && (/[./\\]/.test(given) || existsSync(given));

/** Counts a dataset's images and pixels, and draws some of them. */
async function inspectImages(
  name: DatasetName,
  { split = "train", out, json, ...options }: InspectOptions,
): Promise<void> {
  const config = parsed(name, datasetSchema, { name, ...nested(options) });
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

function inspection(dataset: Dataset, split: SplitName) {
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
    values: Object.values(dataset.fields)
      .filter(({ name, kind, show }) => kind === "real" && show === "value" && dataset[split].columns[name])
      .map(({ name }) => ({ name, ...extent(dataset[split].columns[name]!) })),
    ...(dataset.pixels && { pixels: dataset.pixels }),
    ...pixelStatistics(columnOf(dataset[split], image), white),
  };
}

function inspectionTable(report: ReturnType<typeof inspection> & { file: string }): string {
  const { counts, split, classes, classNames, values } = report;
  const hasLabels = classes.train.length > 0;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  // Of numbers without names, those that no image has would hide the others.
  const isThere = (label: number) => classNames || Object.values(classes).some((counts) => counts[label]);
  const unused = classes.train.filter((_, label) => !isThere(label)).length;
  const list = (entries: (readonly [string, number])[]) =>
    entries.map((entry) => entry.join(": ")).join(", ");
  return table([
    ["images", `${report.imageShape.join("x")} (height x width x channels)`],
    ["splits", list(Object.entries(counts))],
    ...Object.entries(hasLabels ? classes : {}).map(([part, labels], i) => [
      i === 0 ? "classes" : "",
      `${part}: ${list(
        labels.flatMap((count, label) =>
          isThere(label) ? [[classNames?.[label] ?? String(label), count] as const] : [],
        ),
      )}`,
    ]),
    ...(unused > 0
      ? [["", `no image has one of the other ${unused} numbers up to ${classes.train.length - 1}`]]
      : []),
    ...(hasLabels ? [] : [["classes", "no labels"]]),
    ["below", `${split}, ${counts[split]} images`],
    ...values.map(({ name, least, most }, i) => [
      i === 0 ? "values" : "",
      `${name} ${least.toPrecision(3)} to ${most.toPrecision(3)}`,
    ]),
    ...(report.pixels ? [["pixels", describePixels(report.pixels)]] : []),
    [report.pixels ? "" : "pixels", `mean ${report.mean.toFixed(4)}, std ${report.std.toFixed(4)} of white`],
    ["", `${percent(report.shareBlack)} exactly 0, ${percent(report.shareWhite)} exactly ${report.white}`],
    ["", report.isBinary ? `binary: every pixel is 0 or ${report.white}` : "grey levels: not binary"],
    ["levels", "share (length of the bar: its square root)"],
    ...bars(report.histogram, report.white),
    ["drawn", report.file],
  ]);
}

/** Of the numbers that images come with. */
function extent(values: Column) {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return { least, most };
}

/** `dataset.split.order` and its like as settings in sections. */
function nested(options: object): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    const [key, inner] = option.replace(/^dataset\./, "").split(".") as [string, string?];
    given[key] = inner ? { ...(given[key] as object | undefined), [inner]: value } : value;
  }
  return given;
}

/** The options as a dataset's settings; what is wrong is told by the names of the options. */
function parsed<Schema extends z.ZodType>(
  name: DatasetName,
  schema: Schema,
  given: object,
): z.output<Schema> {
  const config = schema.safeParse(given);
  if (config.success) return config.data;
  const option = (setting: string) => `--${setting.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  const problems = config.error.issues.map((issue) => {
    const setting = issue.path.join(".");
    if (issue.code === "unrecognized_keys") {
      const keys = issue.keys.map((key) => option(setting ? `${setting}.${key}` : key));
      return `${keys.join(", ")}: not for ${name}.`;
    }
    const own = (datasets[name].schema.shape as Record<string, z.ZodType>)[setting];
    const accepted =
      own?.description ?? settings().find(({ path }) => path === `dataset.${setting}`)?.description;
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
