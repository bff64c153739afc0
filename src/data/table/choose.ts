import { counted } from "../../base/counted.ts";
import { didYouMean, VaeError } from "../../base/errors.ts";
import { columnName, type RawColumn, type Table, unnamed } from "./table.ts";

/** The name of a column, or its number from 1, or from −1 at the end. */
export type ColumnReference = string | number;

/** The column that a setting names; a name that is also a number goes before the number. */
export function pickColumn(table: Table, reference: ColumnReference, setting: string): RawColumn {
  const { path, columns } = table;
  const text = String(reference);
  const named = columns.find(({ name }) => name === text);
  if (named) return named;
  const position = Number(text);
  const count = columns.length;
  const found =
    Number.isInteger(position) && position !== 0
      ? columns.at(position > 0 ? position - 1 : position)
      : undefined;
  if (found) return found;
  const names = columns.map(({ name }) => name);
  const hasNames = columns.some(({ name, number }) => name !== unnamed(number));
  const hint = Number.isFinite(position)
    ? ""
    : hasNames
      ? didYouMean(text, names)
      : " If the first line has the names of the columns: --dataset.header true.";
  const some = names.slice(0, 20).join(", ");
  throw new VaeError(
    "usage",
    `${setting} is ${text}, which no column of ${path} is. It has ${count}: ${some}${count > 20 ? ", …" : ""}. ` +
      `Accepted: one of these names, or a number from 1 to ${count}, or -1 (the last) to -${count}.${hint}`,
  );
}

export interface ColumnSettings {
  readonly target?: ColumnReference | undefined;
  readonly features?: readonly ColumnReference[] | undefined;
  readonly splitColumn?: ColumnReference | undefined;
}

/** What each column is for. */
export interface Chosen {
  readonly target: RawColumn;
  readonly features: readonly RawColumn[];
  readonly split: RawColumn | undefined;
}

export function chooseColumns(table: Table, { target, features, splitColumn }: ColumnSettings): Chosen {
  const split = splitColumn === undefined ? undefined : pickColumn(table, splitColumn, "dataset.splitColumn");
  const chosen =
    target === undefined
      ? table.columns.findLast((column) => column !== split)
      : pickColumn(table, target, "dataset.target");
  if (!chosen || table.columns.length < 2) throw tooFewColumns(table);
  const given = features?.map((feature) => pickColumn(table, feature, "dataset.features"));
  if (chosen === split) throw twice("dataset.target and dataset.splitColumn", chosen);
  if (given?.includes(chosen)) throw twice("dataset.target and dataset.features", chosen);
  if (split && given?.includes(split)) throw twice("dataset.splitColumn and dataset.features", split);
  const again = given?.find((column, i) => given.indexOf(column) !== i);
  if (again) throw twice("dataset.features", again);
  const rest = given ?? table.columns.filter((column) => column !== chosen && column !== split);
  if (rest.length === 0) throw tooFewColumns(table);
  return { target: chosen, features: rest, split };
}

const twice = (settings: string, column: RawColumn) =>
  new VaeError(
    "usage",
    `${settings} ${settings.includes(" ") ? "both name" : "names"} ${columnName(column)}${settings.includes(" ") ? "" : " twice"}. Accepted: each column for one thing, so that what is to be predicted is not given.`,
  );

const tooFewColumns = ({ path, columns }: Table) =>
  new VaeError(
    "failure",
    `${path}: ${counted(columns.length, "column")}, ${columns.map(({ name }) => name).join(", ")}. ` +
      "Accepted: at least one feature and the target. If its columns are set apart by another character, name it: " +
      "--dataset.delimiter (, ; tab bar space).",
  );
