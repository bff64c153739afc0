import { emptyColumn } from "./dataset.ts";
import type { ImageSize, RgbImage } from "./imageFormat.ts";

/** How an image of another shape gets the wanted one. */
export const fits = [
  "crop", // as much of its middle as has that shape
  "pad", // all of it, with black beside it
  "stretch", // all of it, out of shape
] as const;

/** The size that images are to have. */
export interface Target extends ImageSize {
  readonly fit: (typeof fits)[number];
}

/** Larger than what is decoded as it is: 8192 x 8192, as a camera takes it. */
export const MAX_RESIZED_PIXELS = 2 ** 26;

/** Part of an image. */
interface Area extends ImageSize {
  readonly left: number;
  readonly top: number;
}

/** The cubic kernel of Keys 1981 with a = −½, which keeps straight lines straight: from −2 to 2. */
export function cubic(t: number): number {
  const d = Math.abs(t);
  if (d < 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
  if (d < 2) return -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2;
  return 0;
}

/**
 * An image in the size that is wanted: bicubic, of the levels as they are (sRGB), within 1 of 255 of Pillow's `BICUBIC`. One
 * that has the size already stays as it is. No level gets above `white`.
 */
export function resized(
  image: RgbImage,
  target: Target,
  white = image.rgb instanceof Uint16Array ? 65535 : 255,
): RgbImage {
  const { width, height } = target;
  if (image.width === width && image.height === height) return image;
  const from = sourceArea(image, target);
  const to = placeIn(image, target);
  const rgb = emptyColumn(image.rgb, width * height * 3) as RgbImage["rgb"];
  const rows = shrunkRows(image, from, to.width);
  const length = 3 * to.width;
  for (const [y, { first, weights }] of tapsOf(from.height, to.height).entries()) {
    const line = 3 * ((to.top + y) * width + to.left);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * rows[(first + k) * length + i]!;
      rgb[line + i] = Math.min(white, Math.max(0, Math.round(sum)));
    }
  }
  return { width, height, rgb, isGray: image.isGray };
}

/** The rows of a part of an image, each `width` pixels wide. */
function shrunkRows({ rgb, width: stride }: RgbImage, from: Area, width: number): Float32Array {
  const rows = new Float32Array(from.height * width * 3);
  const taps = tapsOf(from.width, width);
  let at = 0;
  for (let y = 0; y < from.height; y++) {
    const line = 3 * ((from.top + y) * stride + from.left);
    for (const { first, weights } of taps) {
      let [r, g, b] = [0, 0, 0];
      for (let k = 0, i = line + 3 * first; k < weights.length; k++, i += 3) {
        const weight = weights[k]!;
        r += weight * rgb[i]!;
        g += weight * rgb[i + 1]!;
        b += weight * rgb[i + 2]!;
      }
      rows[at++] = r;
      rows[at++] = g;
      rows[at++] = b;
    }
  }
  return rows;
}

/** Of `from` pixels those that one of `to` is made of, and how much of each, which is 1 in all. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** The kernel at the distance of pixel centres, as wide as the coarser of both grids, so that a smaller image has no alias. */
function tapsOf(from: number, to: number): Taps[] {
  const width = Math.max(1, from / to);
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const first = Math.max(0, Math.ceil(centre - 2 * width));
    const last = Math.min(from - 1, Math.floor(centre + 2 * width));
    const kernel = Float64Array.from({ length: last - first + 1 }, (_, k) =>
      cubic((first + k - centre) / width),
    );
    const total = kernel.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: kernel.map((weight) => weight / total) };
  });
}

/** What of the image is used. */
function sourceArea({ width, height }: ImageSize, target: Target): Area {
  if (target.fit !== "crop") return { left: 0, top: 0, width, height };
  const scale = Math.min(width / target.width, height / target.height);
  return inMiddle({ width, height }, scale * target.width, scale * target.height);
}

/** Where it goes. */
function placeIn({ width, height }: ImageSize, target: Target): Area {
  if (target.fit !== "pad") return { left: 0, top: 0, width: target.width, height: target.height };
  const scale = Math.min(target.width / width, target.height / height);
  return inMiddle(target, scale * width, scale * height);
}

function inMiddle(whole: ImageSize, w: number, h: number): Area {
  const [width, height] = [Math.max(1, Math.round(w)), Math.max(1, Math.round(h))];
  return {
    left: Math.floor((whole.width - width) / 2),
    top: Math.floor((whole.height - height) / 2),
    width,
    height,
  };
}
