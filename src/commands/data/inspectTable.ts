import { basename } from "node:path";
import { counted } from "../../base/counted.ts";
import type { ColumnDescription } from "../../data/table/describe.ts";
import type { TableView } from "../../data/table.ts";
import { describeTable } from "../../data/table.ts";
import { columnsChart, shownColumns } from "../../figures/charts/columnsChart.ts";
import { writeFigure } from "../../figures/figures.ts";
import { result } from "../shared.ts";
import { withDataProgress } from "../withDataProgress.ts";
import { table } from "./table.ts";

/** Counts and describes the columns of a table of the user's, and draws how their values are spread. */
export async function inspectTable(
  settings: TableView,
  { out, json }: { out?: string; json?: true },
): Promise<void> {
  const described = await withDataProgress((context) => describeTable(settings, context));
  const { path, rows, columns, target } = described;
  const file = out ?? `${basename(path).replace(/\.\w+$/, "")}.png`;
  const shown = shownColumns(columns, target.number);
  const some = shown.length < columns.length ? `, ${shown.length} of them drawn` : "";
  await writeFigure(
    file,
    await columnsChart(shown, {
      title: basename(path),
      subtitle: `${sizeOf(described)}${some}. Numbers in the units of the file; bars count rows`,
      target: target.number,
    }),
  );
  result(
    json
      ? JSON.stringify({ path, rows, target: target.name, columns, file })
      : tableOf(described, `${file}${some}`),
  );
}

type Described = Awaited<ReturnType<typeof describeTable>>;

const sizeOf = ({ rows, columns }: Described) =>
  `${counted(rows, "row")}, ${counted(columns.length, "column")}`;

/** A terminal shows so many lines at most; `--json` has all. */
const MOST_LINES = 200;

function tableOf(described: Described, drawn: string): string {
  const { path, columns, target } = described;
  const rest = columns.length - MOST_LINES;
  return [
    `${path}: ${sizeOf(described)}`,
    table([
      ["", "COLUMN", "KIND", "VALUES", "MISSING", "DISTINCT", "MIN", "MEAN", "SD", "MAX", ""],
      ...columns.slice(0, MOST_LINES).map((column) => rowOf(column, column.number === target.number)),
    ]),
    ...(rest > 0 ? [`and ${rest} more, which --json tells of`] : []),
    `drawn: ${drawn}`,
  ].join("\n");
}

function rowOf(column: ColumnDescription, isTarget: boolean): string[] {
  const { name, number, kind, count, missing, distinct } = column;
  const numbers =
    column.kind === "number"
      ? [column.min, column.mean, column.standardDeviation, column.max].map(formatted)
      : ["", "", "", ""];
  const notes = [...(isTarget ? ["target"] : []), ...notesOf(column)].join("; ");
  return [
    ...[String(number), name.replaceAll("\n", " "), kind === "category" ? "categories" : kind],
    ...[count, missing, distinct].map(String),
    ...numbers,
    notes,
  ];
}

function notesOf(column: ColumnDescription): string[] {
  const { odd } = column;
  return [
    ...(column.kind === "number" && column.min === column.max ? ["constant"] : []),
    ...(odd ? [`${odd.count} cannot be used as a number, the first in ${odd.first}`] : []),
    ...(column.kind === "category" && !odd ? [mostFrequent(column)] : []),
  ];
}

function mostFrequent({ top, distinct }: ColumnDescription & { kind: "category" | "empty" }): string {
  const told = top.slice(0, 4).map(({ value, count }) => `${value}: ${count}`);
  const rest = distinct - told.length;
  return [...told, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}

/** Five digits of a number of any size. */
const formatted = (value: number) => String(Number(value.toPrecision(5)));
