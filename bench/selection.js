import { variants } from "./engines.js";
import { rows } from "./models.js";

/**
 * What the command line says about what to measure.
 * @typedef {object} Selection
 * @property {"cpu" | "gpu"} [device]
 * @property {boolean} [quick]
 * @property {boolean} [whole]
 * @property {string[]} [rows] tasks
 * @property {string[]} [models]
 * @property {string[]} [engines]
 * @property {string[]} [steps]
 * @property {number} [batch]
 */

const has = (list, value) => list === undefined || list.includes(value);

/** The tasks that are measured unless some are named. */
const USUAL = { cpu: ["step", "elbo", "start-up"], gpu: ["step"] };

/**
 * The rows that the options leave.
 * @param {Selection} options
 */
export function chosenRows({ device = "cpu", quick, whole, rows: named, models, batch }) {
  const tasks = whole ? ["whole"] : (named ?? USUAL[device]);
  return rows.filter(
    (row) =>
      row.devices.includes(device) &&
      (!quick || row.quick) &&
      tasks.includes(row.task) &&
      has(models, row.model) &&
      (batch === undefined || batch === row.batch),
  );
}

/**
 * The engines of a row; quick and whole runs have few, unless engines or kinds of step are named.
 * @param {Selection} options
 */
export function chosenVariants({ device = "cpu", quick, engines, steps }, row) {
  const named = engines !== undefined || steps !== undefined;
  return variants.filter(
    (variant) =>
      variant.devices.includes(device) &&
      variant.tasks.includes(row.task) &&
      has(variant.models, row.model) &&
      has(engines, variant.engine) &&
      has(steps, variant.step) &&
      (named ||
        ((!quick || variant.quick?.includes(device)) &&
          (row.task !== "whole" || variant.whole?.includes(device)))),
  );
}
