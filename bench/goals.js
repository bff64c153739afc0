import { markdownTable } from "../dist/reporting/markdownTable.js";
import { labelOf } from "./results.js";
import { ratio, undisturbedRatio } from "./statistics.js";

/**
 * What the trainer is to reach: our time as a multiple of another's, `atMost`. On a processor with two cores, and on an
 * NVIDIA H100; batch 128 and a step whose loss is read, unless it says otherwise.
 */
export const goals = [
  ...[
    { model: "784-400-20", ours: "tensorflow recorded", other: "torch eager", atMost: 0.45 },
    { model: "784-400-20", ours: "tensorflow recorded", other: "torch compiled", atMost: 0.8 },
    { model: "784-400-20", ours: "tensorflow recorded", other: "tensorflow eager", atMost: 0.3 },
    { model: "conv", ours: "tensorflow recorded", other: "torch eager", atMost: 0.9 },
    { model: "784-400-20", ours: "wasm eager", other: "torch eager", atMost: 2.2 },
    { model: "784-400-20", ours: "wasm eager", other: "wasm-stock eager", atMost: 0.12 },
    { model: "conv", ours: "wasm eager", other: "torch eager", atMost: 4 }, // the package itself cannot train it
    { task: "whole", model: "784-400-20", ours: "tensorflow recorded", other: "torch eager", atMost: 0.6 },
  ].map((goal) => ({ device: "cpu", task: "step", batch: 128, ...goal })),
  ...[
    { model: "784-400-20", other: "torch eager", atMost: 0.25 },
    { task: "throughput", model: "784-400-20", other: "torch graph", atMost: 1.2 },
    { model: "conv", other: "torch eager", atMost: 0.5 },
    { model: "784-2000-2000-64", batch: 1024, other: "torch compiled", atMost: 1.2 },
    { task: "whole", model: "784-400-20", other: "torch eager", atMost: 0.35 },
  ].map((goal) => ({ device: "gpu", task: "step", batch: 128, ours: "webgpu recorded", ...goal })),
];

/** The goals that one row's measurements (`rounds` by name of the variant) say something about. */
export const reached = (row, roundsOf, device = "cpu") =>
  goals
    .filter(
      ({ device: where, task, model, batch }) =>
        where === device && task === row.task && model === row.model && batch === row.batch,
    )
    .filter(({ ours, other }) => roundsOf.has(ours) && roundsOf.has(other))
    .map((goal) => {
      const [ours, other] = [roundsOf.get(goal.ours), roundsOf.get(goal.other)];
      const label = labelOf(row);
      return { ...goal, label, ratio: ratio(ours, other), undisturbed: undisturbedRatio(ours, other) };
    });

export const goalsTable = (found) =>
  markdownTable(
    ["model", "ours", "against", "ratio", "undisturbed", "at most", "reached"],
    found.map(({ label, ours, other, atMost, ratio, undisturbed }) => [
      label,
      ours,
      other,
      ratio.toFixed(2),
      undisturbed.toFixed(2),
      String(atMost),
      ratio <= atMost ? "yes" : "no",
    ]),
    3,
  );
