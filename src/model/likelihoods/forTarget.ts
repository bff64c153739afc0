import { VaeError } from "../../base/errors.ts";
import type { Field } from "../../data/field.ts";
import type { Support } from "../../data/support.ts";
import { type LikelihoodConfig, likelihoods } from "./index.ts";

/**
 * A likelihood for the target of a table: with scales in units of the file as those of what is stored, and with as many levels as
 * there are classes. Fails where it is no density for such a target, and names those that are.
 */
export function forTarget(config: LikelihoodConfig, target: Field): LikelihoodConfig {
  const { kind } = config;
  if (likelihoods.of(config).kindOf === "loss") {
    throw new VaeError(
      "usage",
      `The ${kind} is a loss and no density, and a posterior of weights needs one. Accepted for ${nameOf(target)}: ${accepted(target)}.`,
    );
  }
  const suited =
    kind === "categorical" && target.kind === "class" ? { ...config, levels: target.classCount } : config;
  if (!isFor(likelihoods.of(suited).support(suited), target)) {
    throw new VaeError(
      "usage",
      `The ${kind} likelihood is no density for ${nameOf(target)}, which is ${kindOf(target)}. Accepted: ${accepted(target)}.`,
    );
  }
  const deviation = target.kind === "class" ? undefined : target.standardized?.deviation[0];
  return deviation === undefined ? suited : inStoredUnits(suited, deviation);
}

/** A fixed scale is given in the units of the file. */
function inStoredUnits(config: LikelihoodConfig, deviation: number): LikelihoodConfig {
  const key = "sigma" in config ? "sigma" : "scale";
  const value = (config as Record<string, unknown>)[key];
  return typeof value === "number" ? { ...config, [key]: value / deviation } : config;
}

function isFor({ set }: Support, target: Field): boolean {
  switch (target.kind) {
    case "class":
      return set === "levels" || (set === "binary" && target.classCount === 2);
    case "count":
      return set === "real" || set === "counts";
    default:
      return set === "real";
  }
}

function accepted(target: Field): string {
  if (target.kind !== "class")
    return `gaussian, laplace, student-t, huber, gaussian-mixture${target.kind === "count" ? ", poisson" : ""}`;
  return target.classCount === 2 ? "bernoulli, categorical" : "categorical";
}

const nameOf = ({ valueNames, name }: Field) => valueNames?.[0] ?? name;

const kindOf = (target: Field) =>
  target.kind === "class"
    ? `a class of ${target.classCount}`
    : target.kind === "count"
      ? "a count"
      : "a real number";
