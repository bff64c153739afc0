import { checkUpright } from "./exif.ts";
import { headerSize } from "./headerSize.ts";
import { type ImageFormat, imageFailure, opaque } from "./imageFormat.ts";
import { wasmDecoder } from "./wasmDecoder.ts";

const decode = wasmDecoder(() => import("@jsquash/webp/decode.js"), "@jsquash/webp/codec/dec/webp_dec.wasm");

/** Of the extended header: there are several images. */
const ANIMATED = 0x02;

/** Decoded by libwebp, compiled to WebAssembly: the same pixels on every machine. With and without loss. */
export const webp: ImageFormat = {
  name: "WebP",
  extensions: [".webp"],
  has: (bytes) => bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP",
  size: headerSize,
  async decode(bytes, path) {
    if (bytes.toString("latin1", 12, 16) === "VP8X" && bytes[20]! & ANIMATED) {
      throw imageFailure(path, "is a film of several images. Accepted: one; take it apart first");
    }
    checkUpright(exifOf(bytes), path);
    const { image } = await decode(bytes);
    if (!image) throw imageFailure(path, "the image is damaged or cut off");
    return opaque(image, path);
  },
};

/** What the chunk EXIF holds, if there is one. */
function exifOf(bytes: Buffer): Buffer | undefined {
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    if (bytes.toString("latin1", at, at + 4) === "EXIF") return bytes.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  return undefined;
}
