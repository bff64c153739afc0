import type { AdamAttrs } from "../adam.ts";
import { adamConstants } from "../arrayKernels.ts";

/** What of `WebAssembly` is used; its types come with browsers only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** `adam.wat`, assembled: for memory that threads share, and for memory that one has to itself. */
export const binaries = {
  shared:
    "AGFzbQEAAAABDwFgC39/f39/fX19fX19AAISAQNlbnYGbWVtb3J5AgMBgIAEAwIBAAcIAQRhZGFtAAAKxAIBwQIDAX8DewN9IAMgBEF8cUECdGohCwJAA0AgAyALTw0BIAP9AAQAIQwgBf0TIAH9AAQA/eYBIAb9EyAM/eYB/eQBIQ0gB/0TIAL9AAQA/eYBIAj9EyAMIAz95gH95gH95AEhDiABIA39CwQAIAIgDv0LBAAgACAA/QAEACAJ/RMgDf3mASAO/eMBIAr9E/3kAf3nAf3lAf0LBAAgAEEQaiEAIAFBEGohASACQRBqIQIgA0EQaiEDDAALCyADIARBA3FBAnRqIQsCQANAIAMgC08NASADKgIAIQ8gBSABKgIAlCAGIA+UkiEQIAcgAioCAJQgCCAPIA+UlJIhESABIBA4AgAgAiAROAIAIAAgACoCACAJIBCUIBGRIAqSlZM4AgAgAEEEaiEAIAFBBGohASACQQRqIQIgA0EEaiEDDAALCws=",
  own: "AGFzbQEAAAABDwFgC39/f39/fX19fX19AAIPAQNlbnYGbWVtb3J5AgABAwIBAAcIAQRhZGFtAAAKxAIBwQIDAX8DewN9IAMgBEF8cUECdGohCwJAA0AgAyALTw0BIAP9AAQAIQwgBf0TIAH9AAQA/eYBIAb9EyAM/eYB/eQBIQ0gB/0TIAL9AAQA/eYBIAj9EyAMIAz95gH95gH95AEhDiABIA39CwQAIAIgDv0LBAAgACAA/QAEACAJ/RMgDf3mASAO/eMBIAr9E/3kAf3nAf3lAf0LBAAgAEEQaiEAIAFBEGohASACQRBqIQIgA0EQaiEDDAALCyADIARBA3FBAnRqIQsCQANAIAMgC08NASADKgIAIQ8gBSABKgIAlCAGIA+UkiEQIAcgAioCAJQgCCAPIA+UlJIhESABIBA4AgAgAiAROAIAIAAgACoCACAJIBCUIBGRIAqSlZM4AgAgAEEEaiEAIAFBBGohASACQQRqIQIgA0EEaiEDDAALCws=",
};

/** One step of Adam on numbers at these addresses (in bytes) of the backend's memory, in place on p, m and v. */
export type AdamSimd = (p: number, m: number, v: number, g: number, count: number, attrs: AdamAttrs) => void;

/**
 * Adam over the backend's own memory, four numbers at a time: a sixth of the time of the loop in JavaScript, which
 * converts every number to float64 and back.
 */
export function adamSimd(memory: { readonly buffer: ArrayBuffer | SharedArrayBuffer }): AdamSimd {
  const binary = memory.buffer instanceof SharedArrayBuffer ? binaries.shared : binaries.own;
  const module = new WebAssembly.Module(Buffer.from(binary, "base64"));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { adam } = exports as { adam: (...numbers: number[]) => void };
  return (p, m, v, g, count, attrs) => {
    const { newM, newV, rate, floor } = adamConstants(attrs);
    adam(p, m, v, g, count, attrs.beta1, newM, attrs.beta2, newV, rate, floor);
  };
}
