import type * as tf from "../../../tensors/tf.ts";
import { type Activation, slopeFunction } from "./activations.ts";

/** Rows, columns and inner dimension of the product that a shader computes, in WGSL. */
export const [M, N, K] = ["u32(attrs.rows)", "u32(attrs.columns)", "u32(attrs.depth)"];

/** WGSL: the address of what lies nowhere. It reads as 0, and nothing is written there. */
export const NONE = "0xffffffffu";

/** A matrix whose elements are somewhere in a tensor, for shaders that read or write four neighbours of a row at a time. */
export interface Matrix {
  readonly tensor: tf.TensorInfo;
  /** WGSL of `row` and `column`, which returns where in the tensor that element lies, or NONE. */
  readonly address: string;
  /** Whether four neighbours, from every fourth column on, lie side by side from a multiple of four on, or nowhere. */
  readonly packed: boolean;
}

/** A matrix to read. */
export interface Operand extends Matrix {
  /** Multiplies each element with f′ at the element of y in the same place. */
  readonly slope?: { readonly activation: Activation; readonly y: tf.TensorInfo };
  /** A column of ones behind the others, by its number in WGSL. */
  readonly ones?: string;
}

/** An operand of nothing but ones, to sum up the rows of the other. */
export const ONES = "ones";

/** The numbers of an operand, wherever they lie. */
export type Source = Pick<Operand, "tensor" | "slope">;

/** A gradient dy of y = f(x), as one of x. */
export const throughActivation = (dy: tf.TensorInfo, activation: Activation, y: tf.TensorInfo): Source =>
  activation === "linear" ? { tensor: dy } : { tensor: dy, slope: { activation, y } };

/** A matrix as tensors have it: row by row. The numbers of rows and columns are WGSL, `width` is the number of columns. */
export const rowMajor = (source: Source, rows: string, columns: string, width: number): Operand => ({
  ...source,
  address: `
    if (row >= ${rows} || column >= ${columns}) { return ${NONE}; }
    return row * ${columns} + column;`,
  packed: width % 4 === 0,
});

/** A vector as a matrix whose rows are all the same. */
export const repeated = (tensor: tf.TensorInfo): Matrix => ({
  tensor,
  address: "return column;",
  packed: tensor.shape.at(-1)! % 4 === 0,
});

/** A tensor with the name that it is bound to in a shader. */
export interface Binding {
  readonly name: string;
  readonly tensor: tf.TensorInfo;
  readonly packed: boolean;
}

/** WGSL: `fn name(row: u32, column: u32) -> vec4f`, the elements from `column` on, with what it reads. */
export function reader(name: string, operand: Operand | typeof ONES): { bindings: Binding[]; code: string } {
  if (operand === ONES) {
    return { bindings: [], code: `fn ${name}(row: u32, column: u32) -> vec4f { return vec4f(1.0); }` };
  }
  const { tensor, packed, slope, ones } = operand;
  const values = `${name}Values`;
  const bindings = [{ name: values, tensor, packed }];
  const parts = [addressFunction(name, operand), gather(`${name}At`, values, name, packed, ones)];
  let result = `${name}At(row, column)`;
  if (slope) {
    const y = `${name}Y`;
    bindings.push({ name: y, tensor: slope.y, packed });
    parts.push(slopeFunction(`${name}Slope`, slope.activation), gather(`${y}At`, y, name, packed));
    result += ` * ${name}Slope(${y}At(row, column))`;
  }
  parts.push(`fn ${name}(row: u32, column: u32) -> vec4f { return ${result}; }`);
  return { bindings, code: parts.join("\n") };
}

/** WGSL: `fn name(row: u32, column: u32, value: vec4f)`, which writes the elements from `column` on. */
export function writer(name: string, matrix: Matrix): { binding: Binding; code: string } {
  const { tensor, packed } = matrix;
  const values = `${name}Values`;
  const write = packed
    ? `let at = ${name}Address(row, column);
       if (at != ${NONE}) { ${values}[at / 4u] = value; }`
    : `for (var i = 0u; i < 4u; i++) {
         let at = ${name}Address(row, column + i);
         if (at != ${NONE}) { ${values}[at] = value[i]; }
       }`;
  return {
    binding: { name: values, tensor, packed },
    code: `${addressFunction(name, matrix)}
    fn ${name}(row: u32, column: u32, value: vec4f) { ${write} }`,
  };
}

const addressFunction = (name: string, { address }: Matrix) =>
  `fn ${name}Address(row: u32, column: u32) -> u32 { ${address} }`;

/** WGSL: `fn name(row: u32, column: u32) -> vec4f` of the elements of `values` at the addresses of `matrix`. */
function gather(name: string, values: string, matrix: string, packed: boolean, ones?: string): string {
  if (packed) {
    return `
    fn ${name}(row: u32, column: u32) -> vec4f {
      ${ones ? `if (column == ${ones}) { return vec4f(1.0, 0.0, 0.0, 0.0); }` : ""}
      let at = ${matrix}Address(row, column);
      if (at == ${NONE}) { return vec4f(); }
      return ${values}[at / 4u];
    }`;
  }
  const one = `${name}One`;
  return `
  fn ${one}(row: u32, column: u32) -> f32 {
    ${ones ? `if (column == ${ones}) { return 1.0; }` : ""}
    let at = ${matrix}Address(row, column);
    if (at == ${NONE}) { return 0.0; }
    return ${values}[at];
  }
  fn ${name}(row: u32, column: u32) -> vec4f {
    var values: vec4f;
    for (var i = 0u; i < 4u; i++) { values[i] = ${one}(row, column + i); }
    return values;
  }`;
}
