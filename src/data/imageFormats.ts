import { extname } from "node:path";
import { type ImageFormat, type ImageSize, imageFailure, type RgbImage } from "./imageFormat.ts";
import { jpeg } from "./jpeg.ts";
import { png } from "./png.ts";
import { webp } from "./webp.ts";

export const imageFormats: readonly ImageFormat[] = [png, jpeg, webp];

const names = imageFormats.map(({ name }) => name);

/** `PNG, JPEG or WebP` */
export const IMAGE_FORMATS = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;

/** Whether a file is to be read as an image, by its name. */
export const isImageName = (name: string) =>
  imageFormats.some(({ extensions }) => extensions.includes(extname(name).toLowerCase()));

/** By the first bytes, as files often have the wrong name. */
function formatOf(bytes: Buffer, path: string): ImageFormat {
  const format = imageFormats.find((format) => format.has(bytes));
  if (format) return format;
  throw imageFailure(path, `not a ${IMAGE_FORMATS} image, by its first bytes`);
}

/** Reads the size alone, and refuses one of more than `most` pixels or that the file cannot hold. */
export const imageSizeOf = (bytes: Buffer, path: string, most?: number): ImageSize =>
  formatOf(bytes, path).size(bytes, path, most);

/** The pixels of an image whose size was accepted. */
export async function decodeImage(bytes: Buffer, path: string): Promise<RgbImage> {
  const format = formatOf(bytes, path);
  const { width, height } = format.size(bytes, path, Number.POSITIVE_INFINITY);
  const image = await format.decode(bytes, path);
  if (image.width === width && image.height === height) return image;
  throw imageFailure(
    path,
    `the image is damaged: it says that it has ${width}x${height} pixels (width x height), and has ${image.width}x${image.height}`,
  );
}
