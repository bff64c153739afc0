import { expect, test } from "vitest";
import { calibrationChart } from "../src/figures/charts/calibrationChart.ts";
import { noiseLines } from "../src/reporting/splitText.ts";

const calibration = {
  images: 1,
  pit: [0.5, 0.5],
  coverage: [{ nominal: 0.5, observed: 0.5 }],
  isDiscrete: false,
  residuals: { mean: 0, standardDeviation: 1, skewness: 0, kurtosis: 0, histogram: [0.5, 0.5] },
  scaleFit: { factor: 0.7, images: 1, gain: 80, gainStandardError: 1 },
};

test("the residuals of a density are beside the normal curve, and those of discrete values are not", () => {
  const meta = { title: "digits", subtitle: "", range: 5 };
  const dashed = (isDiscrete: boolean) =>
    calibrationChart({ ...calibration, isDiscrete }, meta).svg.match(/stroke-dasharray/g)?.length;
  expect([dashed(false), dashed(true)]).toEqual([3, 2]); // with the flat line and the diagonal
});

test("the default scale says why it is not the one that its check finds", () => {
  const split = { sigma: 0.35 } as Parameters<typeof noiseLines>[1];
  const lines = (isDefaultSigma: boolean) => noiseLines(calibration, split, { isDefaultSigma }).join("\n");
  expect(lines(true)).toMatch(/sigma 0.245 instead of 0.35.*fitted on 1 training image\)\n +why so wide/);
  expect(lines(false)).not.toContain("why so wide");
});
