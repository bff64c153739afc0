import { VaeError } from "../base/errors.ts";

/** Images [count, 32, 32, 3] and their classes. */
export interface CifarImages {
  readonly count: number;
  readonly labels: Uint8Array;
  readonly pixels: Uint8Array;
}

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;

/**
 * Reads CIFAR's binary format: for each image its class, one byte (CIFAR-10), or a coarse and a fine one (CIFAR-100), of
 * which the fine one is used; then 1024 bytes of red, of green and of blue, row by row. It has no header: the length tells.
 */
export function parseCifar(bytes: Uint8Array, path: string): CifarImages {
  const labelBytes = [1, 2].find((labels) => bytes.length % (labels + PIXELS) === 0);
  if (labelBytes === undefined || bytes.length === 0) {
    throw new VaeError(
      "failure",
      `${path}: ${bytes.length} bytes are no whole number of images. Accepted: ${1 + PIXELS} bytes for each ` +
        `(CIFAR-10: class and 32x32 RGB), or ${2 + PIXELS} (CIFAR-100).`,
    );
  }
  const record = labelBytes + PIXELS;
  const count = bytes.length / record;
  const labels = new Uint8Array(count);
  const pixels = new Uint8Array(count * PIXELS);
  for (let n = 0; n < count; n++) {
    const start = n * record + labelBytes;
    labels[n] = bytes[start - 1]!;
    for (let i = 0; i < PLANE; i++) {
      for (let c = 0; c < 3; c++) pixels[n * PIXELS + 3 * i + c] = bytes[start + c * PLANE + i]!;
    }
  }
  return { count, labels, pixels };
}
