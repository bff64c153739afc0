import { imageFailure } from "./imageFormat.ts";

const ORIENTATION = 0x0112;

/** How EXIF says that an image is to be turned, 2 … 8, or 1 where it is upright, or where nothing is said that can be read. */
export function orientationOf(exif: Buffer): number {
  const tiff = exif.toString("latin1", 0, 4) === "Exif" ? exif.subarray(6) : exif;
  const isLittle = tiff.toString("latin1", 0, 2) === "II";
  const u16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  try {
    const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
    for (let i = 0; i < u16(directory); i++) {
      const entry = directory + 2 + 12 * i;
      if (u16(entry) === ORIENTATION) return u16(entry + 8);
    }
  } catch {}
  return 1;
}

/** Refuses an image that is shown turned, where only JPEG, as cameras write it, is read so. */
export function checkUpright(exif: Buffer | undefined, path: string): void {
  const orientation = exif ? orientationOf(exif) : 1;
  if (orientation < 2 || orientation > 8) return;
  throw imageFailure(
    path,
    `is stored lying or mirrored (EXIF orientation ${orientation}), which is undone of JPEG alone. ` +
      "Turn it first, for example by magick mogrify -auto-orient FILE",
  );
}
