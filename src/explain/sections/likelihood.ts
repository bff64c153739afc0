import { codingsFor, describeMeasure, levelsOf, type PixelCoding } from "../../data/codings.ts";
import { type Field, fieldSize, whiteOf } from "../../data/field.ts";
import { type LikelihoodConfig, likelihoods } from "../../model/likelihoods/index.ts";
import { formulaOf } from "../../model/likelihoods/likelihood.ts";
import { list, paragraph, type Section } from "../document.ts";
import type { Reduction } from "../reductions/reduction.ts";

/** log p(x|z), its base measure, and the data it is a density for. */
export function likelihoodSection(
  config: LikelihoodConfig,
  reduction: Reduction,
  data: { name: string; field: Field; pixels: string; coding: PixelCoding },
) {
  const family = likelihoods.of(config);
  const support = family.support(config);
  const accepted = codingsFor(support);
  const D = fieldSize(data.field);
  const resolved = data.pixels === "auto" ? `\`auto\`, which is ${data.coding} here` : data.coding;
  const isLoss = family.kindOf === "loss";
  const formula = [formulaOf(family), ...reduction.details];
  return {
    title: isLoss ? "The loss, which is no likelihood" : "The likelihood",
    blocks: [
      { kind: "formula", lines: formula },
      list(
        ...reduction.symbols,
        isLoss
          ? "base measure: none, as it is no density"
          : `base measure: ${describeMeasure(support)}; numbers on different measures are not comparable`,
        `pixels: ${resolved} (${describeCoding(data.coding, whiteOf(data.field))}); ${isLoss ? "taken" : "a density"} for ${accepted.join(", ")}`,
        `data: ${data.name}, ${data.field.shape.join("x")}, so D = ${D} values per image`,
      ),
      ...(isLoss
        ? [
            paragraph(
              "A loss that no density belongs to: no ELBO, no NLL and no bits/dim are printed for it.",
            ),
          ]
        : []),
    ],
    facts: {
      kind: config.kind,
      kindOf: family.kindOf,
      formula,
      symbols: reduction.symbols,
      ...(isLoss ? {} : { baseMeasure: describeMeasure(support) }),
      pixels: { asked: data.pixels, resolved: data.coding, accepted },
      dataset: data.name,
      imageShape: data.field.shape,
      D,
    },
  } satisfies Section;
}

/** How a level v of 0 … `white` becomes x. */
function describeCoding(coding: PixelCoding, white: number): string {
  switch (coding) {
    case "binary-dynamic":
      return `x is 1 with probability v/${white}, drawn anew for each batch`;
    case "binary-static":
      return `x is 1 with probability v/${white}, drawn once for all runs`;
    case "binary-threshold":
      return `x is 1 where v ≥ ${Math.ceil((white + 1) / 2)}`;
    case "gray":
      return `x = v / ${white}`;
    case "gray-dequantized":
      return `x = (v + u) / ${white + 1}, u uniform on [0, 1)`;
    default: {
      const K = levelsOf(coding);
      return `x = k / ${K - 1}, k = ⌊v · ${K} / ${white + 1}⌋`;
    }
  }
}
