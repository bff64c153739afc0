import type { TableSummary } from "../evaluation/tableScores.ts";
import type { EvaluationRecord } from "../runs/evaluations.ts";
import type { FinishedRun } from "./readRun.ts";

/** A number of a run; its standard error over images where it is a mean over them. */
export interface Measured {
  readonly value: number;
  readonly error?: number | undefined;
}

/** A number that runs are compared by. */
export interface Column {
  /** In CSV and JSON. */
  readonly key: string;
  readonly title: string;
  readonly unit: "nats" | "bits" | "units" | "count" | "share" | "minutes";
  of(run: FinishedRun): Measured | undefined;
}

const measured = (value: number | undefined, error?: number): Measured | undefined =>
  value === undefined ? undefined : { value, error };

const minus = (value: number | undefined) => (value === undefined ? undefined : -value);

const ofSplit = (
  split: "validation" | "test",
): Record<"elbo" | "rate" | "distortion" | "bits", Column["of"]> => ({
  elbo: ({ summary: { splits } }) => measured(minus(splits[split].elbo), splits[split].elboStandardError),
  rate: ({ summary: { splits } }) => measured(splits[split].rate, splits[split].rateStandardError),
  distortion: ({ summary: { splits } }) =>
    measured(splits[split].distortion, splits[split].distortionStandardError),
  bits: ({ summary: { splits } }) =>
    measured(splits[split].bitsPerDim, splits[split].bitsPerDimStandardError),
});

const [validation, test] = [ofSplit("validation"), ofSplit("test")];

/** What runs are ranked by where they have it, and the smaller the better. */
export const BOUND: Column = {
  key: "validation.minusElbo",
  title: "-ELBO valid.",
  unit: "nats",
  of: validation.elbo,
};

export const RATE: Column = {
  key: "validation.rate",
  title: "rate valid.",
  unit: "nats",
  of: validation.rate,
};

/** Of a bare loss, that loss. */
export const DISTORTION: Column = {
  key: "validation.distortion",
  title: "distortion valid.",
  unit: "nats",
  of: validation.distortion,
};

const newest = (run: FinishedRun, accepts: (line: EvaluationRecord) => boolean) =>
  run.evaluations.find(accepts);

/** Bits per dimension of the bytes: one scale for all densities. Test, in the summary; validation where it was evaluated. */
export const BYTES: Readonly<Record<"validation" | "test", Column>> = {
  validation: {
    key: "validation.levels256.bitsPerDim",
    title: "bytes valid., bits/dim",
    unit: "bits",
    of: (run) => {
      const levels = newest(
        run,
        ({ split, levels256, protocol }) =>
          split === "validation" && levels256 !== undefined && protocol.startsWith(run.summary.protocol),
      )?.levels256;
      return measured(levels?.bitsPerDim, levels?.bitsPerDimStandardError);
    },
  },
  test: {
    key: "test.levels256.bitsPerDim",
    title: "bytes test, bits/dim",
    unit: "bits",
    of: ({ summary: { splits } }) =>
      measured(splits.test.levels256?.bitsPerDim, splits.test.levels256?.bitsPerDimStandardError),
  },
};

/** The importance weights of each estimate of the test NLL that a run has. */
export const weightsOf = ({ evaluations }: FinishedRun): number[] =>
  evaluations.flatMap(({ split, k, nll }) => (split === "test" && nll !== undefined ? [k!] : []));

/** The test NLL by K importance weights. */
export const nllColumn = (k: number): Column => ({
  key: `test.nll.k${k}`,
  title: `NLL test, K = ${k}`,
  unit: "nats",
  of: (run) => {
    const found = newest(run, (line) => line.split === "test" && line.k === k);
    return measured(found?.nll, found?.nllStandardError);
  },
});

const predicted =
  (split: "validation" | "test", of: (scores: TableSummary) => Measured | undefined): Column["of"] =>
  ({ summary: { predictions } }) =>
    predictions && of(predictions[split]);

const minusLogProb = ({ logLikelihood, logLikelihoodStandardError }: TableSummary) =>
  measured(minus(logLikelihood), logLikelihoodStandardError);

/** −log p(y|x), the mean over rows: what networks with a posterior over weights are ranked by on rows held out. */
export const PREDICTED: Column = {
  key: "validation.minusLogProb",
  title: "-log p(y|x) valid.",
  unit: "nats",
  of: predicted("validation", minusLogProb),
};

/** Of tables, in the units of the file. */
const ofTables: readonly Column[] = [
  PREDICTED,
  {
    key: "test.minusLogProb",
    title: "-log p(y|x) test",
    unit: "nats",
    of: predicted("test", minusLogProb),
  },
  {
    key: "test.rmse",
    title: "RMSE test",
    unit: "units",
    of: predicted("test", (scores) => (scores.kind === "regression" ? { value: scores.rmse } : undefined)),
  },
  {
    key: "test.coverage90",
    title: "in 90 % test",
    unit: "share",
    of: predicted("test", (scores) =>
      scores.kind === "regression"
        ? measured(scores.coverage.find(({ nominal }) => nominal === 0.9)?.observed)
        : undefined,
    ),
  },
  {
    key: "test.accuracy",
    title: "accuracy test",
    unit: "share",
    of: predicted("test", (scores) =>
      scores.kind === "classes" ? measured(scores.accuracy, scores.accuracyStandardError) : undefined,
    ),
  },
];

/** What a column that runs are ranked by is of, in words. */
export const quantityOf = (rankedBy: Column): string => (rankedBy === BOUND ? "−ELBO" : "−log p(y|x)");

/** In the order of the table; the estimates of the NLL go after −ELBO. */
export const columns = (nllWeights: readonly number[]): Column[] => [
  ...ofTables,
  BOUND,
  { key: "test.minusElbo", title: "-ELBO test", unit: "nats", of: test.elbo },
  ...nllWeights.map(nllColumn),
  RATE,
  DISTORTION,
  { key: "test.rate", title: "rate test", unit: "nats", of: test.rate },
  { key: "test.distortion", title: "distortion test", unit: "nats", of: test.distortion },
  { key: "test.bitsPerDim", title: "test, bits/dim", unit: "bits", of: test.bits },
  BYTES.validation,
  BYTES.test,
  {
    key: "test.scaleAtFloor",
    title: "scales at floor",
    unit: "share",
    of: ({ summary: { splits } }) => measured(splits.test.scaleAtFloor),
  },
  {
    key: "parameters",
    title: "parameters",
    unit: "count",
    of: ({ record }) => measured(record.parameterCount),
  },
  { key: "epochs", title: "trained epochs", unit: "count", of: ({ summary }) => measured(summary.epochs) },
  {
    key: "minutes",
    title: "minutes",
    unit: "minutes",
    of: ({ record }) => measured(record.timings.seconds / 60),
  },
];
