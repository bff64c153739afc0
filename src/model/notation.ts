import type { Model } from "./model.ts";

/** What an example is called: an image, or the row of a table. */
export const exampleOf = ({ target }: Pick<Model, "target">): "image" | "row" =>
  target.show === "image" ? "image" : "row";

/**
 * The symbols of a model without a condition in those of this one, for formulas: of p(x|z), q(z|x) and p(z) with a
 * condition p(x|z, y), q(z|x, y) and p(z|y), and without a latent p(x|y); what the decoder gives alike, μ(z) as μ(z, y).
 */
export function notationOf({ given, inferred }: Pick<Model, "given" | "inferred">): (text: string) => string {
  if (inferred === "latents" && !given) return (text) => text;
  const rules = { latents: CONDITIONAL, nothing: WITHOUT_LATENT, weights: OF_WEIGHTS }[inferred];
  return (text) => rules.reduce((text, [symbol, replacement]) => text.replaceAll(symbol, replacement), text);
}

type Rules = readonly (readonly [RegExp, string])[];

const SHARED: Rules = [
  [/p\(x\)/g, "p(x|y)"],
  [/p\(x, ?z\)/g, "p(x,z|y)"],
];

const CONDITIONAL: Rules = [
  ...SHARED,
  [/\(z\|x\)/g, "(z|x, y)"],
  [/\(x\|z\)/g, "(x|z, y)"],
  [/\[x\|z\]/g, "[x|z, y]"],
  [/(?<![a-z])p\(z\)/g, "p(z|y)"],
  [/(?<![a-z])(\p{L}(?:_\p{L})?)\(z\)/gu, "$1(z, y)"],
  [/\bgiven z\b/g, "given z and y"],
];

const OF_WEIGHTS: Rules = [
  // The value itself, as in (x − μ)², is the target y.
  [/(?<!\p{L}|z\||p\()x(?!\p{L}|\|z)/gu, "y"],
  [/−ELBO/g, "−ELBO / N"],
  [/KL\(q\(z\|x\) ‖ p\(z\)\)/g, "KL(q(w) ‖ p(w)) / N"],
  [/−log p\(x\)/g, "−log p(D) / N"],
  [/p\(x\)/g, "p(D)"],
  [/q\(z\|x\)/g, "q(w)"],
  [/(?<![a-z])p\(z\)/g, "p(w)"],
  [/\(x\|z\)/g, "(y|x, w)"],
  [/\[x\|z\]/g, "[y|x, w]"],
  [/(?<![a-z])(\p{L}(?:_\p{L})?)\(z\)/gu, "$1(x)"],
];

const WITHOUT_LATENT: Rules = [
  ...SHARED,
  [/\(x\|z\)/g, "(x|y)"],
  [/\[x\|z\]/g, "[x|y]"],
  [/(?<![a-z])(\p{L}(?:_\p{L})?)\(z\)/gu, "$1(y)"],
  [/\bgiven z\b/g, "given y"],
];
