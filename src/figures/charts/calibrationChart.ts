import type { Drawing } from "./drawing.ts";
import {
  againstDiagonal,
  bars,
  expectedLine,
  plotWidthOf,
  type SidePanel,
  shareAxis,
  sideBySide,
} from "./sideBySide.ts";

/** What the chart shows of a `Calibration`; shares of all values. */
export interface CalibrationFigures {
  readonly pit: readonly number[];
  readonly coverage: readonly { readonly nominal: number; readonly observed: number }[];
  /** Of discrete values, whose residuals no normal density belongs to. */
  readonly isDiscrete: boolean;
  readonly residuals: {
    readonly mean: number;
    readonly standardDeviation: number;
    readonly histogram: readonly number[];
  };
}

/**
 * Three views of the noise that a likelihood assumes, against the noise there is: the PIT histogram (flat if they agree),
 * the coverage of central intervals, the standardised residuals between ∓`range`.
 */
export function calibrationChart(
  { pit, coverage, isDiscrete, residuals }: CalibrationFigures,
  meta: { title: string; subtitle: string; range: number },
): Drawing {
  const binWidth = (2 * meta.range) / residuals.histogram.length;
  const densities = residuals.histogram.map((share) => share / binWidth);
  const middle = (i: number) => -meta.range + (i + 0.5) * binWidth;
  const width = plotWidthOf(3);
  const normal = expectedLine(
    densities.map((_, i) => [middle(i), Math.exp(-0.5 * middle(i) ** 2) / Math.sqrt(2 * Math.PI)]),
  );
  const panels: SidePanel[] = [
    {
      name: "PIT",
      formula: "F(x|z) of every value; flat if the noise is right",
      x: shareAxis("F(x|z)"),
      y: { name: "share of the values / its share if right" },
      series: [
        bars(
          pit.map((share, i) => [(i + 0.5) / pit.length, share * pit.length]),
          width,
        ),
        expectedLine([
          [0, 1],
          [1, 1],
        ]),
      ],
    },
    {
      name: "Coverage",
      formula: coverage.map((c) => `${percent(c.nominal)}: ${percent(c.observed, 1)}`).join("   "),
      x: shareAxis("probability of the central interval"),
      y: { name: "share of the values within", min: 0, max: 1 },
      series: againstDiagonal(coverage.map(({ nominal, observed }) => [nominal, observed])),
    },
    {
      name: "Residuals",
      formula: `(x − E[x|z]) / sd: mean ${fixed(residuals.mean)}, sd ${fixed(residuals.standardDeviation)}`,
      x: {
        type: "value",
        min: -meta.range,
        max: meta.range,
        name: `standardised residual; ${isDiscrete ? "discrete, so no curve" : "line: normal"}`,
      },
      y: { name: "density" },
      series: [
        bars(
          densities.map((density, i) => [middle(i), density]),
          width,
        ),
        ...(isDiscrete ? [] : [normal]),
      ],
    },
  ];
  return sideBySide(panels, meta);
}

const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`;

const fixed = (value: number) => value.toFixed(2).replace("-", "−");
