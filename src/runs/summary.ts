import { z } from "zod";
import type { LatentHealth } from "../evaluation/latents.ts";
import type { SplitSummary } from "../evaluation/summary.ts";
import type { TableSummary } from "../evaluation/tableScores.ts";
import { readJson } from "./readJson.ts";
import type { RunFolder } from "./runFolder.ts";

/** `summary.json`: the final numbers, and how they were obtained. */
export interface RunSummary {
  readonly run: string;
  readonly reason: "completed" | "early-stopping";
  readonly epochs: number;
  readonly checkpoint: { readonly name: "best"; readonly epoch: number };
  readonly likelihood: string;
  /** Of a loss there are no ELBO and no bits. */
  readonly kindOf: "density" | "loss";
  readonly baseMeasure: string;
  readonly pixels: string;
  /** β, where the objective has one. */
  readonly beta?: number;
  readonly sigma?: number;
  readonly protocol: string;
  /** What the latents are used for, on the test split; absent where there are none, or an earlier version trained the run. */
  readonly latents?: LatentHealth;
  /** How well the targets of a table are predicted. */
  readonly predictions?: { readonly validation: TableSummary; readonly test: TableSummary };
  readonly splits: { readonly validation: SplitSummary; readonly test: SplitSummary };
}

const splitSchema = z.looseObject({
  split: z.enum(["train", "validation", "test"]),
  count: z.int(),
  distortion: z.number(),
  rate: z.number(),
  bitsPerDim: z.number().exactOptional(),
  levels256: z.looseObject({ bitsPerDim: z.number() }).exactOptional(),
});

/** What is told of a summary. The rest of it was written by this program, or by an earlier version. */
const summarySchema = z.looseObject({
  run: z.string(),
  reason: z.enum(["completed", "early-stopping"]),
  epochs: z.int(),
  checkpoint: z.object({ name: z.literal("best"), epoch: z.int() }),
  baseMeasure: z.string(),
  sigma: z.number().exactOptional(),
  latents: z
    .looseObject({ latentDim: z.int(), active: z.looseObject({ variance: z.int() }), collapsed: z.boolean() })
    .exactOptional(),
  splits: z.object({ validation: splitSchema, test: splitSchema }),
});

/** As it was written, in its order. */
const schema = z.custom<RunSummary>((value) => summarySchema.safeParse(value).success);

/** Undefined where there is none; one that is damaged is an error. */
export const readSummary = (folder: RunFolder): RunSummary | undefined =>
  readJson(folder.summary, schema, `\`vae train --resume --out ${folder.path}\` writes it anew`);
