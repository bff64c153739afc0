import type { Numbers32 } from "./pageData.ts";

/** Float32 values for the page; the processors that this runs on are little-endian, as browsers' are. */
export function base64Of(values: ArrayLike<number>): Numbers32 {
  const floats = Float32Array.from(values);
  return Buffer.from(floats.buffer).toString("base64");
}
