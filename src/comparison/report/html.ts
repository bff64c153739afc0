import { readFileSync } from "node:fs";
import { escapeMarkup } from "../../base/textFormats.ts";
import type { Block, Document } from "./document.ts";

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 1280px; margin: 2rem auto; padding: 0 1rem; }
  h1, h2 { line-height: 1.25; }
  h2 { margin-top: 2.5rem; }
  code, pre { font: 0.875em ui-monospace, monospace; background: #f4f4f4; }
  code { padding: 0.1em 0.3em; overflow-wrap: anywhere; }
  pre { padding: 0.75rem 1rem; overflow-x: auto; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.3rem 0.5rem; border-bottom: 1px solid #e4e4e4; text-align: right; white-space: nowrap; }
  th { border-bottom-color: #888; vertical-align: bottom; }
  .word { text-align: left; }
  tbody tr:hover { background: #f4f8fb; }
  figure { margin: 1.5rem 0; }
  img { max-width: 100%; height: auto; }`;

/** One file with the figures in it, which needs nothing else. */
export const renderHtml = ({ title, blocks }: Document): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${escapeMarkup(title)}</h1>
${blocks.map(htmlOf).join("\n")}
</body>
</html>
`;

function htmlOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `<h2>${escapeMarkup(block.text)}</h2>`;
    case "paragraph":
      return `<p>${withCode(block.text)}</p>`;
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${withCode(item)}</li>`).join("\n")}\n</ul>`;
    case "code":
      return `<pre>${escapeMarkup(block.text)}</pre>`;
    case "table": {
      const { head, rows, words } = block.table;
      const line = (tag: string, cells: readonly string[]) =>
        `<tr>${cells.map((cell, i) => `<${tag}${i < words ? ' class="word"' : ""}>${escapeMarkup(cell)}</${tag}>`).join("")}</tr>`;
      const body = rows.map((row) => line("td", row)).join("\n");
      return `<div class="wide"><table>\n<thead>${line("th", head)}</thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`;
    }
    case "figure": {
      const png = readFileSync(block.file);
      const size = `width="${png.readUInt32BE(16) / 2}" height="${png.readUInt32BE(20) / 2}"`; // drawn at twice its size
      return `<figure><img alt="${escapeMarkup(block.what)}" ${size} src="data:image/png;base64,${png.toString("base64")}"></figure>`;
    }
  }
}

const withCode = (text: string) => escapeMarkup(text).replace(/`([^`]*)`/g, "<code>$1</code>");
