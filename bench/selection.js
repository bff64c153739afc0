import { variants } from "./engines.js";
import { rows, wholeRow } from "./models.js";

const has = (list, value) => list === undefined || list.includes(value);

/** The rows that the options leave. */
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

/** The engines of a row. Without a word on engines and steps, quick and whole runs have those that matter most. */
export function chosenVariants({ quick, whole, engines, steps }, row) {
  const few = engines === undefined && steps === undefined && (quick || whole);
  return variants.filter(
    (variant) =>
      variant.tasks.includes(row.task) &&
      has(variant.models, row.model) &&
      has(engines, variant.engine) &&
      has(steps, variant.step) &&
      (!few || variant.quick),
  );
}
