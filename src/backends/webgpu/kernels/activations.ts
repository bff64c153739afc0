/** An activation f as WGSL on vec4f. Other activations of TensorFlow.js are left to the package. */
interface Formula {
  /** y = f(x) */
  readonly value: string;
  /** f′(x) in terms of y: it is y that is kept until then. */
  readonly slope: string;
}

const formulas = {
  linear: { value: "return x;", slope: "return vec4f(1.0);" },
  // Not by max(), which may turn NaN into 0 and so hide that a run diverges.
  relu: {
    value: "return select(x, vec4f(), x < vec4f());",
    slope: "return select(vec4f(), vec4f(1.0), y > vec4f());",
  },
  elu: {
    value: "return select(exp(x) - 1.0, x, x >= vec4f());",
    slope: "return select(y + 1.0, vec4f(1.0), y > vec4f());",
  },
  tanh: {
    value: "let e = exp(-2.0 * abs(x)); return sign(x) * (1.0 - e) / (1.0 + e);",
    slope: "return 1.0 - y * y;",
  },
  softplus: {
    // Where eˣ is beyond float32, or so small that 1 + eˣ is 1.
    value: "let e = exp(x); return select(select(log(1.0 + e), e, x < vec4f(-13.9)), x, x > vec4f(13.9));",
    slope: "return 1.0 - exp(-y);",
  },
} satisfies Record<string, Formula>;

export type Activation = keyof typeof formulas;

export const isActivation = (name: string): name is Activation => name in formulas;

/** WGSL: `fn name(x: vec4f) -> vec4f`. */
export const valueFunction = (name: string, activation: Activation) =>
  `fn ${name}(x: vec4f) -> vec4f { ${formulas[activation].value} }`;

/** WGSL: `fn name(y: vec4f) -> vec4f`. */
export const slopeFunction = (name: string, activation: Activation) =>
  `fn ${name}(y: vec4f) -> vec4f { ${formulas[activation].slope} }`;
