import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import { choose, type Dataset, type Places, part, type SourceData, type Split } from "./dataset.ts";
import { drawPlaces, type Held } from "./places.ts";
import type { Order } from "./source.ts";

export interface SplitSettings {
  readonly name: string;
  /** Images to hold out; without it a tenth, at most 5000. */
  readonly validation?: number | undefined;
  readonly limit?: number | undefined;
  /** Without it the end of the training images is held out. */
  readonly split?: HoldOut | undefined;
}

interface HoldOut {
  readonly order: Exclude<Order, "auto">;
  readonly seed: number;
  /** Images to hold out for test where the source has none; without it as many as for validation. */
  readonly test?: number | undefined;
}

const END: HoldOut = { order: "file", seed: 0 };

/**
 * Three disjoint splits, those of the source where it has three. Otherwise validation is held out of the training images;
 * where the source has no test part, so is the test set.
 */
export function holdOut(source: SourceData, settings: SplitSettings): Dataset {
  const { name, limit = Number.POSITIVE_INFINITY } = settings;
  const { groups: _, ...rest } = source;
  const { train, validation, test } = source;
  const first = (set: Split) =>
    set.count <= limit ? set : part(set, Object.values(source.fields), 0, limit);
  if (validation && test)
    return { ...rest, name, train: first(train), validation: first(validation), test: first(test) };
  const all = placesOf(source, settings);
  const places: Places = {
    train: all.train.subarray(0, limit),
    validation: all.validation.subarray(0, limit),
    ...(all.test && { test: all.test.subarray(0, limit) }),
  };
  const fields = Object.values(source.fields);
  const at = (chosen: Uint32Array) => choose(train, fields, chosen);
  return {
    ...rest,
    name,
    train: at(places.train),
    validation: at(places.validation),
    test: test ? first(test) : at(places.test!),
    places,
  };
}

function placesOf(source: SourceData, { name, validation, split = END }: SplitSettings): Places {
  const { train, test, groups, fields } = source;
  const { order, seed } = split;
  if (order === "group" && !groups) {
    throw new VaeError(
      "usage",
      `dataset.split.order is group, but ${name} has nothing that tells which images belong together. ` +
        "Accepted here: shuffled, file. Images in folders are grouped by their names, those of .npz files by an array.",
    );
  }
  const label = Object.values(fields).find(({ kind, shape }) => kind === "class" && shape.length === 0);
  const labels = label && train.columns[label.name];
  const examples = { count: train.count, ...(labels && { labels }), ...(groups && { groups }) };
  const held = heldOf(source, { name, validation, test: test ? 0 : split.test });
  return drawPlaces(examples, held, { order, seed });
}

/** How many images are held out, which leaves one to train on. */
function heldOf(
  { train, test: own }: SourceData,
  { name, validation, test }: { name: string; validation: number | undefined; test: number | undefined },
): Held {
  const parts = own ? 1 : 2;
  if (train.count < parts + 1) {
    throw new VaeError(
      "usage",
      `${name} has ${counted(train.count, "training image")}, too few to hold out ` +
        `${own ? "one" : "one for test and one"} for validation and still train. ` +
        `It takes at least ${parts + 1}.`,
    );
  }
  const held = validation ?? Math.min(5000, Math.max(1, Math.floor(train.count / 10)));
  const forTest = own ? 0 : (test ?? held);
  if (held + forTest < train.count) return { validation: held, test: forTest };
  const most = test === undefined ? Math.floor((train.count - 1) / parts) : train.count - 1 - test;
  throw new VaeError(
    "usage",
    `dataset.validation is ${held}, but ${name} has ${train.count} training images` +
      `${own ? "" : `, of which ${test === undefined ? "as many again" : test} are held out for test`}: none would be left to train on. ` +
      (most < 1 ? `Set dataset.split.test to less than ${train.count - 1}.` : `Accepted: 1 to ${most}.`),
  );
}
