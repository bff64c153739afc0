import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { formatBytes, memoryLimit } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";

/** Images of zeros and ones, and the file that they are from. */
export interface AmatFile {
  readonly count: number;
  /** 0 and 255, [count, D]. */
  readonly data: Uint8Array;
  readonly bytes: number;
  readonly sha256: string;
}

const CHUNK_BYTES = 2 ** 20;

/** No line of D values that are all well written is longer, with room for other spacing. */
const mostBytesOf = (D: number) => 8 * D + 64;

/**
 * Reads an `.amat` file of binary images: text, one image a line, its D values 0 or 1 with blanks between them. It is
 * parsed as it is read, so it takes no more memory than its images; `turn` is awaited between the pieces, see `turns`.
 */
export async function readAmat(path: string, D: number, turn: () => Promise<void>): Promise<AmatFile> {
  try {
    return await parse(path, D, turn);
  } catch (error) {
    throw error instanceof VaeError ? error : fileError(`Cannot read ${path}`, error);
  }
}

async function parse(path: string, D: number, turn: () => Promise<void>): Promise<AmatFile> {
  const { size } = await checked(path);
  const data = new Uint8Array(D * Math.ceil((size + 1) / (2 * D))); // a value and what follows it take two bytes
  const hash = createHash("sha256");
  let [count, line] = [0, 0];
  let rest: Buffer = Buffer.alloc(0);
  const take = (text: Buffer) => {
    line++;
    if (parseLine(text, data, count * D, D, `${path}: line ${line}`)) count++;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    await turn();
    hash.update(chunk);
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, start)) {
      take(text.subarray(start, end));
      start = end + 1;
    }
    rest = text.subarray(start);
    if (rest.length > mostBytesOf(D)) {
      throw failure(`${path}: line ${line + 1} goes on after ${rest.length} bytes`, D);
    }
  }
  if (rest.length > 0) take(rest);
  if (count === 0) throw failure(`${path}: no image is in it`, D);
  return { count, data: data.subarray(0, count * D), bytes: size, sha256: hash.digest("hex") };
}

async function checked(path: string) {
  const file = await stat(path);
  if (!file.isFile()) throw new VaeError("failure", `Cannot read ${path}: it is no file.`);
  const most = memoryLimit(); // half of it for the images, as much for the copy that threads share
  if (file.size > most) {
    throw new VaeError(
      "failure",
      `Cannot read ${path}: it has ${formatBytes(file.size)}. Accepted here: up to ${formatBytes(most)}.`,
    );
  }
  return file;
}

const [TAB, NEWLINE, RETURN, SPACE, ZERO, ONE] = [9, 10, 13, 32, 48, 49];

const isBlank = (byte: number | undefined) => byte === SPACE || byte === TAB || byte === RETURN;

/** Writes the values of a line into `out`; false if it has none. */
function parseLine(text: Buffer, out: Uint8Array, offset: number, D: number, where: string): boolean {
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i]!;
    if (isBlank(byte)) continue;
    const isAlone = i + 1 === text.length || isBlank(text[i + 1]);
    if ((byte !== ZERO && byte !== ONE) || !isAlone) {
      const [word] = text.toString("latin1", i, i + 20).split(/\s/);
      throw failure(`${where}, column ${i + 1}: value ${values + 1} is ${JSON.stringify(word)}`, D);
    }
    if (values < D) out[offset + values] = byte === ONE ? 255 : 0;
    values++;
  }
  if (values > 0 && values !== D) throw failure(`${where} has ${values} values`, D);
  return values > 0;
}

const failure = (problem: string, D: number) =>
  new VaeError("failure", `${problem}. Accepted: ${D} values a line, each 0 or 1, with blanks between them.`);
