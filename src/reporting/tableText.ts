import type { ExactComparison, ExactScores } from "../evaluation/exactLinear.ts";
import type { ClassScores, RegressionScores, TablePrediction } from "../evaluation/tableScores.ts";
import { formatCount, formatError, formatNats, formatNumber, formatShare } from "./format.ts";

const line = (name: string, text: string) => `  ${name.padEnd(12)}  ${text}`;

const DECIMALS = 3;

const nats = (value: number, error?: number) => `${value.toFixed(DECIMALS)}${formatError(error, DECIMALS)}`;

/** How well the targets of a split are predicted. `target` is what its unit is that of. */
export function predictionLines(prediction: TablePrediction, target: string): string[] {
  const { draws, drawError } = prediction;
  const how = draws === 1 ? "one network" : `log-mean over ${formatCount(draws)} draws of the weights`;
  const ofDraws =
    drawError === undefined ? "" : ` (of the error,${formatError(drawError, DECIMALS)} is from them)`;
  const { logLikelihood, logLikelihoodStandardError } = prediction;
  const first = line(
    "log p(y|x)",
    `${nats(logLikelihood, logLikelihoodStandardError)} nats per row, ${how}${ofDraws}`,
  );
  if (prediction.kind === "classes")
    return [first, ...classLines(prediction), ...atMeanLines(prediction, target)];
  const { rmse, coverage, calibrationError, deviation } = prediction;
  const { total, noise, weights } = deviation;
  const held = coverage.map(({ nominal, observed }) => `${formatShare(observed)} (${100 * nominal} %)`);
  return [
    first,
    line("RMSE", `${formatNumber(rmse)} in units of ${target}`),
    line(
      "deviation",
      `${formatNumber(total)} predicted: ${formatNumber(noise)} of noise and ${formatNumber(weights)} of the weights, root mean square over rows`,
    ),
    line("intervals", `the central ones hold ${held.join(", ")} of the targets`),
    line("calibration", `F(y|x) ≤ p as often as p, but for ${calibrationError.toFixed(DECIMALS)} on average`),
    ...atMeanLines(prediction, target),
  ];
}

const classLines = ({ accuracy, accuracyStandardError, brier, expectedCalibrationError }: ClassScores) => [
  line("accuracy", `${formatShare(accuracy)} ± ${(100 * accuracyStandardError).toFixed(1)}`),
  line("Brier", `${brier.toFixed(DECIMALS)}, squared error of the probabilities, summed over classes`),
  line(
    "calibration",
    `confidence and accuracy differ by ${expectedCalibrationError.toFixed(DECIMALS)} on average (15 bins)`,
  ),
];

function atMeanLines(prediction: TablePrediction, target: string): string[] {
  if (prediction.draws === 1) return []; // it is that network
  const { networks } = prediction;
  const title =
    networks === 1
      ? "the one network with the mean weights"
      : `the ${networks} networks with the mean weights of a component each`;
  return prediction.kind === "classes"
    ? [title, line("log p(y|x)", logLine(prediction.atMean)), ...classLines(prediction.atMean)]
    : [title, ...scoreLines(prediction.atMean, target)];
}

const logLine = ({ logLikelihood, logLikelihoodStandardError }: RegressionScores | ClassScores) =>
  `${nats(logLikelihood, logLikelihoodStandardError)} nats per row`;

const scoreLines = (scores: RegressionScores, target: string) => [
  line("log p(y|x)", logLine(scores)),
  line("RMSE", `${formatNumber(scores.rmse)} in units of ${target}`),
];

/** What was minimised, on the rows that the weights were learned from. */
export const freeEnergyLine = ({ distortion, rate }: { distortion: number; rate: number }, rows: number) =>
  line(
    "free energy",
    `${nats(distortion + rate)} nats per training row = distortion ${nats(distortion)} + rate ${nats(rate)}, the KL of the weights over ${formatCount(rows)} rows`,
  );

/** The identity log p(D) = ELBO + KL(q ‖ p(w|D)), from closed forms and as estimated, and what mean field gets wrong. */
export function exactLines(
  exact: ExactComparison,
  { estimated, scores, target }: { estimated: number; scores: ExactScores; target: string },
): string[] {
  const { rows, logEvidence, elbo, gap, meanFieldGap, meanError, covarianceError, weights } = exact;
  const name = Math.max(...weights.map(({ name }) => name.length), "weight".length);
  const cell = (value: number) => formatNumber(value).padStart(10);
  return [
    "the exact posterior predicts them with",
    ...scoreLines(scores, target),
    `the bound on the ${formatCount(rows)} training rows, in nats, where all is known`,
    line("log p(D)", `${formatNats(logEvidence)}, exact`),
    line("ELBO", `${formatNats(elbo)} in closed form, ${formatNats(estimated)} as estimated from draws`),
    line("KL(q||p)", `${gap.toFixed(4)} from q(w) to the posterior p(w|D): log p(D) = ELBO + KL`),
    line("mean field", `${formatNats(meanFieldGap)} is the least that independent weights can have there`),
    line(
      "q(w)",
      `means within ${formatShare(meanError)} of a deviation, covariance within ${formatShare(covarianceError)} of the posterior's`,
    ),
    `  ${"weight".padEnd(name)}${"mean".padStart(10)}${"exact".padStart(10)}${"deviation".padStart(11)}${"1/√Λ_ii".padStart(10)}${"√(Λ⁻¹)_ii".padStart(11)}`,
    ...weights.map(
      (w) =>
        `  ${w.name.padEnd(name)}${cell(w.mean)}${cell(w.exactMean)} ${cell(w.deviation)}${cell(w.meanFieldDeviation)} ${cell(w.exactDeviation)}`,
    ),
  ];
}
