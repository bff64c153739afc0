import { RandomStream } from "../tensors/random.ts";
import { columnOf } from "./codedFields.ts";
import { codePixels } from "./codings.ts";
import type { SourceData, Split } from "./dataset.ts";
import { type Field, fieldSize, whiteOf, withWhite } from "./field.ts";

/** The parts of a source that have images of their own. */
const PARTS = ["train", "validation", "test"] as const;

/**
 * A source whose bytes are drawn once and for all: 255 with probability v / 255, otherwise 0. The draw is a function of
 * (part, place in that part as the source has it, pixel) alone, as if it lay in a file: whichever run, seed, split or pass
 * asks, an image has the same pixels. `turn` is awaited between them, see `turns`.
 */
export async function binarized(source: SourceData, turn: Turn): Promise<SourceData> {
  const fields = Object.values(source.fields).filter(({ kind }) => kind === "bytes");
  const asBytes = fields.map((field) => [field.name, withWhite(field, 255)]);
  const random = new RandomStream("binary-static");
  const parts: { -readonly [Part in (typeof PARTS)[number]]?: Split } = {};
  for (const name of PARTS) {
    const split = source[name];
    if (split) parts[name] = await drawn(split, fields, random.fork(name), turn);
  }
  return { ...source, fields: { ...source.fields, ...Object.fromEntries(asBytes) }, ...parts };
}

type Turn = () => Promise<void>;

/** An example's fields draw from its stream in turn. */
async function drawn(
  split: Split,
  fields: readonly Field[],
  random: RandomStream,
  turn: Turn,
): Promise<Split> {
  const columns = fields.map((field) => {
    const levels = columnOf(split, field) as Uint8Array | Uint16Array;
    return { field, D: fieldSize(field), levels, out: new Uint8Array(levels.length) };
  });
  const x = new Float32Array(Math.max(...columns.map(({ D }) => D)));
  for (let i = 0; i < split.count; i++) {
    await turn();
    const own = random.fork(i);
    for (const { field, D, levels, out } of columns) {
      codePixels("binary-dynamic", levels.subarray(i * D, (i + 1) * D), own, x, 0, whiteOf(field));
      for (let d = 0; d < D; d++) out[i * D + d] = 255 * x[d]!;
    }
  }
  const binary = columns.map(({ field, out }) => [field.name, out]);
  return { count: split.count, columns: { ...split.columns, ...Object.fromEntries(binary) } };
}
