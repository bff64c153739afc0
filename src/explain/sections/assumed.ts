import type { LikelihoodConfig } from "../../model/likelihoods/index.ts";
import { type Block, paragraph, type Section } from "../document.ts";
import { nats, number } from "../numbers.ts";

/** Ways to write an error, as −log p(x|y) with a scale and without its constant. */
interface Writing {
  readonly loss: string;
  readonly noise: string;
  /** The scale that makes it that. */
  readonly scale: number;
  /** What is then left out, in nats per image. */
  readonly dropped: number;
}

const familiar = {
  gaussian: {
    name: "MSE",
    noise: "ε ~ N(0, σ²I)",
    best: "σ² = the mean squared residual",
    writings: (D: number): Writing[] =>
      [
        { loss: "½ SSE", variance: 1, noise: "σ² = 1" },
        { loss: "SSE", variance: 0.5, noise: "σ² = ½" },
        { loss: "mean-MSE, SSE / D", variance: D / 2, noise: `σ² = D/2 = ${number(D / 2)}` },
      ].map(({ variance, ...words }) => ({
        ...words,
        scale: Math.sqrt(variance),
        dropped: (D / 2) * Math.log(2 * Math.PI * variance),
      })),
  },
  laplace: {
    name: "MAE",
    noise: "ε of a Laplace with scale b",
    best: "b = the mean absolute residual",
    writings: (D: number): Writing[] =>
      [
        { loss: "SAE", scale: 1, noise: "b = 1" },
        { loss: "mean-MAE, SAE / D", scale: D, noise: `b = D = ${number(D)}` },
      ].map((writing) => ({ ...writing, dropped: D * Math.log(2 * writing.scale) })),
  },
};

/** Of x = f(y) + ε, what noise the familiar loss takes for granted without saying so. */
export function assumedSection({ kind }: LikelihoodConfig, D: number) {
  const known = kind === "gaussian" || kind === "laplace" ? familiar[kind] : undefined;
  const writings = known?.writings(D) ?? [];
  const text = known
    ? [
        `x = f(y) + ε, ${known.noise}, independent for each value: then maximum likelihood is ${known.name}, and the weights are ` +
          `the same at any fixed scale. What the scale decides is the number: each way to write the error is −log p(x|y) at a ` +
          `scale that it does not name, less a constant.`,
        `A learned scale goes to ${known.best}, at which the likelihood is highest; then the number tells how well the noise is known.`,
      ]
    : [
        "The weights of lowest loss are those of highest likelihood under the noise above: x is f(y) with noise of that family. " +
          "With Gaussian noise of a fixed σ it would be MSE.",
      ];
  const blocks: Block[] = [
    paragraph(text[0]!),
    ...(writings.length > 0
      ? [
          {
            kind: "table",
            head: ["a loss written as", "assumes", "its scale", "leaves out, nats per image"],
            rows: writings.map(({ loss, noise, scale, dropped }) => [
              loss,
              noise,
              number(scale),
              nats(dropped),
            ]),
          } as const,
        ]
      : []),
    ...text.slice(1).map(paragraph),
  ];
  return { title: "Which noise is assumed", blocks, facts: { writings, text } } satisfies Section;
}
