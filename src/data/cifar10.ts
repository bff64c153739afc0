import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { parseCifar } from "./cifar.ts";
import { joinedImages } from "./cifarFiles.ts";
import { changeSettings } from "./imageChanges.ts";
import { imageFields, imageSplit } from "./images.ts";
import { type PublishedFiles, publishedSource } from "./publishedFiles.ts";
import { MAX_FILE_BYTES } from "./readInput.ts";
import { commonSettings, defineSource } from "./source.ts";

const NAME = "cifar-10";
const summary = "colour photographs of ten things, 32x32";

/** Krizhevsky 2009, its binary version: 50,000 and 10,000 images. */
export const cifar10 = defineSource({
  schema: z.strictObject({ name: z.literal(NAME).describe(summary), ...changeSettings, ...commonSettings }),
  summary,
  ...publishedSource(NAME, readCifar10),
});

export async function readCifar10({ descriptor, file }: PublishedFiles) {
  const { bytes, path } = await file(descriptor.files[0]!.name);
  const { parseTar } = await import("nanotar");
  const tar = new Uint8Array(gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }));
  const entries = new Map(parseTar(tar).map(({ name, data }) => [name.split("/").at(-1), data] as const));
  const part = (names: readonly string[]) => {
    const { count, pixels, labels } = joinedImages(
      names.map((name) => {
        const data = entries.get(name);
        if (data) return parseCifar(data, `${path}, ${name}`);
        throw new VaeError("failure", `${path}: ${name} is not in it.`);
      }),
    );
    return imageSplit(count, pixels, labels);
  };
  return {
    fields: imageFields([32, 32, 3], descriptor.classNames!),
    train: part([1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)),
    test: part(["test_batch.bin"]),
  };
}
