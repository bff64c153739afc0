import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { imagesOf, labelsOf } from "./arrayImages.ts";
import { changeSettings } from "./imageChanges.ts";
import { imageFields, imageSplit } from "./images.ts";
import { examplesFirst, matEntries } from "./mat.ts";
import { type PublishedFiles, publishedSource } from "./publishedFiles.ts";
import { commonSettings, defineSource } from "./source.ts";

const NAME = "svhn";
const summary = "digits of house numbers, 32x32 in colour";

/** Netzer et al. 2011, cropped: 73,257 and 26,032 images. */
export const svhn = defineSource({
  schema: z.strictObject({ name: z.literal(NAME).describe(summary), ...changeSettings, ...commonSettings }),
  summary,
  ...publishedSource(NAME, readSvhn),
});

export async function readSvhn({ descriptor, file }: PublishedFiles) {
  const part = async (fileName: string) => {
    const { bytes, path } = await file(fileName);
    const entries = matEntries(bytes, path);
    const array = (name: string) => {
      const entry = entries.find((entry) => entry.name === name);
      if (entry) return examplesFirst(entry.read(), { examples: name === "X" ? "last" : "first" });
      throw new VaeError("failure", `${path}: the array ${name} is not in it.`);
    };
    const { count, pixels } = imagesOf(array("X"), {});
    // The digit 0 is class 10 there.
    return imageSplit(
      count,
      pixels,
      labelsOf(array("y"), count).map((label) => label % 10),
    );
  };
  return {
    fields: imageFields([32, 32, 3], descriptor.classNames!),
    train: await part("train_32x32.mat"),
    test: await part("test_32x32.mat"),
  };
}
