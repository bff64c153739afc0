import { codingsFor } from "../data/codings.ts";
import { likelihoodSchema, likelihoods } from "../model/likelihoods/index.ts";

/** The likelihoods as a Markdown table, for README.md; with their default settings. */
export function likelihoodTable(): string {
  const rows = [...likelihoods.members].map(([kind, { words, support }]) => {
    const codings = codingsFor(support(likelihoodSchema.parse({ kind })));
    const cells = [`\`${kind}\``, words.formula, words.familiar, codings.join(", ")];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [
    "| likelihood | log p(x\\|z) for one value | familiar loss | pixels, with default settings |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}
