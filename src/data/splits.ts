import { VaeError } from "../base/errors.ts";
import { type Dataset, part, type SourceData, type Split } from "./dataset.ts";

export interface SplitSettings {
  readonly name: string;
  /** Images to hold out; without it a tenth, at most 5000. */
  readonly validation?: number | undefined;
  readonly limit?: number | undefined;
}

/**
 * Three disjoint splits, those of the source where it has three. Otherwise validation comes from the end of the training
 * images; where the source has no test part, as many images before them become the test set: [train | test | validation].
 */
export function holdOut(source: SourceData, settings: SplitSettings): Dataset {
  const { name, limit } = settings;
  const fields = Object.values(source.fields);
  const { train, validation, test } = threeParts(source, settings);
  const first = (set: Split) => (limit === undefined ? set : part(set, fields, 0, limit));
  return { ...source, name, train: first(train), validation: first(validation), test: first(test) };
}

type Splits = Pick<Dataset, "train" | "validation" | "test">;

function threeParts(source: SourceData, { name, validation }: SplitSettings): Splits {
  const { train, test } = source;
  if (source.validation && test) return { train, validation: source.validation, test };
  const fields = Object.values(source.fields);
  const parts = test === undefined ? 2 : 1;
  const most = Math.floor((train.count - 1) / parts);
  if (most < 1) {
    throw new VaeError(
      "usage",
      `${name} has ${train.count} training image${train.count === 1 ? "" : "s"}, too few to hold out ` +
        `${test === undefined ? "one for test and one" : "one"} for validation and still train. ` +
        `It takes at least ${parts + 1}.`,
    );
  }
  const held = validation ?? Math.min(5000, Math.max(1, Math.floor(train.count / 10)));
  if (held > most) {
    throw new VaeError(
      "usage",
      `dataset.validation is ${held}, but ${name} has ${train.count} training images` +
        `${test === undefined ? ", of which as many again are held out for test" : ""}: none would be left to train on. ` +
        `Accepted: 1 to ${most}.`,
    );
  }
  const end = train.count - held;
  const trainEnd = test === undefined ? end - held : end;
  return {
    train: part(train, fields, 0, trainEnd),
    validation: part(train, fields, end, train.count),
    test: test ?? part(train, fields, trainEnd, end),
  };
}
