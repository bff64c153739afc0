import { imageSize } from "image-size";
import { checkPixels, type ImageSize, imageFailure } from "./imageFormat.ts";

/** The size as the header tells it, turned as the image is shown. */
export function headerSize(bytes: Buffer, path: string, most?: number): ImageSize {
  const size = turned(parsed(bytes, path));
  checkPixels(size, path, most);
  return size;
}

function parsed(bytes: Buffer, path: string) {
  try {
    return imageSize(bytes);
  } catch (error) {
    throw imageFailure(path, "the image is damaged: it does not say which size it has", error);
  }
}

/** From orientation 5 of EXIF on, the camera was held upright, and rows are stored as columns. */
const turned = ({ width, height, orientation = 1 }: ImageSize & { orientation?: number }): ImageSize =>
  orientation >= 5 ? { width: height, height: width } : { width, height };
