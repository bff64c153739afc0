import { basename, join, relative, resolve } from "node:path";
import { writeFileAtomic } from "../../base/atomicFile.ts";
import { counted } from "../../base/counted.ts";
import { valueAt } from "../../config/settings.ts";
import { formatBackend, formatDuration, formatError, formatNats } from "../../reporting/format.ts";
import { quantityOf } from "../columns.ts";
import { type ComparedRow, type CompareOptions, type Comparison, compare, type Group } from "../compare.ts";
import { drawComparison, type Figure } from "../figures.ts";
import { exampleOf } from "../groups.ts";
import { BY_BYTES, groupTitle, list, notesOf, tableOf } from "../render.ts";
import { errorOf, repetitionsIn } from "../rows.ts";
import { material, settingText, shortNames } from "../settingsOf.ts";
import type { Block, Document } from "./document.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";

/** The files of a report, and what it found. */
export interface Report {
  readonly html: string;
  readonly markdown: string;
  readonly figures: readonly string[];
  /** The best run of each group, by validation. */
  readonly best: readonly string[];
}

/**
 * Compares runs and writes what is found into a folder: `report.html`, which has the figures in it, `report.md`, which
 * shows those beside it, and the figures. Equal runs give equal bytes.
 */
export async function writeReport(
  paths: readonly string[],
  folder: string,
  warn: (text: string) => void,
  options: CompareOptions = {},
): Promise<Report> {
  const comparison = compare(paths, options);
  const figures = await drawComparison(comparison, folder, warn);
  const document = documentOf(comparison, figures, { paths, folder });
  const [html, markdown] = [join(folder, "report.html"), join(folder, "report.md")];
  await writeFileAtomic(markdown, renderMarkdown(document, folder));
  await writeFileAtomic(html, renderHtml(document));
  return {
    html,
    markdown,
    figures: figures.map(({ file }) => file),
    best: comparison.groups.flatMap(({ best }) => best?.folder.path ?? []),
  };
}

interface Place {
  readonly paths: readonly string[];
  readonly folder: string;
}

function documentOf(comparison: Comparison, figures: readonly Figure[], place: Place): Document {
  const { groups, byBytes, unfinished } = comparison;
  const nameOf = (path: string) => relative(place.folder, path) || path;
  const ofGroup = (group: Group): Block[] => [
    { kind: "heading", text: groupTitle(group, groups) },
    ...bestOf(group, nameOf),
    { kind: "table", table: tableOf(group, nameOf) },
    ...figures
      .filter((figure) => figure.group === group)
      .map(({ file, what }): Block => ({ kind: "figure", file, what })),
    { kind: "paragraph", text: circumstances(group) },
    ...common(group),
  ];
  return {
    title: `Runs in ${list(place.paths.map((path) => basename(resolve(path))))}`,
    blocks: [
      { kind: "paragraph", text: overview(comparison) },
      ...groups.flatMap(ofGroup),
      ...(byBytes
        ? ([
            { kind: "heading", text: BY_BYTES },
            { kind: "table", table: tableOf(byBytes, nameOf) },
          ] satisfies Block[])
        : []),
      ...(groups.length > 0
        ? ([
            { kind: "heading", text: "How to read it" },
            { kind: "list", items: notesOf(comparison) },
          ] satisfies Block[])
        : []),
      ...(unfinished.length > 0
        ? ([
            { kind: "heading", text: "Not finished, and not compared" },
            { kind: "list", items: unfinished.map(({ path, state }) => `\`${nameOf(path)}\`: ${state}`) },
          ] satisfies Block[])
        : []),
    ],
  };
}

function overview({ groups, unfinished }: Comparison): string {
  const runs = groups.flatMap(({ runs }) => runs).length;
  const rows = groups.flatMap(({ rows }) => rows).length;
  const apart =
    groups.length > 1 ? `, in ${groups.length} groups that are not ranked against each other` : "";
  const others = unfinished.length > 0 ? ` ${counted(unfinished.length, "other")} did not finish.` : "";
  return `${counted(runs, "finished run")}: ${counted(rows, "setting")}, each with the seeds that it has${apart}.${others}`;
}

/** The best row by validation, how sure that is, what test says of it, and how to have it again. */
function bestOf({ rows, best, varying, rankedBy }: Group, nameOf: (path: string) => string): Block[] {
  if (!best || rows.length < 2) return [];
  const row = rows.find(({ runs }) => runs.includes(best))!;
  const names = shortNames(varying);
  const settings = varying.map((path, i) => `${names[i]} ${settingText(best.config, path)}`).join(", ");
  const level = rows.filter(({ rank }) => rank![0] === 1).length - 1;
  const which = row.runs.length > 1 ? `, of its ${repetitionsIn([row])} that with the lowest` : "";
  const example = exampleOf(best);
  const ofTable = example === "row";
  const test = ofTable ? "test.minusLogProb" : "test.minusElbo";
  return [
    {
      kind: "paragraph",
      text:
        `Best by validation: ${settings}. ${quantityOf(rankedBy)} ${numberOf(row, rankedBy.key)} nats per ${example} on validation; ` +
        `test, which chose nothing, says ${numberOf(row, test)}${ofTable ? " of −log p(y|x)" : ""}. ` +
        `${level > 0 ? `${counted(level, "other row")} cannot be told from it by more than the error. ` : ""}` +
        `Its run is \`${nameOf(best.folder.path)}\`${which}; this trains it again:`,
    },
    { kind: "code", language: "sh", text: `vae train ${best.folder.config} --out runs/again` },
  ];
}

function numberOf({ numbers }: ComparedRow, key: string): string {
  const estimate = numbers[key]!;
  return `${formatNats(estimate.mean)}${formatError(errorOf(estimate))}`;
}

function circumstances({ runs }: Group): string {
  const versions = [...new Set(runs.map(({ record }) => record.versions["vae"]))].join(", ");
  const backends = [...new Set(runs.map(({ record }) => formatBackend(record.backend)))];
  const seconds = runs.reduce((sum, { record }) => sum + record.timings.seconds, 0);
  return `Trained by vae ${versions} on ${list(backends, "; on ")}; ${formatDuration(seconds)} for all runs together.`;
}

/** What all have in common and is no default, by path. */
function common({ runs: [{ config }], varying }: Group): Block[] {
  const lines = material()
    .filter(({ path }) => !varying.includes(path))
    .map((setting) => ({ ...setting, value: valueAt(config, setting.path) }))
    .filter(({ value, default: standard }) => value !== undefined && String(value) !== String(standard))
    .map(({ path, value }) => `${path}: ${JSON.stringify(value)}`);
  if (lines.length === 0) return [];
  return [
    { kind: "paragraph", text: "What all of them have, where it is not the default:" },
    { kind: "code", language: "yaml", text: lines.join("\n") },
  ];
}
