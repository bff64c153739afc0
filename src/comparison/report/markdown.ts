import { relative } from "node:path";
import { markdownTable } from "../../reporting/markdownTable.ts";
import type { Block, Document } from "./document.ts";

/** For a file in `folder`, beside which the figures lie. */
export const renderMarkdown = ({ title, blocks }: Document, folder: string): string =>
  [`# ${title}`, ...blocks.map((block) => markdownOf(block, folder))].map((part) => `${part}\n`).join("\n");

function markdownOf(block: Block, folder: string): string {
  switch (block.kind) {
    case "heading":
      return `## ${block.text}`;
    case "paragraph":
      return escaped(block.text);
    case "list":
      return block.items.map((item) => `- ${escaped(item)}`).join("\n");
    case "code":
      return ["```", block.language, "\n", block.text, "\n```"].join("");
    case "table": {
      const { head, rows, words } = block.table;
      const cells = rows.map((row) => row.map((cell) => escaped(cell).replaceAll("|", "\\|")));
      return markdownTable(head.map(escaped), cells, words);
    }
    case "figure":
      return `![${block.what}](${encodeURI(relative(folder, block.file))})`;
  }
}

/** Outside of code no character may turn into markup. */
const escaped = (text: string) =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replace(/[*_<]/g, "\\$&")))
    .join("");
