import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { turns } from "../base/turns.ts";
import type { DataDirs } from "./cache.ts";
import { isLevelsCoding, pixelCodings } from "./codings.ts";
import type { OnDataProgress, SourceData } from "./dataset.ts";
import type { NetworkSettings } from "./fetch.ts";

/** What a source may use of the world. */
export interface LoadContext {
  readonly dataDirs: DataDirs;
  readonly onProgress: OnDataProgress;
  /** Hears what is odd about data that is read all the same. */
  readonly warn?: (text: string) => void;
  /** Stops downloads and reading; what is downloaded so far is kept for the next time. */
  readonly signal?: AbortSignal;
  readonly network?: NetworkSettings;
  /** A server that has the files of datasets instead of those that are known, in folders of their names or all in one. */
  readonly mirror?: string | undefined;
}

/** A member of the dataset family. */
export interface DatasetSource<Schema extends z.ZodObject = z.ZodObject> {
  /** `name` as a literal, the common settings, and what only this source has. */
  readonly schema: Schema;
  /** One line for `vae data list` and the help. */
  readonly summary: string;
  /** Its bytes are 0 and 255 as published: no binary coding changes them. */
  readonly isBinary?: true;
  /** Its examples come in random order, so that the end of them is as good as any others. */
  readonly inRandomOrder?: true;
  /** Reads the examples and says which fields they have, from this machine or, where that is possible, from elsewhere first. */
  load(config: z.output<Schema>, context: LoadContext): Promise<SourceData>;
  /** What the source consists of, and which of it is on this machine. Reads no contents. */
  inventory(dirs: DataDirs): Promise<Inventory>;
  /** Brings the files onto this machine and checks them; `force` replaces those that are there. */
  fetch(context: LoadContext, options: { readonly force: boolean }): Promise<FetchedFile[]>;
}

export interface Inventory {
  readonly licence: string;
  /** What there is to download; 0 for sources that need no network. */
  readonly downloadBytes: number;
  /** The files by name, with the path of those that are here. Empty for the user's own files. */
  readonly files: readonly InventoryFile[];
  /** The folders that they are downloaded from, in the order in which they are tried. */
  readonly mirrors?: readonly string[];
}

export interface InventoryFile {
  readonly name: string;
  /** Of the download, where it is known. */
  readonly bytes?: number | undefined;
  /** Where it is here. */
  readonly path?: string;
}

export interface FetchedFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly status: "present" | "downloaded" | "drawn";
}

/** An identity function that gives inference. */
export function defineSource<Schema extends z.ZodObject>(
  source: DatasetSource<Schema>,
): DatasetSource<Schema> {
  return source;
}

const INTERRUPTED =
  "Interrupted while the dataset was read; nothing was written. The same command starts anew.";

/** Ends work that was interrupted. */
export function stopIfAborted({ signal }: Pick<LoadContext, "signal">): void {
  if (signal?.aborted) throw new VaeError("interrupted", INTERRUPTED);
}

/** The same between the pieces of work that would be deaf without. */
export const turnsOf = ({ signal }: Pick<LoadContext, "signal">) => turns(signal, INTERRUPTED);

/** Which training images are held out for validation. */
const orders = ["auto", "shuffled", "file", "group"] as const;

export type Order = (typeof orders)[number];

const splitSettings = {
  order: z
    .enum(orders)
    .default("auto")
    .describe(
      "which images are held out: shuffled (a seeded draw, the same share of each class where there are classes), " +
        "file (the end of the training images), or group (the same draw of whole groups, which `by` tells). auto is " +
        "shuffled, but file for digits, shapes and the MNIST family, which come in random order",
    ),
  seed: z.int().min(0).default(0).describe("of the draw; another seed holds out other images"),
};

/** The settings that each dataset has. */
export const commonSettings = {
  validation: z
    .int()
    .min(1)
    .default(5000)
    .describe(
      "images held out of the training set for validation, which `split` says (table: share or number of rows, default 0.1; " +
        "0: the training rows serve for it)",
    ),
  split: z.strictObject(splitSettings).prefault({}).describe("which images are held out"),
  limit: z.int().min(1).optional().describe("use only the first N images of each split, for a quick trial"),
  pixels: z
    .union([
      z.enum(["auto", ...pixelCodings]),
      z
        .templateLiteral(["levels-", z.int().min(2).max(256)])
        .refine(isLevelsCoding, "K of levels-K goes from 2 to 256")
        .describe("levels-K (K = 2 … 256)"),
    ])
    .default("auto")
    .describe("how bytes become x; auto picks from the likelihood"),
};

/** The common settings where the number of images is not known beforehand. */
export const ownFilesSettings = {
  ...commonSettings,
  validation: z
    .int()
    .min(1)
    .optional()
    .describe(
      "images held out of the training set for validation, and as many again for test where there " +
        "is no test set (default: a tenth of the images, at most 5000)",
    ),
  range: z
    .union([
      z.literal("auto"),
      z
        .array(z.number())
        .length(2)
        .refine(([black, white]) => black! < white!, "the first must be the smaller one"),
    ])
    .optional()
    .describe(
      "the values of pixels that are black and white, such as [0, 1] or [0, 4095]; auto takes the narrowest of the usual " +
        "ones that holds all values (default: 0 and the largest of the type, 255 or 65535, unless all images would be nearly black)",
    ),
  depth: z
    .union([z.literal("auto"), z.literal([8, 10, 12, 14, 16])])
    .default("auto")
    .describe(
      "bits of a value that are kept: 8 rounds to 256 levels from black to white, 12 to 4,096, 16 to 65,536. auto is 8 where the " +
        "likelihood is one of levels; for others, whole numbers keep all of their levels, and the rest have 256",
    ),
  split: z
    .strictObject({
      ...splitSettings,
      test: z
        .int()
        .min(1)
        .optional()
        .describe("images held out for test where there is no test set (default: as many as for validation)"),
      by: z
        .string()
        .min(1)
        .optional()
        .describe(
          "which images are a group. In folders, a regular expression of the images' names below the folder: those with " +
            "the same text in its brackets are one (default: those of a folder). Of a .npz file, the array whose equal values are one",
        ),
    })
    .prefault({})
    .describe("which images are held out"),
};

/** Two members of the sources that read only what the user has. */
export function ownFilesOnly(name: string) {
  return {
    inventory: async () => ({ licence: "yours", downloadBytes: 0, files: [] }),
    fetch: async () => {
      throw new VaeError("usage", `${name} reads your own files: there is nothing to fetch.`);
    },
  };
}
