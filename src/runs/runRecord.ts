import { z } from "zod";
import type { ImageShape } from "../data/field.ts";
import { type DataIdentity, dataIdentitySchema } from "./identity.ts";

const runStatuses = ["running", "finished", "interrupted", "diverged", "failed"] as const;

export type RunStatus = (typeof runStatuses)[number];

const text = z.string();
const count = z.int().min(0);

/** Something that happened to a run after its start. */
const historySchema = z.object({
  time: text,
  event: z.enum(["resumed", "rolled back"]),
  /** The step that it went on from. */
  step: count,
  command: text.optional(),
  /** `training.learningRate 0.001 -> 0.0005` */
  changes: z.array(text).optional(),
  /** The sha256 of each split, where they are not those that the run was started with, and were accepted. */
  data: z.record(text, text).optional(),
});

export type HistoryEntry = z.infer<typeof historySchema>;

/** `run.json`: what is known of a run besides its settings and its numbers. */
export const runRecordSchema = z.object({
  status: z.enum(runStatuses),
  command: text,
  versions: z.record(text, text),
  backend: z.object({ name: text, device: text, threads: count }),
  dataset: z.object({
    name: text,
    /** Absent where the data are no images. */
    imageShape: (z.tuple([count, count, count]) as z.ZodType<ImageShape>).optional(),
    /** Absent in the records of earlier versions, whose data are images without classes. */
    fields: dataIdentitySchema.shape.fields.optional(),
    counts: z.object({ train: count, validation: count, test: count }),
    /** Of the files of the dataset, and of each split as it was trained on. */
    hashes: z.record(text, text),
    splitHashes: z.object({ train: text, validation: text, test: text }).optional(),
    /** Of the places that each part has among the training examples of the source, for parts that are held out of these. */
    placeHashes: z.record(text, text).optional(),
  }),
  parameterCount: count,
  /** Clock times and speeds live here and not among the metrics, which repeat to the byte. */
  timings: z.object({ startedAt: text, seconds: z.number(), imagesPerSecond: z.array(z.number()) }),
  /** What was resumed, changed or rolled back since. */
  history: z.array(historySchema).default([]),
});

export type RunRecord = z.infer<typeof runRecordSchema>;

export const splitHashes = ({ splits }: DataIdentity) => ({
  train: splits.train.sha256,
  validation: splits.validation.sha256,
  test: splits.test.sha256,
});
