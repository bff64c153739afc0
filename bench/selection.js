import { variants } from "./engines.js";
import { rows, wholeRow } from "./models.js";

/**
 * What the command line says about what to measure.
 * @typedef {object} Selection
 * @property {boolean} [quick]
 * @property {boolean} [whole]
 * @property {string[]} [rows] tasks
 * @property {string[]} [models]
 * @property {string[]} [engines]
 * @property {string[]} [steps]
 * @property {number} [batch]
 */

const has = (list, value) => list === undefined || list.includes(value);

/**
 * The rows that the options leave.
 * @param {Selection} options
 */
export const chosenRows = ({ quick, whole, rows: tasks, models, batch }) =>
  whole
    ? [wholeRow]
    : rows.filter(
        (row) =>
          (!quick || row.quick) &&
          has(tasks, row.task) &&
          has(models, row.model) &&
          (batch === undefined || batch === row.batch),
      );

/**
 * The engines of a row; quick and whole runs have few, unless engines or kinds of step are named.
 * @param {Selection} options
 */
export function chosenVariants({ quick, whole, engines, steps }, row) {
  const named = engines !== undefined || steps !== undefined;
  return variants.filter(
    (variant) =>
      variant.tasks.includes(row.task) &&
      has(variant.models, row.model) &&
      has(engines, variant.engine) &&
      has(steps, variant.step) &&
      (named || ((!quick || variant.quick) && (!whole || variant.whole))),
  );
}
