import type { Block, Page } from "../document.ts";
import { isNumeric } from "./numericColumn.ts";

/** Markdown with formulas as code, so that it reads the same wherever it is shown. */
export function renderMarkdown({ title, sections }: Page): string {
  const parts = Object.values(sections).map(({ title, blocks }, i) =>
    [`## ${i + 1}. ${title}`, ...blocks.map(renderBlock)].join("\n\n"),
  );
  return [`# ${title}`, ...parts].join("\n\n");
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return escaped(block.text);
    case "formula":
      return ["```text", ...block.lines, "```"].join("\n");
    case "list":
      return block.items.map((item) => `- ${escaped(item)}`).join("\n");
    case "steps":
      return block.steps
        .map(({ formula, because }, i) => `${i + 1}. ${code(formula)}<br>\n   ${escaped(because)}`)
        .join("\n");
    case "yaml":
      return ["```yaml", block.text, "```"].join("\n");
    case "table": {
      const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
      const rules = block.head.map((_, c) => (isNumeric(block.rows, c) ? "---:" : "---"));
      return [line(block.head), `|${rules.join("|")}|`, ...block.rows.map(line)].join("\n");
    }
  }
}

/** No character of a formula may turn into emphasis or a cell's end. */
const escaped = (text: string) =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replace(/[*_<|]/g, "\\$&")))
    .join("");
/** In a table a bar ends the cell, in code too. */
const cell = (text: string) => escaped(text).replace(/(?<!\\)\|/g, "\\|");
const code = (text: string) => `\`${text}\``;
