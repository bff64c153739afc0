import { foldedTable } from "./markdownTable.ts";

/** What is written to; a terminal has a width. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Whether a line may be drawn anew on `output`: it is a terminal that understands control codes, and no log that only
 * looks like one.
 */
export const canRedraw = (output: Output, env: NodeJS.ProcessEnv = process.env): boolean =>
  output.isTTY === true && env["TERM"] !== "dumb" && !env["CI"];

/** Terminals that do not tell their width have this one. */
const USUAL_COLUMNS = 80;

export const columnsOf = ({ columns }: Output) => columns || USUAL_COLUMNS;

let end: (() => void) | undefined;

/** Tells how the line that is drawn anew is ended before anything else is written; undefined once it has ended. */
export function holdLine(ending: (() => void) | undefined): void {
  end = ending;
}

/** Ends the line that is drawn anew, if there is one. */
export const endLine = () => end?.();

process.on("exit", endLine); // or the cursor stays hidden

/** A line for people, below what is drawn anew. On a terminal it is broken between words, where it is too long. */
export function writeLine(output: Output, text: string): void {
  endLine();
  output.write(`${output.isTTY ? broken(text, columnsOf(output)) : text}\n`);
}

/**
 * Each line of `text` in lines of at most `columns`, the further ones indented; a longer word has one for itself, and a table
 * is folded.
 */
export function broken(text: string, columns: number): string {
  return blocksOf(text.split("\n"))
    .flatMap((block) => {
      if (block.every((line) => line.length <= columns || line.trim() === "")) return block;
      return isOfTable(block[0]!) ? foldedTable(block, columns) : brokenLine(block[0]!, columns);
    })
    .join("\n");
}

const isOfTable = (line: string) => line.startsWith("|");

/** The lines of each table together, and each other line for itself. */
function blocksOf(lines: readonly string[]): string[][] {
  const blocks: string[][] = [];
  for (const line of lines) {
    const last = blocks.at(-1);
    if (last && isOfTable(line) && isOfTable(last[0]!)) last.push(line);
    else blocks.push([line]);
  }
  return blocks;
}

function brokenLine(line: string, columns: number): string[] {
  const indent = /^ */.exec(line)![0];
  const lines: string[] = [];
  let current = "";
  for (const word of line.match(/ *[^ ]+/g)!) {
    const isFirst = current === "";
    if (isFirst || current.length + word.length <= columns) current += word;
    else {
      lines.push(current);
      current = `${indent}  ${word.trimStart()}`;
    }
  }
  return [...lines, current];
}

/** A part of a line, and which parts are worth more: those of rank 0 are always there. */
export interface Part {
  readonly text: string;
  readonly rank: number;
}

/** As many parts as fit into `columns`, the best ones, in their order. */
export function fitting(parts: readonly Part[], columns: number): string {
  const upTo = (rank: number) =>
    parts
      .filter((part) => part.rank <= rank)
      .map(({ text }) => text)
      .join("  ");
  const highest = Math.max(...parts.map(({ rank }) => rank));
  for (let rank = highest; rank > 0; rank--) if (upTo(rank).length <= columns) return upTo(rank);
  return upTo(0);
}
