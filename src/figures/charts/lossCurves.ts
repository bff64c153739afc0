import { lossFormula, type Objective, settlesAfter } from "../../objectives/objective.ts";
import type { CurveQuantity, LossChartMeta } from "./lossChart.ts";

const minusElbo = (unit: string): CurveQuantity => ({
  name: "elbo",
  title: "−ELBO",
  formula: "distortion + rate",
  unit,
  sign: -1,
});

/**
 * What the chart of an objective shows: its loss, the bound at β = 1 where that is another, then its quantities but for one
 * that is the loss itself; without a latent that is all there is. A bare loss stands in the place of −log p(x|z): it is not called a distortion then, nor measured
 * in nats, and there is no bound.
 */
export function lossCurves(
  objective: Objective,
  isBareLoss: boolean,
): Pick<LossChartMeta, "controls" | "quantities"> {
  const { example = "image" } = objective;
  const nats = `nats per ${example}`;
  const bare = `per ${example}`;
  const parts = objective.quantities.map(({ name, ofBareLoss, ...density }) => {
    const words = (isBareLoss && ofBareLoss) || density;
    return {
      name,
      title: words.title,
      formula: words.formula,
      unit: isBareLoss && ofBareLoss ? bare : nats,
    };
  });
  const titleOf = (quantity: string) => parts.find(({ name }) => name === quantity)!.title.toLowerCase();
  const [only, ...others] = objective.loss;
  const own = others.length === 0 && only.times === undefined ? only.quantity : undefined;
  const isAll = own !== undefined && parts.length === 1;
  const bound = objective.bound !== undefined && !isBareLoss ? ` ${objective.bound}` : "";
  const formula = own
    ? objective.quantities.find(({ name }) => name === own)!.formula
    : lossFormula(objective, titleOf);
  const loss: CurveQuantity = {
    name: "loss",
    title: "Loss",
    formula: `${formula}${bound}`,
    unit: isBareLoss ? bare : nats,
  };
  const controls = Object.values(objective.controls).map(({ symbol, words }) => `${symbol} = ${words}`);
  return {
    quantities: [
      loss,
      ...(isBareLoss || isElboThroughout(objective) || isAll ? [] : [minusElbo(nats)]),
      ...parts.filter(({ name }) => name !== own),
    ],
    controls: controls.join(", "),
  };
}

/** Whether the loss is −ELBO at every step. */
const isElboThroughout = (objective: Objective) =>
  objective.bound === "= −ELBO" && settlesAfter(objective) === 0;
