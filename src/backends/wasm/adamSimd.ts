import type { AdamAttrs } from "../adam.ts";
import { adamConstants } from "../arrayKernels.ts";
import { ranges } from "./ranges.ts";
import type { SimdCall } from "./simdCall.ts";

/** Numbers in a part: some 50 µs. */
const PART = 32_768;

/** `adam.wat`, assembled: for memory that threads share, and for memory that one has to itself. */
export const binaries = {
  shared:
    "AGFzbQEAAAABDwFgC39/f39/fX19fX19AAISAQNlbnYGbWVtb3J5AgMBgIAEAwIBAAcIAQRhZGFtAAAKxAIBwQIDAX8DewN9IAMgBEF8cUECdGohCwJAA0AgAyALTw0BIAP9AAQAIQwgBf0TIAH9AAQA/eYBIAb9EyAM/eYB/eQBIQ0gB/0TIAL9AAQA/eYBIAj9EyAMIAz95gH95gH95AEhDiABIA39CwQAIAIgDv0LBAAgACAA/QAEACAJ/RMgDf3mASAO/eMBIAr9E/3kAf3nAf3lAf0LBAAgAEEQaiEAIAFBEGohASACQRBqIQIgA0EQaiEDDAALCyADIARBA3FBAnRqIQsCQANAIAMgC08NASADKgIAIQ8gBSABKgIAlCAGIA+UkiEQIAcgAioCAJQgCCAPIA+UlJIhESABIBA4AgAgAiAROAIAIAAgACoCACAJIBCUIBGRIAqSlZM4AgAgAEEEaiEAIAFBBGohASACQQRqIQIgA0EEaiEDDAALCws=",
  own: "AGFzbQEAAAABDwFgC39/f39/fX19fX19AAIPAQNlbnYGbWVtb3J5AgABAwIBAAcIAQRhZGFtAAAKxAIBwQIDAX8DewN9IAMgBEF8cUECdGohCwJAA0AgAyALTw0BIAP9AAQAIQwgBf0TIAH9AAQA/eYBIAb9EyAM/eYB/eQBIQ0gB/0TIAL9AAQA/eYBIAj9EyAMIAz95gH95gH95AEhDiABIA39CwQAIAIgDv0LBAAgACAA/QAEACAJ/RMgDf3mASAO/eMBIAr9E/3kAf3nAf3lAf0LBAAgAEEQaiEAIAFBEGohASACQRBqIQIgA0EQaiEDDAALCyADIARBA3FBAnRqIQsCQANAIAMgC08NASADKgIAIQ8gBSABKgIAlCAGIA+UkiEQIAcgAioCAJQgCCAPIA+UlJIhESABIBA4AgAgAiAROAIAIAAgACoCACAJIBCUIBGRIAqSlZM4AgAgAEEEaiEAIAFBBGohASACQQRqIQIgA0EEaiEDDAALCws=",
};

/**
 * One step of Adam on `count` numbers at these addresses (in bytes), in place on p, m and v, as calls of the function in
 * `adam.wat` for one part each: a sixth of the time of the loop in JavaScript, which converts every number to float64 and
 * back.
 */
export function adamCalls(
  [p, m, v, g]: readonly [p: number, m: number, v: number, g: number],
  count: number,
  attrs: AdamAttrs,
): SimdCall[] {
  const { newM, newV, rate, floor } = adamConstants(attrs);
  return ranges(count, 4, PART).map(([from, to]) => {
    const [pAt, mAt, vAt, gAt] = [p, m, v, g].map((address) => address + 4 * from) as [
      number,
      number,
      number,
      number,
    ];
    return ["adam", pAt, mAt, vAt, gAt, to - from, attrs.beta1, newM, attrs.beta2, newV, rate, floor];
  });
}
