import { createInflateRaw } from "node:zlib";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { withRemedy } from "./describedFiles.ts";
import { changeSettings } from "./imageChanges.ts";
import { imageFields, imageSplit } from "./images.ts";
import { MAX_HEADER_BYTES, npyHeader, parseNpy } from "./npy.ts";
import { type PublishedFiles, publishedSource } from "./publishedFiles.ts";
import { commonSettings, defineSource, type LoadContext, turnsOf } from "./source.ts";
import { startOf, unpack, type ZipEntry, zipEntries } from "./zip.ts";

const NAME = "dsprites";
const summary = "white shapes on black, 64x64: combinations of shape, size, angle and position";

/** Matthey et al. 2017: 737,280 binary images. Classes are the shapes. */
export const dsprites = defineSource({
  schema: z.strictObject({
    name: z.literal(NAME).describe(summary),
    every: z
      .int()
      .min(1)
      .default(7)
      .describe(
        "use each N-th of the 737,280 images; 7, which divides no number of values of a factor, leaves 105,326, and 1 takes 3 GB",
      ),
    ...changeSettings,
    ...commonSettings,
  }),
  summary,
  ...publishedSource(NAME, readDsprites),
});

/** Of the factors colour, shape, size, angle, x and y, each as its place in the list of its values. */
const SHAPE = 1;

export async function readDsprites(
  { descriptor, file }: PublishedFiles,
  { every }: { readonly every: number },
  context: LoadContext,
) {
  const { bytes, path } = await file(descriptor.files[0]!.name);
  // Its hash is not published: what came may be anything.
  return withRemedy(descriptor.name, path, async () => {
    const entries = zipEntries(bytes, path);
    const entry = (name: string) => {
      const found = entries.find((entry) => entry.name === `${name}.npy`);
      if (found) return { entry: found, where: `${path}, array ${name}` };
      throw new VaeError("failure", `${path}: the array ${name} is not in it.`);
    };
    const { count, shape, pixels } = await everyImage(entry("imgs"), every, context);
    const factors = entry("latents_classes");
    const { values, dims } = parseNpy(unpack(factors.entry, factors.where), factors.where);
    const labels = Uint8Array.from({ length: count }, (_, i) => values[i * every * dims[1]! + SHAPE]!);
    return { fields: imageFields(shape, descriptor.classNames!), train: imageSplit(count, pixels, labels) };
  });
}

/** Each N-th image of an array that is too large for one piece of memory, white as 255. It is decompressed as it is read. */
async function everyImage(
  { entry, where }: { entry: ZipEntry; where: string },
  every: number,
  context: LoadContext,
) {
  const { dims, headerBytes } = npyHeader(startOf(entry, MAX_HEADER_BYTES, where), where);
  const [total, height, width] = dims as [number, number, number];
  const D = height * width;
  const count = Math.ceil(total / every);
  const pixels = new Uint8Array(new SharedArrayBuffer(count * D));
  const turn = turnsOf(context);
  let at = -headerBytes;
  const stream = createInflateRaw({ chunkSize: 2 ** 20 });
  stream.end(entry.packed);
  try {
    for await (const chunk of entry.isDeflated ? (stream as AsyncIterable<Buffer>) : [entry.packed]) {
      await turn();
      for (let i = Math.max(0, -at); i < chunk.length; i++) {
        const image = Math.floor((at + i) / D);
        if (image % every === 0 && image < total)
          pixels[(image / every) * D + ((at + i) % D)] = 255 * chunk[i]!;
      }
      at += chunk.length;
      context.onProgress({ label: "reading dsprites", done: Math.floor(at / D), total, unit: "images" });
    }
  } catch (error) {
    if (error instanceof VaeError) throw error;
    throw new VaeError("failure", `${where}: the compressed data is damaged (${(error as Error).message}).`);
  }
  if (at !== total * D)
    throw new VaeError("failure", `${where}: it does not hold the ${total} images that it tells of.`);
  return { count, shape: [height, width, 1] as const, pixels };
}
