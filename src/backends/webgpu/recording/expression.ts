import type { Expr, IndexWriter } from "./index.ts";
import type { Memory } from "./memory.ts";

/** What an element is computed with; tensors of whole numbers and of truth values are stored as the latter. */
export type ElementType = "f32" | "i32";

/** A function of elements in WGSL. `helper` is code that it calls. */
export interface Operation {
  readonly code: (...args: string[]) => string;
  readonly helper?: string;
}

/** How partial results of a reduction are put together. */
export interface Reduction {
  readonly initial: (type: ElementType) => string;
  readonly combine: (a: string, b: string) => string;
  readonly helper?: string;
}

/** How the elements of a node come about; every form has `args`. */
export type Form =
  | { readonly kind: "memory"; readonly args: readonly [] }
  | { readonly kind: "constant"; readonly args: readonly []; readonly value: number }
  /** Element by element; the arguments are broadcast. */
  | { readonly kind: "map"; readonly args: readonly Node[]; readonly operation: Operation }
  /** The elements of the argument in another shape. */
  | { readonly kind: "reshape"; readonly args: readonly [Node] }
  /** Elements of the argument, or where it has none, `outside`. */
  | {
      readonly kind: "view";
      readonly args: readonly [Node];
      readonly source: (
        writer: IndexWriter,
        dims: readonly Expr[],
      ) => { dims: Expr[]; inside?: Expr | undefined };
      readonly outside?: number;
    }
  /** Of whole numbers from the place of an element in its last dimension. */
  | { readonly kind: "last"; readonly args: readonly Node[]; readonly operation: Operation }
  | { readonly kind: "concat"; readonly args: readonly Node[]; readonly axis: number }
  /** args[0] at the whole numbers of args[1] along an axis; 0 where there is no such element. */
  | {
      readonly kind: "gather";
      readonly args: readonly [Node, Node];
      readonly axis: number;
      readonly batch: number;
    }
  /** Over some axes, which the shape keeps with the size 1. */
  | {
      readonly kind: "reduce";
      readonly args: readonly [Node];
      readonly axes: readonly number[];
      readonly reduction: Reduction;
    };

/** A tensor as an expression: it is computed where its elements are needed, as often as that may be, or stored once. */
export interface Node {
  readonly id: number;
  readonly form: Form;
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** The longest way to what is stored or constant. */
  readonly depth: number;
  /** The most branches, one in the other, that its code has. */
  readonly branches: number;
  /** Where its elements are stored, once a command needs that; they are there when it is `stored`. */
  memory?: Memory;
  stored: boolean;
}

let count = 0;

export function createNode(form: Form, shape: readonly number[], type: ElementType): Node {
  const most = (of: (node: Node) => number) =>
    form.args.reduce((most, arg) => Math.max(most, arg.memory ? 0 : of(arg)), 0);
  return {
    id: count++,
    form,
    shape,
    type,
    depth: form.args.length === 0 ? 0 : 1 + most(({ depth }) => depth),
    branches: (form.kind === "concat" ? 1 : 0) + most(({ branches }) => branches),
    stored: false,
  };
}

export const stored = (memory: Memory, shape: readonly number[], type: ElementType): Node =>
  Object.assign(createNode({ kind: "memory", args: [] }, shape, type), { memory, stored: true });

export const constant = (value: number, shape: readonly number[], type: ElementType): Node =>
  createNode({ kind: "constant", args: [], value }, shape, type);

export const map = (
  operation: Operation,
  args: readonly Node[],
  shape: readonly number[],
  type: ElementType,
): Node => createNode({ kind: "map", operation, args }, shape, type);

export function reshaped(node: Node, shape: readonly number[]): Node {
  if (shape.length === node.shape.length && shape.every((size, i) => size === node.shape[i])) return node;
  if (node.form.kind === "constant") return constant(node.form.value, shape, node.type);
  return createNode({ kind: "reshape", args: [node] }, shape, node.type);
}

export function converted(node: Node, type: ElementType): Node {
  if (node.type === type) return node;
  if (node.form.kind === "constant") return constant(node.form.value, node.shape, type);
  return map({ code: (a) => `${type}(${a})` }, [node], node.shape, type);
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The number of elements that each element of a reduction is made of. */
export const reducedSize = (node: Node) => sizeOf(node.form.args[0]!.shape) / sizeOf(node.shape);

/**
 * Whether the threads of a workgroup should share in the reduction: otherwise the thread that needs it makes all of it.
 * That is good for few elements, as the components of a mixture, if there are many such reductions.
 */
export function isShared(node: Node): boolean {
  const size = reducedSize(node);
  return size > 64 || (size >= 8 && sizeOf(node.shape) <= 1024);
}

/** Whether what a reduction puts together lies side by side. */
export function isOfRows(node: Node): boolean {
  const { args, axes } = node.form as Extract<Form, { kind: "reduce" }>;
  return axes.includes(args[0].shape.findLastIndex((size) => size > 1));
}

/** The same in two steps, where one has few results of many elements: the axes after the first one, then that. */
export function inSteps(node: Node): Node {
  const { form, shape, type } = node;
  if (form.kind !== "reduce") return node;
  const { args, axes, reduction } = form;
  const several = axes.filter((axis) => args[0].shape[axis]! > 1);
  if (several.length < 2 || reducedSize(node) < 2048 || sizeOf(shape) > 1024) return node;
  const inner = several.slice(1);
  const between = args[0].shape.map((size, axis) => (inner.includes(axis) ? 1 : size));
  const first = createNode({ kind: "reduce", args, axes: inner, reduction }, between, type);
  return createNode({ kind: "reduce", args: [first], axes, reduction }, shape, type);
}
