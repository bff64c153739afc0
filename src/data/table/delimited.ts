import { CsvError, type InfoRecord, type Options, parse } from "csv-parse/sync";
import { counted } from "../../base/counted.ts";
import { VaeError } from "../../base/errors.ts";
import { isNumber } from "./cells.ts";
import { quoted, type RawColumn, type Table, unnamed } from "./table.ts";

export const delimiters = [",", ";", "tab", "bar", "space"] as const;

export type Delimiter = (typeof delimiters)[number];

export interface TextSettings {
  readonly delimiter: "auto" | Delimiter;
  readonly header: "auto" | boolean;
}

/** The rows of delimited text with their columns. Blank lines are no rows. */
export function parseDelimited(
  text: string,
  file: Pick<Table, "path" | "sha256">,
  { delimiter, header }: TextSettings,
): Table {
  const { path } = file;
  const used = delimiter === "auto" ? likeliestDelimiter(text) : delimiter;
  const lines: number[] = [];
  const columns: string[][] = [];
  const add = (record: string[], line: number) => {
    if (lines.length === 0) for (const _ of record) columns.push([]);
    else if (record.length !== columns.length)
      throw ragged(path, used, { line, record }, { line: lines[0]!, width: columns.length });
    lines.push(line);
    for (const [j, cell] of record.entries()) columns[j]!.push(cell);
  };
  eachRecord(text, used, path, add);
  if (lines.length === 0) {
    throw new VaeError("failure", `${path} is empty. Accepted: a table of text, a row on each line.`);
  }
  const first = columns.map(([cell]) => cell!);
  const hasHeader = header === "auto" ? !first.some(isNumber) : header;
  if (hasHeader) {
    lines.shift();
    for (const column of columns) column.shift();
  }
  const names = columns.map((_, j) => (hasHeader && first[j]) || unnamed(j + 1));
  checkNames(path, names);
  return {
    ...file,
    count: lines.length,
    columns: columns.map((cells, j): RawColumn => ({ name: names[j]!, number: j + 1, cells })),
    placeOf: (row) => `line ${lines[row]}`,
  };
}

function checkNames(path: string, names: readonly string[]): void {
  const known = new Map<string, number>();
  for (const [j, name] of names.entries()) {
    const before = known.get(name);
    known.set(name, j + 1);
    if (before === undefined) continue;
    throw new VaeError(
      "failure",
      `${path}: columns ${before} and ${j + 1} are both called ${quoted(name)}. Accepted: a name of its own for each; rename one, ` +
        "or give --dataset.header false if the first line is a row.",
    );
  }
}

const OPTIONS = {
  record_delimiter: "\n",
  relax_column_count: true, // told here, with both lines
  skip_empty_lines: true,
  trim: true,
} satisfies Options;

const NAMED: Readonly<Partial<Record<Delimiter, string>>> = { tab: "\t", bar: "|", space: " " };

const characterOf = (delimiter: Delimiter) => NAMED[delimiter] ?? delimiter;

/** Columns that blanks align are set apart by more than one. */
const prepared = (text: string, delimiter: Delimiter) =>
  delimiter === "space" ? text.replace(/[ \t]+/g, " ").replace(/^ | $/gm, "") : text;

function eachRecord(
  text: string,
  delimiter: Delimiter,
  path: string,
  add: (record: string[], line: number) => void,
): void {
  let last = 0;
  try {
    parse(prepared(text, delimiter), {
      ...OPTIONS,
      delimiter: characterOf(delimiter),
      on_record: (record: string[], { lines }: InfoRecord) => {
        add(record, lines);
        last = lines;
        return null;
      },
    });
  } catch (error) {
    throw error instanceof CsvError ? quoteError(error, path, last) : error;
  }
}

/** The first that gives more than one column, and as many on each of the first lines; or else most on the first one. */
function likeliestDelimiter(text: string): Delimiter {
  const widths = (["tab", ";", ",", "bar", "space"] as const).map((delimiter) => ({
    delimiter,
    counts: firstWidths(text, delimiter),
  }));
  const steady = widths.find(
    ({ counts: [first = 0, ...rest] }) => first > 1 && rest.every((n) => n === first),
  );
  const most = widths.reduce((a, b) => ((b.counts[0] ?? 0) > (a.counts[0] ?? 0) ? b : a));
  const best = steady ?? most;
  return (best.counts[0] ?? 0) > 1 ? best.delimiter : ",";
}

/** How many cells the first rows have with this delimiter. */
function firstWidths(text: string, delimiter: Delimiter): number[] {
  const start = text.split(/\r\n|\n|\r/, 20).join("\n");
  const options = { ...OPTIONS, delimiter: characterOf(delimiter), relax_quotes: true };
  try {
    return parse(prepared(start, delimiter), options).map(({ length }) => length);
  } catch {
    return []; // a quoted cell goes on beyond these lines
  }
}

function ragged(
  path: string,
  delimiter: Delimiter,
  { line, record }: { line: number; record: readonly string[] },
  first: { line: number; width: number },
): VaeError {
  const count = `${counted(record.length, "value")}`;
  const some = `${record.slice(0, 3).map(quoted).join(", ")}${record.length > 3 ? ", …" : ""}`;
  return new VaeError(
    "failure",
    `${path}, line ${line}: ${count} (${some}), but line ${first.line} has ${first.width}, with ${JSON.stringify(characterOf(delimiter))} between them. ` +
      "Accepted: as many on each line. Where a cell holds that character itself, put the cell in double quotes; " +
      `--dataset.delimiter names another (${delimiters.join(" ")}).`,
  );
}

/** `last` is the line that the last whole row ends on. */
function quoteError({ code, lines }: CsvError, path: string, last: number): VaeError {
  const told =
    code === "CSV_QUOTE_NOT_CLOSED"
      ? `line ${last + 1}: a double quote opens a cell here or in the row below, and none closes it`
      : `line ${lines}: a double quote ${code === "INVALID_OPENING_QUOTE" ? "inside a cell that none opens" : "closes a cell, but text follows it"}`;
  return new VaeError(
    "failure",
    `${path}, ${told}. Accepted: cells without double quotes, or wholly between two, where "" stands for one.`,
  );
}
