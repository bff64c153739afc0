import { counted } from "../../base/counted.ts";
import { describeMeasure } from "../../data/codings.ts";
import { type Field, fieldSize } from "../../data/field.ts";
import { type LikelihoodConfig, likelihoods, supportOf } from "../../model/likelihoods/index.ts";
import { formulaOf } from "../../model/likelihoods/likelihood.ts";
import { list, type Section } from "../document.ts";
import { nameOf, type RowReduction } from "../rowReductions.ts";

/** log p(y|x, w), its base measure, and the target it is a density for. */
export function rowLikelihoodSection(
  config: LikelihoodConfig,
  { symbols }: RowReduction,
  data: {
    readonly name: string;
    readonly rows: number;
    readonly features: Field;
    readonly target: Field;
    inSymbols(text: string): string;
  },
) {
  const { features, target } = data;
  const formula = data.inSymbols(formulaOf(likelihoods.of(config)));
  const baseMeasure = describeMeasure(supportOf(config), target);
  const F = fieldSize(features);
  return {
    title: "The likelihood",
    blocks: [
      { kind: "formula", lines: [formula] },
      list(
        ...symbols,
        `base measure: ${baseMeasure}; numbers on different measures are not comparable`,
        `data: ${data.name}, N = ${data.rows} training rows of ${counted(F, "feature")} x, target y = ${nameOf(target)}`,
      ),
    ],
    facts: {
      kind: config.kind,
      kindOf: "density",
      formula,
      symbols,
      baseMeasure,
      dataset: data.name,
      rows: data.rows,
      features: F,
      target: nameOf(target),
      ...(target.kind !== "class" && target.standardized
        ? {
            standardized: { mean: target.standardized.mean[0], deviation: target.standardized.deviation[0] },
          }
        : {}),
    },
  } satisfies Section;
}
