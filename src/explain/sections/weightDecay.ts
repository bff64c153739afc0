import type { WeightPosteriorConfig } from "../../model/weights/index.ts";
import { type Block, paragraph, type Section } from "../document.ts";
import { nats, number } from "../numbers.ts";
import { nameOf, type RowContext, type RowError } from "../rowReductions.ts";
import type { WeightTerms } from "../weightTerms.ts";

const LEARNED =
  "s is learned, one for each layer (empirical Bayes), and a kernel's follows from it: at its best s² is the mean of μ² + σ_w² over the " +
  "layer, a kernel's times its inputs if its s is divided by their root, so that the decay of a layer goes by the size of its weights. The table has s as it is now.";

const LEARNED_BESIDE_POINT =
  "s is learned, and beside a point that has no end: −log p(w) falls without bound as w and s go to 0 together. " +
  "model.weights.prior.learned false keeps it.";

/** What is said beside the formula of independent weights. */
const OF_POSTERIOR: Record<WeightPosteriorConfig["kind"], string> = {
  meanField: "",
  fullLastLayer: ". With a full covariance Σ the last is −½ log |2πe Σ|",
  mixture:
    ". Of a mixture of M networks it is the mean over them: above the KL of the mixture itself, as that is convex in q, by at most log M " +
    "nats for all rows together",
  point: "",
};

/** What the KL to N(0, s²) is beside L2, and the λ of it, with the numbers of the model. */
export function weightDecaySection(
  terms: WeightTerms,
  error: RowError | undefined,
  {
    rows: N,
    beta,
    target,
    posterior,
    learnsNoise,
    learnsPrior,
  }: RowContext & {
    readonly learnsNoise: boolean;
    readonly posterior: WeightPosteriorConfig["kind"];
    readonly learnsPrior: boolean;
  },
) {
  const isPoint = posterior === "point";
  const { groups, decay, spread, priorConstant, minusEntropy, rate } = terms;
  const layers = groups.map((group) => {
    const coefficient = beta / (2 * N * group.scale ** 2);
    return { ...group, coefficient, ...(error && { lambda: error.perStored * coefficient }) };
  });
  const words =
    error?.name === "MAE" ? { factor: "b", lambda: "bβ / 2N s²" } : { factor: "2σ²", lambda: "σ²β / N s²" };
  const steps = [
    isPoint
      ? {
          formula: "−log p(w) = Σ w² / 2s² + ½ Σ log 2πs²",
          because: "minus the logarithm of N(0, s²): L2, and a constant that moves no weight",
        }
      : {
          formula: "KL(q ‖ p(w)) = Σ μ² / 2s² + Σ σ_w² / 2s² + ½ Σ log 2πs² − ½ Σ log 2πe σ_w²",
          because:
            "q(w) = N(μ, σ_w²) for each weight: E_q[−log p(w)] less the entropy of q. The first is L2 of the means; the second and the " +
            "last, the entropy, are what plain weight decay lacks: they give each weight a width, σ_w, instead of a value" +
            OF_POSTERIOR[posterior],
        },
    {
      formula: `loss = −log p(y|x, w) + Σ w² · β / 2N s²${isPoint ? "" : " + …"}`,
      because: "the Nth part for each row",
    },
    ...(error
      ? [
          {
            formula: `loss · ${words.factor} = ${error.name} + λ Σ w²${isPoint ? "" : " + …"}, λ = ${words.lambda}`,
            because:
              `weight decay on the mean ${error.name === "MSE" ? "squared" : "absolute"} error of what is stored, with ${words.factor.replace("2", "")} in its units` +
              (learnsNoise ? ", as it is now" : ""),
          },
        ]
      : []),
  ];
  const blocks: Block[] = [
    { kind: "steps", steps },
    {
      kind: "table",
      head: ["weights", "number", "s", "β / 2N s²", ...(error ? [`λ on ${error.name}`] : []), "Σ μ²"],
      rows: layers.map(({ name, count, scale, coefficient, lambda, squares }) => [
        name,
        number(count),
        number(scale),
        number(coefficient),
        ...(lambda === undefined ? [] : [number(lambda)]),
        number(squares),
      ]),
    },
    ...(learnsPrior ? [paragraph(isPoint ? LEARNED_BESIDE_POINT : LEARNED)] : []),
    ...(error
      ? [
          paragraph(
            `λ is for standardised features and a target u = (y − m) / d, as the weights are; on ${error.name} in units of ${nameOf(target)} it is ` +
              `${error.name === "MSE" ? "d²" : "d"} = ${number(error.name === "MSE" ? error.per / error.perStored : error.per / error.perStored)} times that.`,
          ),
        ]
      : []),
    {
      kind: "table",
      head: ["", isPoint ? "−log p(w)" : "KL(q ‖ p(w))", "nats"],
      rows: [
        ["", isPoint ? "Σ w² / 2s²: weight decay" : "Σ μ² / 2s²: weight decay", nats(decay)],
        ...(isPoint ? [] : [["+", "Σ σ_w² / 2s²", nats(spread)]]),
        ["+", "½ Σ log 2πs²", nats(priorConstant)],
        ...(isPoint
          ? []
          : [
              [
                "+",
                `−½ ${posterior === "fullLastLayer" ? "log |2πe Σ|" : "Σ log 2πe σ_w²"}: minus the entropy of q`,
                nats(minusEntropy),
              ],
            ]),
        ["=", "all weights, all rows", nats(rate)],
        ["", `of each of N = ${number(N)} rows`, nats(rate / N, 4)],
      ],
    },
  ];
  return {
    title: isPoint ? "The prior as weight decay" : "The KL as weight decay, and what decay lacks",
    blocks,
    facts: {
      rows: N,
      beta,
      ...(error && { error: error.name, factor: error.perStored }),
      layers,
      terms: { decay, spread, priorConstant, minusEntropy, rate },
    },
  } satisfies Section;
}
