const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const INFINITE = /^[+-]?inf(inity)?$/i;

const MISSING = new Set(["", "na", "n/a", "#n/a", "nan", "-nan", "null", "?"]);

/** What `dataset.missing` is about, for messages. */
export const MISSING_FORMS = "an empty cell, NA, N/A, #N/A, NaN, null or ?";

/** Whether a cell is written as a finite number. */
export const isNumber = (cell: string) => NUMBER.test(cell);

/** Whether a cell says that there is no value. */
export const isMissing = (cell: string) => cell.length <= 4 && MISSING.has(cell.toLowerCase());

/** The number that a cell is; NaN of a missing value, undefined of text. */
export function numberOf(cell: string): number | undefined {
  if (NUMBER.test(cell)) return Number(cell);
  if (isMissing(cell)) return Number.NaN;
  return INFINITE.test(cell) ? Number.POSITIVE_INFINITY : undefined;
}

/** Forms of numbers and dates that are not read, for they can mean two things. */
const ODD_FORMS = [
  {
    form: /^[+-]?\d{1,3}([,'’ ]\d{3})+(\.\d+)?$/,
    told: "a number with separators between the thousands, or a decimal comma. Accepted: digits with a point before the decimals, such as 1234.5",
  },
  {
    form: /^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+$/,
    told: "a number with a decimal comma. Accepted: digits with a point before the decimals, such as 1234.5",
  },
  {
    form: /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/,
    told: "a date, which is no number. Accepted: numbers, such as the days since a first one",
  },
  {
    form: /^[$€£¥]? ?[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)? ?(%|‰|[$€£¥])?$/i,
    told: "a number with a sign of its unit. Accepted: the number alone",
  },
  {
    form: /^[+-]?\d+(_\d+)+$|^0x[\da-f]+$/i,
    told: "a number as programs write it. Accepted: digits with a point before the decimals, such as 1234.5",
  },
];

/** What is wrong with a cell that looks like a number or a date, but is not read as one; undefined of other text. */
export const oddFormOf = (cell: string): string | undefined =>
  cell.length < 40 && /\d/.test(cell) ? ODD_FORMS.find(({ form }) => form.test(cell))?.told : undefined;
