import { markdownTable } from "../dist/reporting/markdownTable.js";

const HEAD = [
  "model",
  "engine",
  "step",
  "batch",
  "ms/step",
  "10-90 %",
  "images/s",
  "x torch eager",
  "peak MiB",
];

/** The one table of the benchmark. */
export const resultsTable = (results) =>
  markdownTable(
    HEAD,
    results.map((r) => [
      r.model,
      r.engine,
      r.step,
      String(r.batch),
      time(r, r.msPerStep),
      r.spread.map((ms) => time(r, ms)).join("-"),
      count(r.imagesPerSecond),
      r.ratioToTorchEager === null ? "-" : r.ratioToTorchEager.toFixed(2),
      count(r.peakMiB),
    ]),
    3,
  );

/** Steps in milliseconds, as the column says; what takes longer in seconds. */
const time = ({ task }, ms) =>
  ["step", "throughput"].includes(task) ? threeDigits(ms) : `${threeDigits(ms / 1000)} s`;

const threeDigits = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

const count = (value) => (value === null ? "-" : Math.round(value).toLocaleString("en-US"));
