import { memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import type { NumberArray } from "./npy.ts";

// Text with a row of numbers a line, blanks or commas between them: `.amat`, as machine learning in Montreal had it.

const isBlank = (byte: number | undefined) => byte === 32 || byte === 9 || byte === 13 || byte === 44;
const NEWLINE = 10;

/** Whether a file may be such text, by its first bytes; a line of names may come before. */
export function isNumberText(bytes: Buffer): boolean {
  const start = headerBytes(bytes);
  return /^[\s,]*[-+]?\.?\d[\x20-\x7e\s]*$/.test(bytes.toString("latin1", start, start + 64));
}

/** The names in the line before the numbers; none where there is no such line. */
export const namesOfText = (bytes: Buffer): string[] => namesIn(bytes.subarray(0, headerBytes(bytes)));

const namesIn = (line: Buffer) =>
  line
    .toString("latin1")
    .split(/[\s,]+/)
    .filter((name) => name !== "")
    .map((name) => name.replaceAll('"', ""));

/** Longer than the names of all pixels of an image. */
const MAX_NAMES_BYTES = 2 ** 24;

/** Of a first line that has several names and nothing else, with its end. */
function headerBytes(bytes: Buffer): number {
  if (!/^["A-Za-z_]/.test(bytes.toString("latin1", 0, 1))) return 0;
  const end = bytes.subarray(0, MAX_NAMES_BYTES).indexOf(NEWLINE);
  const names = namesIn(bytes.subarray(0, Math.max(0, end)));
  return names.length > 1 && names.every((name) => /^[A-Za-z_][\x21-\x7e]*$/.test(name)) ? end + 1 : 0;
}

/**
 * Which number of a line is the class of what the others are: the one that its name says, or that has fewer values, as
 * classes are fewer than levels. The last one, as it is usual, unless it might be the first.
 */
export function classColumnOf(
  { name, dims, values }: NumberArray,
  names: readonly string[],
): "first" | "last" {
  const D = dims[1]!;
  const isName = (name: string | undefined) => /^(labels?|class|classes|target|y)$/i.test(name ?? "");
  if (isName(names[0]) !== isName(names[D - 1])) return isName(names[0]) ? "first" : "last";
  const kinds = (column: number) => {
    const found = new Set(Array.from({ length: dims[0]! }, (_, i) => values[i * D + column]!));
    const isClass =
      found.size > 1 && [...found].every((value) => Number.isInteger(value) && value >= 0 && value < 256);
    return isClass ? found.size : Number.POSITIVE_INFINITY;
  };
  const [first, last] = [kinds(0), kinds(D - 1)];
  if (last <= first) return "last";
  throw new VaeError(
    "usage",
    `${name}: of the ${D} numbers of a line, one more than an image has pixels, the first and the last may be its class; the first ` +
      `has ${first} values, the last ${Number.isFinite(last) ? `has ${last}` : "is always the same or no whole number"}. ` +
      "Set dataset.classColumn: first, or last.",
  );
}

/** Reads [N, D]; bytes where all are whole numbers 0 … 255. */
export function parseNumberText(bytes: Buffer, path: string): NumberArray {
  const D = rowLength(bytes, path);
  const most = Math.ceil((bytes.length + 1) / 2); // a number and what follows it take two bytes
  if (8 * most > memoryLimit()) {
    throw new VaeError(
      "failure",
      `${path}: ${bytes.length} bytes of numbers take more memory than there is. Accepted: less; save it as .npy.`,
    );
  }
  const values = new Float32Array(most);
  let count = 0;
  let isBytes = true;
  const start = headerBytes(bytes);
  for (let at = start, line = start > 0 ? 2 : 1, onLine = 0; at <= bytes.length; ) {
    const byte = bytes[at];
    if (byte === undefined || byte === NEWLINE) {
      if (onLine !== 0 && onLine !== D)
        throw failure(`${path}: line ${line} has ${onLine} numbers, those before ${D}`);
      [onLine, line, at] = [0, line + 1, at + 1];
    } else if (isBlank(byte)) at++;
    else {
      const end = endOfWord(bytes, at);
      const value = numberOf(bytes, at, end);
      if (Number.isNaN(value)) {
        throw failure(
          `${path}: line ${line}, number ${onLine + 1} is ${JSON.stringify(bytes.toString("latin1", at, Math.min(end, at + 20)))}`,
        );
      }
      isBytes &&= value >= 0 && value <= 255 && Number.isInteger(value);
      values[count++] = value;
      onLine++;
      at = end;
    }
  }
  const used = values.subarray(0, count);
  return {
    name: path,
    dims: [count / D, D],
    ...(isBytes
      ? { type: "uint8", values: Uint8Array.from(used) }
      : { type: "float32", values: used.slice() }),
  };
}

const failure = (problem: string) =>
  new VaeError(
    "failure",
    `${problem}. Accepted: a row of numbers a line, as many on each, with blanks or commas between them.`,
  );

function rowLength(bytes: Buffer, path: string): number {
  for (let at = headerBytes(bytes), count = 0; at <= bytes.length; ) {
    const byte = bytes[at];
    if (byte === undefined || byte === NEWLINE) {
      if (count > 0) return count;
      at++;
    } else if (isBlank(byte)) at++;
    else [count, at] = [count + 1, endOfWord(bytes, at)];
  }
  throw failure(`${path}: holds no numbers`);
}

function endOfWord(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== NEWLINE && !isBlank(bytes[at])) at++;
  return at;
}

function numberOf(bytes: Buffer, start: number, end: number): number {
  const digit = bytes[start]! - 48;
  if (end === start + 1 && digit >= 0 && digit <= 9) return digit;
  const word = bytes.toString("latin1", start, Math.min(end, start + 64));
  const value = /^[-+.\deE]+$/.test(word) ? Number(word) : Number.NaN;
  return Number.isFinite(Math.fround(value)) ? value : Number.NaN;
}
