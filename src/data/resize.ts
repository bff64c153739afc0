import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
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

type Resizer = typeof import("@jsquash/resize/lib/resize/pkg/squoosh_resize.js").resize;

let resizer: Promise<Resizer> | undefined;

async function startResizer(): Promise<Resizer> {
  const { default: init, resize } = await import("@jsquash/resize/lib/resize/pkg/squoosh_resize.js");
  const binary = "@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm";
  await init(await readFile(createRequire(import.meta.url).resolve(binary)));
  return resize;
}

/** The cubic of Keys 1981 with a = −½; as wide as the coarser of both grids, so that a smaller image has no alias. */
const BICUBIC = 1;

/** Part of an image. */
interface Area extends ImageSize {
  readonly left: number;
  readonly top: number;
}

/**
 * An image in the size that is wanted: bicubic, of the bytes as they are (sRGB), within 1 of Pillow's `BICUBIC` where it
 * gets smaller. One that has the size already stays as it is.
 */
export async function resized(image: RgbImage, target: Target): Promise<RgbImage> {
  const { width, height } = target;
  if (image.width === width && image.height === height) return image;
  resizer ??= startResizer();
  const resize = await resizer;
  const from = sourceArea(image, target);
  const to = placeIn(image, target);
  const small = resize(
    rgbaOf(image, from),
    from.width,
    from.height,
    to.width,
    to.height,
    BICUBIC,
    false,
    false,
  );
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const at = 4 * (y * to.width + x);
      rgb.set(small.subarray(at, at + 3), 3 * ((to.top + y) * width + to.left + x));
    }
  }
  return { width, height, rgb, isGray: image.isGray };
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

function rgbaOf({ width, rgb }: RgbImage, area: Area): Uint8Array {
  const rgba = new Uint8Array(4 * area.width * area.height).fill(255);
  for (let y = 0, to = 0; y < area.height; y++) {
    let from = 3 * ((area.top + y) * width + area.left);
    for (let x = 0; x < area.width; x++, from += 3, to += 4) {
      rgba[to] = rgb[from]!;
      rgba[to + 1] = rgb[from + 1]!;
      rgba[to + 2] = rgb[from + 2]!;
    }
  }
  return rgba;
}
