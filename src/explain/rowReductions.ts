import type { Field, Standardization } from "../data/field.ts";
import { huberLogNormaliser } from "../model/likelihoods/huber.ts";
import type { LikelihoodConfig } from "../model/likelihoods/index.ts";
import type { MeanConfig } from "../model/likelihoods/meanFunction.ts";
import { countComponents } from "../model/likelihoods/mixture.ts";
import type { ScaleConfig } from "../model/likelihoods/scale.ts";
import { studentLogNormaliser } from "../model/likelihoods/studentT.ts";
import type { Step } from "./document.ts";
import { nats, number } from "./numbers.ts";
import type { Reduction } from "./reductions/reduction.ts";

/** −log p(y|x, w) = error / per + what depends on no weight, with the scale as it is now. */
export interface RowError {
  /** The mean over rows of (y − μ)², or of |y − μ|. */
  readonly name: "MSE" | "MAE";
  /** 2σ² or b, in units of the file. */
  readonly per: number;
  /** The same of what is stored. */
  readonly perStored: number;
  readonly symbol: string;
}

/** How the familiar loss drops out of −log p(y|x, w) of one row. */
export interface RowReduction extends Pick<Reduction, "symbols" | "steps" | "dropped" | "terms"> {
  /** Absent where the loss is no such error. */
  readonly error?: RowError;
}

export interface RowContext {
  readonly target: Field;
  /** N */
  readonly rows: number;
  readonly beta: number;
  /** The standard deviation of the noise as it is now, in units of the file, where it is one number. */
  readonly sigma?: number;
  /** What is multiplied with β / N: the KL, or of a point −log p(w). */
  readonly rate: string;
}

/** What a target is called; numbers of it are in units of that. */
export const nameOf = ({ valueNames, name }: Field) => valueNames?.[0] ?? name;

/** m and d, where what is stored of the target is u = (y − m) / d. */
export const standardizationOf = (target: Field): Standardization | undefined =>
  target.kind === "class" ? undefined : target.standardized;

/** d; 1 where the target is stored as it is. */
export const deviationOf = (target: Field) => standardizationOf(target)?.deviation[0] ?? 1;

export function reduceRow(config: LikelihoodConfig, context: RowContext): RowReduction {
  switch (config.kind) {
    case "gaussian":
      return gaussian(config, context);
    case "laplace":
      return laplace(config, context);
    case "student-t": {
      const { df } = config;
      const c = studentLogNormaliser(df);
      return located(config, context, {
        s: "s",
        symbols: ["t = (y − μ) / s", `ν = ${number(df)} degrees of freedom`],
        steps: [
          {
            formula: "−log p(y|x, w) ≈ (y − μ)² / 2σ² + constant with σ² = s²ν / (ν + 1), near the mean",
            because: "log(1 + u) ≈ u for small u: squared error in the middle",
          },
          {
            formula: "−log p(y|x, w) ≈ (ν + 1) log |t|, far from it",
            because: "an outlier is charged its logarithm: beyond |t| = √ν it pulls less the farther it is",
          },
        ],
        error: "½ (ν + 1) log(1 + t²/ν)",
        constant: { formula: `c(ν) = c(${number(df)})`, nats: c },
      });
    }
    case "huber": {
      const logZ = huberLogNormaliser(config.delta);
      return located(config, context, {
        s: "s",
        symbols: ["t = (y − μ) / s", `δ = ${number(config.delta)}, in units of s`],
        steps: [
          {
            formula: "h(t) = (y − μ)² / 2s² up to |t| = δ, δ |y − μ| / s − ½δ² beyond",
            because: "a Gaussian with σ = s in the middle, a Laplace with b = s/δ in the tails: smooth L1",
          },
        ],
        error: "h(t)",
        constant: { formula: "log Z", nats: logZ },
      });
    }
    case "gaussian-mixture":
      return located(config, context, {
        s: "s",
        symbols: [`${countComponents(config.components)}; π = softmax of the network's weights for them`],
        steps: [
          {
            formula: "−log p(y|x, w) = softmin_k [ (y − μ_k)² / 2s² − log π_k ] + ½ log 2πs²",
            because:
              "softmin_k a_k = −log Σ_k exp(−a_k): the squared error to the component that explains the row, and the price of " +
              "choosing that one",
          },
        ],
        error:
          config.scale === "perPixel"
            ? "−log Σ_k π_k exp(−(y − μ_k)² / 2s_k²) / s_k"
            : "softmin_k [ (y − μ_k)² / 2s² − log π_k ]",
        constant: { formula: "½ log 2π", nats: HALF_LOG_TWO_PI },
      });
    case "poisson":
      return {
        symbols: ["λ = λ(x) = exp(f(x; w)), f the network's output: the mean of the count and its variance"],
        steps: [
          {
            formula: "−log p(y|x, w) = ½ deviance + what depends on y alone",
            because: "the deviance is 2 [ y log(y / λ) − (y − λ) ]: this is Poisson regression",
          },
        ],
        dropped: {
          formula: "log y!",
          meaning:
            "Tools that minimise λ − y log λ leave out log y!: the weights are the same, the number is no log-probability.",
        },
        terms: { error: "λ − y log λ", constant: "log y!" },
      };
    case "bernoulli":
      return classes(
        "p = sigmoid(f(x; w)), f the network's output: the probability of the second class",
        "BCE",
      );
    case "categorical":
      return classes("l = f(x; w): an output of the network for each class", "CE");
    default:
      throw new Error(`${config.kind} is no density for the target of a table`);
  }
}

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

function classes(symbol: string, familiar: "BCE" | "CE"): RowReduction {
  return {
    symbols: [symbol],
    steps: [
      {
        formula: `−log p(y|x, w) = ${familiar}`,
        because:
          "minus the logarithm of the probability of the right class is the cross-entropy of a classifier",
      },
    ],
    dropped: { formula: "0", nats: 0, meaning: "Nothing is dropped: cross-entropy is −log p in nats." },
    terms: { crossEntropy: familiar },
  };
}

function gaussian(
  { sigma, mean }: Extract<LikelihoodConfig, { kind: "gaussian" }>,
  context: RowContext,
): RowReduction {
  const { sigma: now } = context;
  const isOne = sigma !== "perPixel" && now !== undefined;
  const d = deviationOf(context.target);
  return {
    symbols: [location(mean, context.target), scaleSymbol("σ", sigma, now, context.target)],
    steps: [
      {
        formula: "−log p(y|x, w) = (y − μ)² / 2σ² + log σ + ½ log 2π",
        because: "minus the logarithm of the density of one target",
      },
      ...(isOne
        ? [
            ...errorSteps("MSE", "(y − μ)²", "2σ²", 2 * now ** 2, sigma, context, "½ log 2πσ²"),
            ...(sigma === "shared"
              ? [
                  {
                    formula: "at the best σ: σ² = MSE, −log p(y|x, w) = ½ log MSE + ½ (1 + log 2π)",
                    because: "the derivative by σ is 0 there: a learned σ turns the error into its logarithm",
                  },
                ]
              : []),
          ]
        : [ofNetwork("σ")]),
      ...storedSteps("σ", "(u − f)² / 2τ² + log τ + ½ log 2π", isOne ? now : undefined, context.target),
    ],
    dropped:
      typeof sigma === "number"
        ? {
            formula: "½ log 2πσ²",
            nats: 0.5 * Math.log(2 * Math.PI * sigma ** 2),
            meaning:
              `A tool that prints MSE / 2σ² leaves it out, and one that prints MSE does not say σ. Of standardised targets ` +
              `it is ½ log 2πτ² with τ = σ/d: then log d = ${nats(Math.log(d))} is missing too. It moves no weight, but without it no two ` +
              "σ, and no two units of y, can be compared.",
          }
        : learnedDropped("½ log 2π", HALF_LOG_TWO_PI, "σ", d),
    terms: {
      error: "(y − μ)² / 2σ²",
      logScale: `log ${inStored("σ", d)}`,
      constant: constantOf("½ log 2π", d),
    },
    ...(isOne && {
      error: { name: "MSE" as const, per: 2 * now ** 2, perStored: 2 * (now / d) ** 2, symbol: "2σ²" },
    }),
  };
}

function laplace(
  { scale, mean }: Extract<LikelihoodConfig, { kind: "laplace" }>,
  context: RowContext,
): RowReduction {
  const now = context.sigma === undefined ? undefined : context.sigma * Math.SQRT1_2;
  const isOne = scale !== "perPixel" && now !== undefined;
  const d = deviationOf(context.target);
  return {
    symbols: [location(mean, context.target), scaleSymbol("b", scale, now, context.target)],
    steps: [
      {
        formula: "−log p(y|x, w) = |y − μ| / b + log 2b",
        because: "minus the logarithm of the density of one target",
      },
      ...(isOne ? errorSteps("MAE", "|y − μ|", "b", now, scale, context, "log 2b") : [ofNetwork("b")]),
      ...storedSteps("b", "|u − f| / τ + log 2τ", isOne ? now : undefined, context.target),
    ],
    dropped:
      typeof scale === "number"
        ? {
            formula: "log 2b",
            nats: Math.log(2 * scale),
            meaning: `A tool that prints MAE / b leaves it out; of standardised targets it leaves out log d = ${nats(Math.log(d))} too.`,
          }
        : learnedDropped("log 2", Math.LN2, "b", d),
    terms: { error: "|y − μ| / b", logScale: `log ${inStored("b", d)}`, constant: constantOf("log 2", d) },
    ...(isOne && { error: { name: "MAE" as const, per: now, perStored: now / d, symbol: "b" } }),
  };
}

/** The other densities with a location and a scale. */
function located(
  config: { readonly scale: ScaleConfig; readonly mean: MeanConfig },
  { target }: RowContext,
  words: {
    s: string;
    symbols: readonly string[];
    steps: readonly Step[];
    error: string;
    constant: { formula: string; nats: number };
  },
): RowReduction {
  const { s, constant } = words;
  const d = deviationOf(target);
  const { scale, mean } = config;
  return {
    symbols: [...words.symbols, location(mean, target), scaleSymbol(s, scale, undefined, target)],
    steps: [
      ...words.steps,
      ...(scale === "perPixel" ? [ofNetwork(s)] : []),
      ...storedSteps(s, "the same of u with scale τ", undefined, target),
    ],
    dropped:
      typeof scale === "number"
        ? {
            formula: `log ${s} + ${constant.formula}`,
            nats: Math.log(scale) + constant.nats,
            meaning: `It moves no weight, but without it no two ${s} can be compared.`,
          }
        : learnedDropped(constant.formula, constant.nats, s, d),
    terms: {
      error: words.error,
      logScale: `log ${inStored(s, d)}`,
      constant: constantOf(constant.formula, d),
    },
  };
}

const learnedDropped = (formula: string, value: number, s: string, d: number) => ({
  formula,
  nats: value,
  meaning:
    `Only this part is constant. log ${s} is not: it is what keeps ${s} from growing without end. Tools that take standardised ` +
    `targets for the data leave out log d = ${nats(Math.log(d))} as well.`,
});

const inStored = (s: string, d: number) => (d === 1 ? s : `(${s} / d)`);
const constantOf = (formula: string, d: number) => (d === 1 ? formula : `${formula} + log d`);

function location(mean: MeanConfig, target: Field): string {
  const f = mean === "sigmoid" ? "f the sigmoid of the network's output" : "f the network's output";
  const standardized = standardizationOf(target);
  if (!standardized) return `μ = f(x; w), ${f}`;
  const [m, d] = [standardized.mean[0]!, standardized.deviation[0]!];
  return (
    `μ = m + d · f(x; w), ${f}; m = ${number(m)} and d = ${number(d)}, the mean and the deviation of ${nameOf(target)} over the training ` +
    "rows, so that the network sees u = (y − m) / d"
  );
}

function scaleSymbol(s: string, scale: ScaleConfig, now: number | undefined, target: Field): string {
  const unit = `in units of ${nameOf(target)}`;
  if (typeof scale === "number") return `${s} = ${number(scale)}, fixed, ${unit}`;
  if (scale === "perPixel") return `${s} = ${s}(x): a second output of the network`;
  return `${s}: one number, learned with the weights${now === undefined ? "" : `; now ${number(now)}`}, ${unit}`;
}

const ofNetwork = (s: string): Step => ({
  formula: `each error is divided by its own ${s}, and log ${s} is the price of a large one`,
  because: "the network says where it is unsure; no familiar loss does that, and nothing may be dropped",
});

function errorSteps(
  name: RowError["name"],
  error: string,
  per: string,
  value: number,
  scale: ScaleConfig,
  { rows, beta, rate }: RowContext,
  constant: string,
): Step[] {
  return [
    {
      formula: `−log p(y|x, w) = ${name} / ${per} + ${constant}, on average`,
      because: `${name} is the mean of ${error} over rows, and the scale is the same for all`,
    },
    ...(typeof scale === "number"
      ? [
          {
            formula: `loss · ${per} = ${name} + (${per} β / N) · ${rate} + constant = ${name} + ${number((value * beta) / rows)} · ${rate} + constant`,
            because: `a factor moves no minimum: ${name} with a penalty, and the penalty is divided by the N = ${number(rows)} rows`,
          },
        ]
      : []),
  ];
}

/** The change of variables from what is stored to what is in the file. */
function storedSteps(s: string, formula: string, now: number | undefined, target: Field): Step[] {
  const standardized = standardizationOf(target);
  if (!standardized) return [];
  const d = standardized.deviation[0]!;
  return [
    {
      formula: `−log p(y|x, w) = [ ${formula} ] + log d, τ = ${s} / d${now === undefined ? "" : ` = ${number(now / d)}`}`,
      because: `of y = m + d · u: p(y) = p(u) / d. log d = ${nats(Math.log(d))} makes it a density of ${nameOf(target)} in its own units`,
    },
  ];
}
