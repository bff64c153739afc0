import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { RgbaImage } from "./imageFormat.ts";

/** What of `WebAssembly` is used; its types come with browsers only. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

/** An image decoder that was compiled to WebAssembly, as jSquash has them. */
interface Codec {
  init(module: object, options: object): Promise<void>;
  default(bytes: Uint8Array, options?: object): Promise<RgbaImage>;
}

interface Outcome {
  /** Absent where there is none. */
  readonly image?: RgbaImage;
  /** What the decoder has complained of, in its own words. */
  readonly complaints: readonly string[];
}

/**
 * Makes a function that decodes files. The codec is loaded with the first one: from the disk, as Node's `fetch`, which it
 * would use, does not read files.
 */
export function wasmDecoder(load: () => Promise<unknown>, binary: string, options: object = {}) {
  let started: Promise<{ codec: Codec; complaints: string[] }> | undefined;
  let module: object | undefined;
  const start = async () => {
    const codec = (await load()) as Codec;
    const complaints: string[] = [];
    module ??= await WebAssembly.compile(await readFile(createRequire(import.meta.url).resolve(binary)));
    await codec.init(module, { printErr: (text: string) => complaints.push(text) });
    return { codec, complaints };
  };
  return async (bytes: Uint8Array): Promise<Outcome> => {
    started ??= start();
    const { codec, complaints } = await started;
    complaints.length = 0;
    try {
      return { image: await codec.default(bytes, options), complaints: [...complaints] };
    } catch {
      started = undefined; // it was left in the middle of its work, and its stack and memory are not given back
      return { complaints: [...complaints] };
    }
  };
}
