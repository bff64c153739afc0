import type { Block, Page } from "../document.ts";
import { isNumeric } from "./numericColumn.ts";

const WIDTH = 92;

/** For a terminal: plain text, no line longer than `WIDTH`. */
export function renderText({ title, sections }: Page): string {
  const parts = Object.values(sections).map(({ title, blocks }, i) =>
    [heading(`${i + 1}  ${title}`, "─"), ...blocks.map(renderBlock)].join("\n\n"),
  );
  return [heading(title, "═"), ...parts].join("\n\n\n");
}

const heading = (text: string, rule: string) => `${text}\n${rule.repeat(Math.min(WIDTH, text.length))}`;

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return wrap(block.text, 0);
    case "formula":
      return block.lines.map((line) => wrap(line, 4)).join("\n");
    case "list":
      return block.items.map((item) => wrap(`- ${item}`, 0, 2)).join("\n");
    case "steps":
      return block.steps
        .map(({ formula, because }) => `${wrap(formula, 4)}\n${wrap(`${because}.`, 8)}`)
        .join("\n\n");
    case "yaml":
      return block.text
        .split("\n")
        .map((line) => (line.startsWith("# ") ? comment(line) : `    ${line}`))
        .join("\n");
    case "table":
      return renderTable(block);
  }
}

/** A long comment goes on in further comments, so that the YAML may be copied from the screen. */
const comment = (line: string) =>
  wrapLines(line.slice(2), WIDTH - 6)
    .map((text) => `    # ${text}`)
    .join("\n");

function renderTable({ head, rows }: Extract<Block, { kind: "table" }>): string {
  const GAP = 2;
  const natural = head.map((title, c) =>
    Math.max(...[title, ...rows.map((row) => row[c]!)].map((t) => t.length)),
  );
  const widths = shrunk(natural, WIDTH - 4 - GAP * (head.length - 1));
  const numeric = head.map((_, c) => isNumeric(rows, c));
  const line = (cells: readonly string[]) => {
    const wrapped = cells.map((cell, c) => wrapLines(cell, widths[c]!));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, i) =>
      wrapped
        .map((lines, c) =>
          numeric[c] ? (lines[i] ?? "").padStart(widths[c]!) : (lines[i] ?? "").padEnd(widths[c]!),
        )
        .join(" ".repeat(GAP)),
    ).map((text) => `    ${text}`.trimEnd());
  };
  const rule = `    ${"─".repeat(widths.reduce((sum, w) => sum + w, GAP * (head.length - 1)))}`;
  return [...line(head), rule, ...rows.flatMap(line)].join("\n");
}

/** Takes from the widest column until all fit. */
function shrunk(natural: readonly number[], room: number): number[] {
  const widths = [...natural];
  for (let excess = widths.reduce((a, b) => a + b, 0) - room; excess > 0; excess--) {
    widths[widths.indexOf(Math.max(...widths))]!--;
  }
  return widths;
}

function wrap(text: string, indent: number, hanging = 0): string {
  return wrapLines(text, WIDTH - indent - hanging)
    .map((line, i) => " ".repeat(indent + (i === 0 ? 0 : hanging)) + line)
    .join("\n");
}

/** Breaks at spaces; a word that is too long stands alone. */
function wrapLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
