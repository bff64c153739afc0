import { lossFormula, type Objective } from "../objectives/objective.ts";

/** `E_q[−log p(x|z)] + β · KL(q(z|x) ‖ p(z))`: what an objective adds up, in formulas. */
export const writtenLoss = (objective: Objective, isBareLoss = false): string =>
  plain(lossFormula(objective, (name) => formulaOf(objective, name, isBareLoss)));

function formulaOf({ quantities }: Objective, name: string, isBareLoss: boolean): string {
  const { formula, ofBareLoss } = quantities.find((quantity) => quantity.name === name)!;
  return (isBareLoss && ofBareLoss?.formula) || formula;
}

/** Without the marks of subscripts. */
const plain = (formula: string) => formula.replaceAll(/\{sub\|(\w+)\}/g, "_$1");
