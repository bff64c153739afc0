/** The functions of `matmul.wat`, `adam.wat` and `elementwise.wat`. A call names one by its place here. */
export const functionNames = [
  "matmul",
  "adam",
  "add",
  "sub",
  "mul",
  "div",
  "neg",
  "abs",
  "square",
  "relu",
  "whereAboveZero",
  "exponential",
  "softplus",
  "tanh",
  "sumRows",
  "logBernoulli",
  "logBernoulliGrad",
  "transpose",
] as const;

export type SimdFunction = (typeof functionNames)[number];

/** A function with its parameters; the texts of the functions say what they are. */
export type SimdCall = readonly [name: SimdFunction, ...numbers: number[]];
