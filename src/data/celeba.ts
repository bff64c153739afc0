import { z } from "zod";
import { changeSettings } from "./imageChanges.ts";
import { readImages } from "./imageFolder.ts";
import { defineSource, ownFilesOnly, ownFilesSettings } from "./source.ts";

const NAME = "celeba-64";
const summary = "faces of CelebA, cropped to 64x64, from the folder of the aligned images that you have";

/** Liu et al. 2015, for research alone, which no server hands out to programs: the images of `img_align_celeba`. */
export const celeba64 = defineSource({
  schema: z.strictObject({
    name: z.literal(NAME).describe(summary),
    path: z.string().min(1).describe("the folder img_align_celeba; relative to the working directory"),
    ...changeSettings,
    size: changeSettings.size.unwrap().default(64).describe("resize the images to this height and width"),
    ...ownFilesSettings,
  }),
  summary,
  load: readImages,
  ...ownFilesOnly(NAME),
  inventory: async () => ({ licence: "non-commercial research", downloadBytes: 0, files: [] }),
});
