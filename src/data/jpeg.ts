import { headerSize } from "./headerSize.ts";
import { type ImageFormat, imageFailure, opaque } from "./imageFormat.ts";
import { wasmDecoder } from "./wasmDecoder.ts";

const decode = wasmDecoder(
  () => import("@jsquash/jpeg/decode.js"),
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  { preserveOrientation: true },
);

/** The decoder reads over what is damaged, and complains. Bytes between two segments lose nothing, and some cameras leave them. */
const isHarmless = (complaint: string) => complaint.includes("extraneous bytes before marker");

/** Decoded by libjpeg, compiled to WebAssembly: the same pixels on every machine. Turned as the camera was held. */
export const jpeg: ImageFormat = {
  name: "JPEG",
  extensions: [".jpg", ".jpeg"],
  has: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff,
  size: headerSize,
  async decode(bytes, path) {
    const { image, complaints } = await decode(bytes);
    const problem = complaints.find((complaint) => !isHarmless(complaint));
    if (problem?.includes("Unsupported color conversion")) {
      throw imageFailure(
        path,
        "has the four colours of print. Convert it first, for example by magick mogrify -colorspace sRGB FILE",
      );
    }
    if (!image || problem !== undefined) {
      throw imageFailure(path, `the image is damaged: ${problem ?? "it cannot be decoded"}`);
    }
    return opaque(image, path);
  },
};
