/** Rows of cells as a Markdown table that also reads well in a terminal; the first `left` columns are words. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: number,
): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const pad = (text: string, i: number) => (i < left ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((width, i) => (i < left ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`));
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}

/**
 * Such a table in pieces of at most so many columns of text, one below the other, each with the first column; a column that is
 * wider than that has a piece for itself.
 */
export function foldedTable(lines: readonly string[], width: number): string[] {
  const edges = [...(lines[1] ?? "").matchAll(/\|/g)].map(({ index }) => index);
  const [start, ...ends] = edges.slice(1);
  if (start === undefined || ends.length === 0) return [...lines];
  const pieces: string[][] = [];
  for (let from = start; from < edges.at(-1)!; ) {
    const fitting = ends.filter((end) => end > from && start + end - from < width);
    const to = fitting.at(-1) ?? ends.find((end) => end > from)!;
    pieces.push(lines.map((line) => line.slice(0, start) + line.slice(from, to + 1)));
    from = to;
  }
  return pieces.flatMap((piece, i) => (i === 0 ? piece : ["", ...piece]));
}
