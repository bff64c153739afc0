import * as tf from "../../../tensors/tf.ts";
import {
  constant,
  converted,
  createNode,
  type ElementType,
  inSteps,
  map,
  type Node,
  type Operation,
  type Reduction,
  reshaped,
  sizeOf,
} from "./expression.ts";
import { u32 } from "./index.ts";

/** A tensor as a kernel of TensorFlow.js is given it; the node has the same shape and type. */
export interface Operand {
  readonly node: Node;
  readonly shape: number[];
  readonly dtype: tf.DataType;
}

/** What a kernel gives. */
export interface Outcome {
  readonly node: Node;
  readonly dtype: tf.DataType;
}

export interface Call {
  /** In the order in which the kernel has them, or by name. */
  readonly inputs: Readonly<Record<string, Operand>>;
  // biome-ignore lint/suspicious/noExplicitAny: each kernel has attributes of its own
  readonly attrs: any;
}

/** A kernel as an expression; undefined where it has none, for some dtype say, and is left to the backend. */
type Build = (call: Call) => Outcome | Outcome[] | undefined;

export const elementType = (dtype: tf.DataType): ElementType => (dtype === "float32" ? "f32" : "i32");

/** Of float32, to the same. The formulas are those of the package's shaders, for what is not finite too. */
const unary =
  (code: (a: string) => string, helper?: string): Build =>
  ({ inputs: { x } }) => {
    if (x!.dtype !== "float32") return undefined;
    return { node: map(operation(code, helper), [x!.node], x!.shape, "f32"), dtype: "float32" };
  };

const operation = (code: Operation["code"], helper?: string): Operation => ({
  code,
  ...(helper && { helper }),
});

/** Of two tensors that are broadcast; whole numbers only where `whole` says that the code is right for them. */
const binary =
  (
    code: (a: string, b: string) => string,
    { helper, whole = false }: { helper?: string; whole?: boolean } = {},
  ): Build =>
  ({ inputs }) => {
    const { a, b } = inputs as Record<"a" | "b", Operand>;
    const dtype = tf.upcastType(a.dtype, b.dtype);
    if (dtype !== "float32" && !(whole && dtype === "int32")) return undefined;
    const type = elementType(dtype);
    const args = [converted(a.node, type), converted(b.node, type)];
    return { node: map(operation(code, helper), args, broadcastShape(a, b), type), dtype };
  };

const broadcastShape = (a: Operand, b: Operand) =>
  tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);

/** To truth values. */
const comparison =
  (operator: string): Build =>
  ({ inputs }) => {
    const { a, b } = inputs as Record<"a" | "b", Operand>;
    const compare = operation((a, b) => `i32(${a} ${operator} ${b})`);
    const type = elementType(tf.upcastType(a.dtype, b.dtype));
    const args = [converted(a.node, type), converted(b.node, type)];
    return { node: map(compare, args, broadcastShape(a, b), "i32"), dtype: "bool" };
  };

const logical =
  (operator: string): Build =>
  ({ inputs }) => {
    const { a, b } = inputs as Record<"a" | "b", Operand>;
    const node = map(
      operation((a, b) => `(${a} ${operator} ${b})`),
      [a.node, b.node],
      broadcastShape(a, b),
      "i32",
    );
    return { node, dtype: "bool" };
  };

/** Not a number where one of the two is not. */
const extreme = (name: "max" | "min") =>
  `fn ${name}OrNan(a: f32, b: f32) -> f32 { return select(select(${name}(a, b), a, isNan(a)), b, isNan(b)); }`;

const sum: Reduction = { initial: (type) => `${type}(0)`, combine: (a, b) => `${a} + ${b}` };
const product: Reduction = { initial: (type) => `${type}(1)`, combine: (a, b) => `${a} * ${b}` };
const greatest: Reduction = {
  initial: () => "-bitcast<f32>(infinityBits)",
  combine: (a, b) => `maxOrNan(${a}, ${b})`,
  helper: extreme("max"),
};
const least: Reduction = {
  initial: () => "bitcast<f32>(infinityBits)",
  combine: (a, b) => `minOrNan(${a}, ${b})`,
  helper: extreme("min"),
};

function reduced(node: Node, axes: readonly number[], reduction: Reduction): Node {
  const shape = node.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  if (sizeOf(shape) === sizeOf(node.shape)) return node;
  return inSteps(createNode({ kind: "reduce", args: [node], axes, reduction }, shape, node.type));
}

const reduction =
  (reduction: Reduction, mean = false): Build =>
  ({ inputs: { x }, attrs: { reductionIndices, axis = reductionIndices, keepDims } }) => {
    const dtype = reduction === sum && !mean && x!.dtype !== "float32" ? "int32" : "float32";
    if (dtype === "float32" && x!.dtype !== "float32" && !mean) return undefined;
    const axes = tf.util.parseAxisParam(axis, x!.shape);
    const given = converted(x!.node, elementType(dtype));
    const total = reduced(given, axes, reduction);
    const count = sizeOf(x!.shape) / sizeOf(total.shape);
    const node = mean ? divided(total, count) : total;
    const kept = x!.shape.filter((_, i) => !axes.includes(i));
    return { node: reshaped(node, keepDims ? total.shape : kept), dtype };
  };

const divided = (node: Node, by: number) =>
  map(
    operation((a, b) => `${a} / ${b}`),
    [node, constant(by, [], "f32")],
    node.shape,
    "f32",
  );

const elementwise = (code: Operation["code"], shape: readonly number[], ...args: Node[]) =>
  map(operation(code), args, shape, "f32");

const softmax: Build = ({ inputs: { logits }, attrs: { dim } }) => {
  const { shape, dtype } = logits!;
  if (dtype !== "float32") return undefined;
  const axis = dim < 0 ? dim + shape.length : dim;
  const a = logits!.node;
  const high = reduced(a, [axis], greatest);
  const e = elementwise((a, high) => `exp(${a} - ${high})`, shape, a, high);
  return { node: elementwise((a, b) => `${a} / ${b}`, shape, e, reduced(e, [axis], sum)), dtype };
};

const cast: Build = ({ inputs: { x }, attrs: { dtype } }) => {
  if (dtype === "float32") return undefined; // costs nothing
  if (dtype === "int32") {
    const whole = operation((a) => `i32(${a})`);
    return x!.dtype === "float32" ? { node: map(whole, [x!.node], x!.shape, "i32"), dtype } : undefined;
  }
  if (dtype !== "bool") return undefined;
  const isSet = operation((a) => `i32(f32(${a}) != 0.0)`);
  return { node: map(isSet, [x!.node], x!.shape, "i32"), dtype };
};

const select: Build = ({ inputs }) => {
  const { condition, t, e } = inputs as Record<"condition" | "t" | "e", Operand>;
  if (condition.shape.join() !== t.shape.join() || e.shape.join() !== t.shape.join()) return undefined;
  const dtype = tf.upcastType(t.dtype, e.dtype);
  const type = elementType(dtype);
  const choose = operation((c, a, b) => `select(${b}, ${a}, ${c} >= 1)`);
  const args = [converted(condition.node, "i32"), converted(t.node, type), converted(e.node, type)];
  return { node: map(choose, args, t.shape, type), dtype };
};

const clip: Build = ({ inputs: { x }, attrs: { clipValueMin, clipValueMax } }) => {
  if (x!.dtype !== "float32") return undefined;
  const bounds = [clipValueMin, clipValueMax].map((bound: number) => constant(bound, [], "f32"));
  const code = operation((a, low, high) => `select(clamp(${a}, ${low}, ${high}), ${a}, isNan(${a}))`);
  return { node: map(code, [x!.node, ...bounds], x!.shape, "f32"), dtype: "float32" };
};

const step: Build = ({ inputs: { x }, attrs: { alpha } }) => {
  if (x!.dtype !== "float32") return undefined;
  const code = operation((a, below) => `select(select(${below}, 1.0, ${a} > 0.0), ${a}, isNan(${a}))`);
  return { node: map(code, [x!.node, constant(alpha, [], "f32")], x!.shape, "f32"), dtype: "float32" };
};

const addN: Build = ({ inputs }) => {
  const all = Object.values(inputs);
  const [{ shape, dtype }] = all as [Operand];
  if (dtype !== "float32") return undefined;
  const node = all
    .map(({ node }) => node)
    .reduce((a, b) => elementwise((a, b) => `${a} + ${b}`, shape, a, b));
  return { node, dtype };
};

const eluGrad: Build = ({ inputs }) => {
  const { dy, y } = inputs as Record<"dy" | "y", Operand>;
  const code = (a: string, b: string) => `select(${a} * (${b} + 1.0), ${a}, ${b} >= ${b} - ${b})`;
  return { node: elementwise(code, dy.shape, dy.node, y.node), dtype: "float32" };
};

type View = Extract<Node["form"], { kind: "view" }>;

/** A part of a tensor. */
function part(node: Node, begin: readonly number[], size: readonly number[]): Node {
  if (node.form.kind === "constant") return constant(node.form.value, size, node.type);
  const source: View["source"] = (writer, dims) => ({
    dims: dims.map((dim, i) => writer.add(dim, u32(begin[i]!))),
  });
  return createNode({ kind: "view", args: [node], source }, size, node.type);
}
const slice: Build = ({ inputs: { x }, attrs }) => {
  const [begin, size] = tf.slice_util.parseSliceParams(x as unknown as tf.Tensor, attrs.begin, attrs.size);
  return { node: part(x!.node, begin!, size!), dtype: x!.dtype };
};

const splitV: Build = ({ inputs: { x }, attrs: { numOrSizeSplits, axis } }) => {
  const { shape, dtype } = x!;
  const [along] = tf.util.parseAxisParam(axis, shape);
  const sizes = tf.backend_util.prepareSplitSize(x as unknown as tf.Tensor, numOrSizeSplits, along!);
  let start = 0;
  return sizes.map((size) => {
    const begin = shape.map((_, i) => (i === along ? start : 0));
    start += size;
    return { node: part(x!.node, begin, shape.with(along!, size)), dtype };
  });
};

const unpack: Build = ({ inputs: { value }, attrs: { axis } }) => {
  const { shape, dtype } = value!;
  const [along] = tf.util.parseAxisParam(axis, shape);
  const node = value!.node;
  return Array.from({ length: shape[along!]! }, (_, k) => {
    const begin = shape.map((_, i) => (i === along ? k : 0));
    return { node: reshaped(part(node, begin, shape.with(along!, 1)), shape.toSpliced(along!, 1)), dtype };
  });
};

function concatenated(parts: readonly Operand[], axis: number): Outcome | undefined {
  const present = parts.filter(({ shape }) => sizeOf(shape) > 0);
  const [{ shape, dtype }] = present as [Operand];
  if (present.some((part) => part.dtype !== dtype)) return undefined;
  const args = present.map(({ node }) => node);
  const length = present.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const form = { kind: "concat", args, axis } as const;
  return { node: createNode(form, shape.with(axis, length), elementType(dtype)), dtype };
}

const concat: Build = ({ inputs, attrs: { axis } }) => {
  const parts = Object.values(inputs);
  const [along] = tf.util.parseAxisParam(axis, parts[0]!.shape);
  return concatenated(parts, along!);
};

const pack: Build = ({ inputs, attrs: { axis } }) => {
  const parts = Object.values(inputs);
  const along = axis < 0 ? axis + parts[0]!.shape.length + 1 : axis;
  return concatenated(
    parts.map(({ node, shape, dtype }) => {
      const expanded = shape.toSpliced(along, 0, 1);
      return { node: reshaped(node, expanded), shape: expanded, dtype };
    }),
    along,
  );
};

const pad: Build = ({ inputs: { x }, attrs: { paddings, constantValue } }) => {
  const { shape, dtype } = x!;
  const before = (paddings as [number, number][]).map(([first]) => first);
  const source: View["source"] = (writer, dims) => {
    const shifted = dims.map((dim, i) => writer.minus(dim, before[i]!));
    const inside = shifted.map(({ code }, i) => `${code} < ${shape[i]}u`).join(" && ");
    const clamped = shifted.map((dim, i) => writer.name(`min(${dim.code}, ${shape[i]! - 1}u)`, [dim]));
    return { dims: clamped, inside: writer.name(inside, shifted) };
  };
  const size = shape.map((size, i) => size + paddings[i][0] + paddings[i][1]);
  const args = [x!.node] as const;
  const form = { kind: "view", args, source, outside: constantValue } as const;
  return { node: createNode(form, size, elementType(dtype)), dtype };
};

const transpose: Build = ({ inputs: { x }, attrs: { perm } }) => {
  const { shape, dtype } = x!;
  const order = perm as number[];
  const source: View["source"] = (_, dims) => ({ dims: order.map((_, axis) => dims[order.indexOf(axis)]!) });
  const args = [x!.node] as const;
  const node = createNode(
    { kind: "view", args, source },
    order.map((axis) => shape[axis]!),
    elementType(dtype),
  );
  return { node, dtype };
};

const tile: Build = ({ inputs: { x }, attrs: { reps } }) => {
  const { shape, dtype } = x!;
  const source: View["source"] = (writer, dims) => ({
    dims: dims.map((dim, i) => writer.modulo(dim, shape[i]!)),
  });
  const args = [x!.node] as const;
  const size = shape.map((size, i) => size * reps[i]);
  return { node: createNode({ kind: "view", args, source }, size, elementType(dtype)), dtype };
};

const filled =
  (value: (attrs: Call["attrs"]) => number): Build =>
  ({ inputs: { x }, attrs }) => {
    const dtype = x?.dtype ?? attrs.dtype ?? "float32";
    return { node: constant(value(attrs), x?.shape ?? attrs.shape, elementType(dtype)), dtype };
  };

const linSpace: Build = ({ attrs: { start, stop, num } }) => {
  const by = (stop - start) / (num - 1);
  const args = [constant(start, [], "f32"), constant(by, [], "f32")];
  const code = operation((first, by, place) => `${first} + f32(${place}) * ${by}`);
  return { node: createNode({ kind: "last", args, operation: code }, [num], "f32"), dtype: "float32" };
};

const range: Build = ({ attrs: { start, stop, step, dtype } }) => {
  if (dtype !== "int32" || (stop - start) * step <= 0) return undefined;
  const args = [constant(start, [], "i32"), constant(step, [], "i32")];
  const code = operation((first, by, place) => `${first} + i32(${place}) * ${by}`);
  return {
    node: createNode({ kind: "last", args, operation: code }, [Math.ceil((stop - start) / step)], "i32"),
    dtype,
  };
};

const oneHot: Build = ({ inputs: { indices }, attrs: { dtype, depth, onValue, offValue } }) => {
  const type = elementType(dtype);
  const values = [onValue, offValue].map((value: number) => constant(value, [], type));
  const code = operation((at, on, off, place) => `select(${off}, ${on}, ${at} == i32(${place}))`);
  const args = [converted(indices!.node, "i32"), ...values];
  return {
    node: createNode({ kind: "last", args, operation: code }, [...indices!.shape, depth], type),
    dtype,
  };
};

const gather: Build = ({ inputs, attrs: { axis, batchDims = 0 } }) => {
  const { x, indices } = inputs as Record<"x" | "indices", Operand>;
  const [along] = tf.util.parseAxisParam(axis, x.shape);
  const batch = batchDims < 0 ? batchDims + indices.shape.length : batchDims;
  const places = converted(indices.node, "i32");
  const shape = [...x.shape.slice(0, along), ...indices.shape.slice(batch), ...x.shape.slice(along! + 1)];
  const args = [x.node, places] as const;
  return {
    node: createNode({ kind: "gather", args, axis: along!, batch }, shape, x.node.type),
    dtype: x.dtype,
  };
};

const SOFTPLUS = `fn softplus(a: f32) -> f32 {
  let threshold = log(1.1920928955078125e-7) + 2.0;
  let e = exp(a);
  return select(select(log(e + 1.0), e, a < threshold), a, a > -threshold);
}`;
const TANH = `fn tanhOf(a: f32) -> f32 {
  let e = exp(-2.0 * abs(a));
  return sign(a) * (1.0 - e) / (1.0 + e);
}`;
const POWER = `fn power(a: f32, b: f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  let magnitude = pow(abs(a), b);
  let value = select(sign(a) * magnitude, magnitude, round(abs(b) % 2.0) != 1.0);
  let isInvalid = (a < 0.0 && floor(b) < b) || isNan(a) || isNan(b);
  return select(value, bitcast<f32>(nanBits), isInvalid);
}`;

/** The kernels of TensorFlow.js that are expressions. */
export const operations: Readonly<Record<string, Build>> = {
  [tf.Abs]: unary((a) => `abs(${a})`),
  [tf.Ceil]: unary((a) => `ceil(${a})`),
  [tf.Elu]: unary((a) => `select(exp(${a}) - 1.0, ${a}, ${a} >= 0.0)`),
  [tf.Exp]: unary((a) => `exp(${a})`),
  [tf.Expm1]: unary((a) => `exp(${a}) - 1.0`),
  [tf.Floor]: unary((a) => `floor(${a})`),
  [tf.Log]: unary((a) => `select(log(${a}), bitcast<f32>(nanBits), ${a} < 0.0)`),
  [tf.Log1p]: unary((a) => `select(log(1.0 + ${a}), ${a}, isNan(${a}))`),
  [tf.Neg]: unary((a) => `-${a}`),
  [tf.Reciprocal]: unary((a) => `1.0 / ${a}`),
  [tf.Relu]: unary((a) => `select(${a}, 0.0, ${a} < 0.0)`),
  [tf.Round]: unary((a) => `round(${a})`),
  [tf.Rsqrt]: unary((a) => `inverseSqrt(${a})`),
  [tf.Sigmoid]: unary((a) => `1.0 / (1.0 + exp(-1.0 * ${a}))`),
  [tf.Sign]: unary((a) => `sign(${a})`),
  [tf.Softplus]: unary((a) => `softplus(${a})`, SOFTPLUS),
  [tf.Sqrt]: unary((a) => `sqrt(${a})`),
  [tf.Square]: unary((a) => `${a} * ${a}`),
  [tf.Tanh]: unary((a) => `tanhOf(${a})`, TANH),

  [tf.Add]: binary((a, b) => `${a} + ${b}`, { whole: true }),
  [tf.Maximum]: binary((a, b) => `maxOrNan(${a}, ${b})`, { helper: extreme("max") }),
  [tf.Minimum]: binary((a, b) => `minOrNan(${a}, ${b})`, { helper: extreme("min") }),
  [tf.Multiply]: binary((a, b) => `${a} * ${b}`, { whole: true }),
  [tf.Pow]: binary((a, b) => `power(${a}, ${b})`, { helper: POWER }),
  [tf.RealDiv]: binary((a, b) => `${a} / ${b}`),
  [tf.SquaredDifference]: binary((a, b) => `(${a} - ${b}) * (${a} - ${b})`),
  [tf.Sub]: binary((a, b) => `${a} - ${b}`, { whole: true }),

  [tf.Equal]: comparison("=="),
  [tf.Greater]: comparison(">"),
  [tf.GreaterEqual]: comparison(">="),
  [tf.Less]: comparison("<"),
  [tf.LessEqual]: comparison("<="),
  [tf.NotEqual]: comparison("!="),
  [tf.LogicalAnd]: logical("&"),
  [tf.LogicalOr]: logical("|"),

  [tf.AddN]: addN,
  [tf.Cast]: cast,
  [tf.ClipByValue]: clip,
  [tf.EluGrad]: eluGrad,
  [tf.Select]: select,
  [tf.Softmax]: softmax,
  [tf.Step]: step,

  [tf.Concat]: concat,
  [tf.Fill]: filled(({ value }) => value),
  [tf.GatherV2]: gather,
  [tf.LinSpace]: linSpace,
  [tf.OneHot]: oneHot,
  [tf.OnesLike]: filled(() => 1),
  [tf.Pack]: pack,
  [tf.PadV2]: pad,
  [tf.Range]: range,
  [tf.Slice]: slice,
  [tf.SplitV]: splitV,
  [tf.Tile]: tile,
  [tf.Transpose]: transpose,
  [tf.Unpack]: unpack,
  [tf.ZerosLike]: filled(() => 0),

  [tf.Max]: reduction(greatest),
  [tf.Mean]: reduction(sum, true),
  [tf.Min]: reduction(least),
  [tf.Prod]: reduction(product),
  [tf.Sum]: reduction(sum),
};
