import { memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import type { NumberArray } from "./npy.ts";

// Text with a row of numbers a line, blanks or commas between them: `.amat`, as machine learning in Montreal had it.

const isBlank = (byte: number | undefined) => byte === 32 || byte === 9 || byte === 13 || byte === 44;
const NEWLINE = 10;

/** Whether a file may be such text, by its first bytes. */
export const isNumberText = (bytes: Buffer) =>
  /^[\s,]*[-+]?\.?\d[\x20-\x7e\s]*$/.test(bytes.toString("latin1", 0, 64));

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
  for (let at = 0, line = 1, onLine = 0; at <= bytes.length; ) {
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
  for (let at = 0, count = 0; at <= bytes.length; ) {
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
