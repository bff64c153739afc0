import { markdownTable } from "../dist/reporting/markdownTable.js";
import { ratio, undisturbedRatio } from "./statistics.js";

/** What the trainer is to reach on two cores at batch 128: our time as a multiple of another's, `atMost`. */
export const goals = [
  { model: "784-400-20", ours: "tensorflow recorded", other: "torch eager", atMost: 0.45 },
  { model: "784-400-20", ours: "tensorflow recorded", other: "torch compiled", atMost: 0.8 },
  { model: "784-400-20", ours: "tensorflow recorded", other: "tensorflow eager", atMost: 0.3 },
  { model: "conv", ours: "tensorflow recorded", other: "torch eager", atMost: 0.9 },
  { model: "784-400-20", ours: "wasm eager", other: "torch eager", atMost: 2.2 },
  { model: "784-400-20", ours: "wasm eager", other: "wasm-stock eager", atMost: 0.12 },
  { model: "conv", ours: "wasm eager", other: "torch eager", atMost: 4 }, // the package itself cannot train it
  { task: "whole", model: "784-400-20", ours: "tensorflow recorded", other: "torch eager", atMost: 0.6 },
];

/** The goals that one row's measurements (`rounds` by name of the variant) say something about. */
export const reached = ({ task, model, batch }, roundsOf) =>
  goals
    .filter((goal) => (goal.task ?? "step") === task && goal.model === model && batch === 128)
    .filter(({ ours, other }) => roundsOf.has(ours) && roundsOf.has(other))
    .map((goal) => {
      const [ours, other] = [roundsOf.get(goal.ours), roundsOf.get(goal.other)];
      return { ...goal, ratio: ratio(ours, other), undisturbed: undisturbedRatio(ours, other) };
    });

export const goalsTable = (found) =>
  markdownTable(
    ["model", "ours", "against", "ratio", "undisturbed", "at most", "reached"],
    found.map(({ model, ours, other, atMost, ratio, undisturbed }) => [
      model,
      ours,
      other,
      ratio.toFixed(2),
      undisturbed.toFixed(2),
      String(atMost),
      ratio <= atMost ? "yes" : "no",
    ]),
    3,
  );
