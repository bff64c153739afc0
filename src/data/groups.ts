import { posix } from "node:path";
import { VaeError } from "../base/errors.ts";

/** How images of names are grouped, as `dataset.split` says it. */
export interface Grouping {
  readonly order: string;
  readonly by?: string | undefined;
}

/**
 * The group of each name: what the brackets of the pattern `by` have of it, or all that the pattern finds where it has no
 * brackets; without a pattern, its folder. Undefined where nothing is grouped.
 */
export function groupsOf(names: readonly string[], { order, by }: Grouping): string[] | undefined {
  if (order !== "group") return undefined;
  if (by === undefined) return names.map((name) => posix.dirname(name));
  const pattern = patternOf(by);
  const left: string[] = [];
  const groups = names.map((name) => {
    const found = pattern.exec(name);
    if (!found) left.push(name);
    const [all, ...brackets] = found ?? [""];
    return brackets.length === 0 ? all : JSON.stringify(brackets);
  });
  if (left.length === 0) return groups;
  throw new VaeError(
    "usage",
    `dataset.split.by is ${by}, which is not in ${left.length} of ${names.length} names: ${left.slice(0, 3).join(", ")}` +
      `${left.length > 3 ? ", …" : ""}. Accepted: a pattern that each image's name has, its folders with it.`,
  );
}

function patternOf(by: string): RegExp {
  try {
    return new RegExp(by, "u");
  } catch (error) {
    throw new VaeError(
      "usage",
      `dataset.split.by is ${by}, which is no regular expression (${(error as Error).message}). ` +
        "Accepted: such as ^(.*)_[0-9]+ for what comes before the number of a frame.",
    );
  }
}
