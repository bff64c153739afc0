import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The one family that charts use; it ships with the package, so that a machine without fonts draws the same chart. */
export const FONT_FAMILY = "DejaVu Sans";

interface Font {
  bytes: Uint8Array;
  /** Advance width of a character, in em. */
  advance(codePoint: number): number;
}

const require = createRequire(import.meta.url);
const loaded = new Map<string, Font>();

function loadFont(file: string): Font {
  let font = loaded.get(file);
  if (font === undefined) {
    const bytes = readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${file}`));
    font = { bytes, advance: readAdvances(bytes) };
    loaded.set(file, font);
  }
  return font;
}

const regular = () => loadFont("DejaVuSans.ttf");
const bold = () => loadFont("DejaVuSans-Bold.ttf");

/** The TrueType files for the rasteriser. */
export function fontBuffers(): Uint8Array[] {
  return [regular().bytes, bold().bytes];
}

/**
 * Width in pixels of one line of text. `cssFont` is a CSS font shorthand such as `bold 12px DejaVu Sans`. Kerning is left
 * out: it only makes the text narrower, by about a pixel per label.
 */
export function textWidth(text: string, cssFont: string): number {
  const size = Number(/([\d.]+)px/.exec(cssFont)?.[1] ?? 12);
  const font = /\b(bold|[6-9]00)\b/.test(cssFont) ? bold() : regular();
  let em = 0;
  for (const character of text) em += font.advance(character.codePointAt(0)!);
  return em * size;
}

/** Breaks `text` into lines no wider than `width`: between words, and inside a word that is too long on its own. */
export function wrapText(text: string, cssFont: string, width: number): string[] {
  const fits = (line: string) => textWidth(line, cssFont) <= width;
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(/\s+/)) {
      const joined = line === "" ? word : `${line} ${word}`;
      if (fits(joined)) {
        line = joined;
        continue;
      }
      if (line !== "") lines.push(line);
      line = "";
      for (const character of word) {
        if (line !== "" && !fits(line + character)) {
          lines.push(line);
          line = "";
        }
        line += character;
      }
    }
    lines.push(line);
  }
  return lines;
}

/**
 * Reads the advance widths out of a TrueType file: `cmap` maps a character to a glyph, `hmtx` a glyph to its advance.
 * Offsets are those of the OpenType specification, https://learn.microsoft.com/typography/opentype/spec/otff
 */
function readAdvances(bytes: Uint8Array): Font["advance"] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<string, number>();
  for (let i = 0; i < view.getUint16(4); i++) {
    const record = 12 + 16 * i;
    const tag = String.fromCharCode(...bytes.subarray(record, record + 4));
    tables.set(tag, view.getUint32(record + 8));
  }
  const unitsPerEm = view.getUint16(tables.get("head")! + 18);
  const longMetrics = view.getUint16(tables.get("hhea")! + 34);
  const glyphOf = readCharacterMap(view, tables.get("cmap")!);
  // Glyphs past the last long metric repeat its advance.
  return (codePoint) =>
    view.getUint16(tables.get("hmtx")! + 4 * Math.min(glyphOf(codePoint), longMetrics - 1)) / unitsPerEm;
}

/** The format 4 subtable of `cmap`, which covers every character below U+10000; anything else is glyph 0, the empty box. */
function readCharacterMap(view: DataView, cmap: number): (codePoint: number) => number {
  const offsets = Array.from({ length: view.getUint16(cmap + 2) }, (_, i) =>
    view.getUint32(cmap + 4 + 8 * i + 4),
  );
  const table = cmap + offsets.find((offset) => view.getUint16(cmap + offset) === 4)!;
  const twiceSegments = view.getUint16(table + 6);
  const ends = table + 14;
  const starts = ends + twiceSegments + 2;
  const deltas = starts + twiceSegments;
  const ranges = deltas + twiceSegments;
  return (codePoint) => {
    for (let i = 0; i < twiceSegments; i += 2) {
      if (codePoint > view.getUint16(ends + i)) continue;
      const start = view.getUint16(starts + i);
      if (codePoint < start) return 0;
      const delta = view.getUint16(deltas + i);
      const range = view.getUint16(ranges + i);
      if (range === 0) return (codePoint + delta) & 0xffff;
      const glyph = view.getUint16(ranges + i + range + 2 * (codePoint - start));
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
    return 0;
  };
}
