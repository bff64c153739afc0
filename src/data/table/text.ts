import { isUtf8 } from "node:buffer";
import { VaeError } from "../../base/errors.ts";

const BOMS = [
  { encoding: "utf-8", bytes: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", bytes: [0xff, 0xfe] },
  { encoding: "utf-16be", bytes: [0xfe, 0xff] },
] as const;

/** The text of a file, without its byte order mark and with \n as its line ends: UTF-8, or UTF-16, which is then told. */
export function textOf(bytes: Buffer, path: string, warn: (text: string) => void): string {
  const bom = BOMS.find(({ bytes: mark }) => mark.every((byte, i) => bytes[i] === byte));
  const encoding = bom?.encoding ?? utf16Of(bytes) ?? "utf-8";
  if (encoding === "utf-8") checkUtf8(bytes, path);
  else warn(`${path} is text in ${encoding.toUpperCase()}, and is read as that.`);
  return new TextDecoder(encoding).decode(bytes).replace(/\r\n?/g, "\n");
}

/** Of text without a mark: in UTF-16 one of the two bytes of a digit or a letter is 0. */
function utf16Of(bytes: Buffer): "utf-16le" | "utf-16be" | undefined {
  const start = bytes.subarray(0, 4096);
  if (start.length % 2 === 1 && start.length < 4096) return undefined;
  const zeros = [0, 0];
  for (const [i, byte] of start.entries()) if (byte === 0) zeros[i % 2]!++;
  const [even, odd] = zeros.map((count) => count / (start.length / 2)) as [number, number];
  if (odd > 0.9 && even === 0) return "utf-16le";
  return even > 0.9 && odd === 0 ? "utf-16be" : undefined;
}

function checkUtf8(bytes: Buffer, path: string): void {
  const control = firstControl(bytes);
  if (control >= 0) {
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    throw new VaeError(
      "failure",
      `${path}: byte ${control}, in line ${lineOf(bytes, control)}, is ${bytes[control]}, which no text has: the file is ${isGzip ? "compressed by gzip" : "binary, or damaged"}. ` +
        `Accepted: text in UTF-8 or UTF-16, or arrays of numpy (.npz, .npy).${isGzip ? " To unpack it: gunzip." : ""}`,
    );
  }
  if (isUtf8(bytes)) return;
  const odd = firstOdd(bytes);
  throw new VaeError(
    "failure",
    `${path}: byte ${odd}, 0x${bytes[odd]!.toString(16).toUpperCase()} in line ${lineOf(bytes, odd)}, is not UTF-8. Accepted: text in UTF-8 or UTF-16. ` +
      "If it is Latin-1 or Windows-1252, convert it: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv",
  );
}

/** Where a byte is that no text has: a control character, other than tab and line ends; −1 if none is. */
function firstControl(bytes: Buffer): number {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) return i;
  }
  return -1;
}

const lineOf = (bytes: Buffer, end: number) =>
  bytes.subarray(0, end).filter((byte) => byte === 10).length + 1;

/** The first byte that is not of UTF-8, in bytes that are not all of it. */
function firstOdd(bytes: Buffer): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (startsAsUtf8(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return bytes[good]! < 128 ? good - 1 : good; // ASCII after the start of a longer character
}

/** Whether bytes that end anywhere, inside a character too, may go on as UTF-8. */
function startsAsUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
