import { type ElementType, isShared, type Node, reducedSize, sizeOf } from "./expression.ts";
import { type Expr, type IndexWriter, u32 } from "./index.ts";
import type { Memory } from "./memory.ts";

/** A place in a tensor: by its coordinates, or by the number of the element, or by both. */
export interface Index {
  readonly shape: readonly number[];
  readonly dims?: readonly Expr[];
  readonly flat?: Expr;
}

interface Block {
  readonly lines: string[];
  /** What has a name already: by its code, and nodes by their number and place. */
  readonly known: Map<string, Expr>;
}

/** Thrown where a node cannot be computed inside of a kernel: it has to be stored before. */
export class MustBeStored extends Error {
  readonly node: Node;

  constructor(node: Node) {
    super("an expression has to be stored");
    this.node = node;
  }
}

/** Has all threads of a row of a workgroup reduce `size` elements; gives the name of the result. */
export type ShareReduction = (node: Node, element: (k: Expr) => string) => string;

const numberOf = ({ code }: Expr): number | undefined =>
  /^\d+u$/.test(code) ? Number.parseInt(code, 10) : undefined;

/**
 * Writes expressions as WGSL. Every value gets a name, once, in the outermost block that has all it depends on: so what
 * does not change in a loop stands before the loop, however the expression was built.
 */
export class Writer implements IndexWriter {
  readonly #bindings = new Map<Memory, { name: string; type: ElementType }>();
  readonly #helpers = new Set<string>();
  #blocks: Block[] = [createBlock()];
  /** Nothing is moved out of the innermost branch: only one of them runs. */
  #branch = 0;
  #names = 0;
  readonly #share: ShareReduction | undefined;

  constructor(share?: ShareReduction) {
    this.#share = share;
  }

  get bindings(): ReadonlyMap<Memory, { name: string; type: ElementType }> {
    return this.#bindings;
  }

  get helpers(): Iterable<string> {
    return this.#helpers;
  }

  /** The code that was written so far, outside of all blocks that are still open. */
  get lines(): readonly string[] {
    return this.#blocks[0]!.lines;
  }

  newName(letter: string): string {
    return `${letter}${this.#names++}`;
  }

  name(code: string, args: readonly Expr[], letter = "i", least = 0): Expr {
    const level = Math.max(least, ...args.map(({ level }) => level));
    const known = this.#find(code);
    if (known) return known;
    const expr = { code: this.newName(letter), level };
    this.#blocks[level]!.lines.push(`let ${expr.code} = ${code};`);
    this.#blocks[level]!.known.set(code, expr);
    return expr;
  }

  add(a: Expr, b: Expr): Expr {
    if (numberOf(a) === 0) return b;
    if (numberOf(b) === 0) return a;
    return this.name(`${a.code} + ${b.code}`, [a, b]);
  }

  /** Below 0 it is a number beyond every size. */
  minus(a: Expr, n: number): Expr {
    return n === 0 ? a : this.name(`${a.code} - ${n}u`, [a]);
  }

  times(a: Expr, n: number): Expr {
    if (n === 1 || numberOf(a) === 0) return a;
    return this.name(`${a.code} * ${n}u`, [a]);
  }

  over(a: Expr, n: number): Expr {
    if (n === 1 || numberOf(a) === 0) return a;
    return this.name(`${a.code} / ${n}u`, [a]);
  }

  modulo(a: Expr, n: number): Expr {
    if (n === 1) return u32(0);
    return numberOf(a) === 0 ? a : this.name(`${a.code} % ${n}u`, [a]);
  }

  flatOf({ shape, flat, dims }: Index): Expr {
    if (flat) return flat;
    return dims!.reduce((sum, dim, i) => this.add(this.times(sum, shape[i]!), dim), u32(0));
  }

  dimsOf({ shape, flat, dims }: Index): readonly Expr[] {
    if (dims) return dims;
    const result: Expr[] = [];
    let rest = flat!;
    for (let i = shape.length - 1; i >= 0; i--) {
      // The first coordinate needs no remainder.
      const outer = sizeOf(shape.slice(0, i));
      result.unshift(outer === 1 ? rest : this.modulo(rest, shape[i]!));
      rest = outer === 1 ? u32(0) : this.over(rest, shape[i]!);
    }
    return result;
  }

  /** The element of a node at a place. */
  value(node: Node, index: Index): Expr {
    const key = `#${node.id} ${(index.dims ?? [index.flat!]).map(({ code }) => code).join()}`;
    const known = this.#find(key);
    if (known) return known;
    const result = this.#compute(node, index);
    this.#blocks[result.level]!.known.set(key, result);
    return result;
  }

  /** Writes a block inside of the one of `level`, with code around it that `enclose` gives. */
  block<T>(level: number, write: () => T, enclose: (lines: string[], result: T) => string[]): void {
    const outer = this.#blocks;
    const branch = this.#branch;
    const inner = createBlock();
    this.#blocks = [...outer.slice(0, level + 1), inner];
    this.#branch = Math.min(branch, level);
    try {
      const result = write();
      outer[level]!.lines.push(...enclose(inner.lines, result));
    } finally {
      this.#blocks = outer;
      this.#branch = branch;
    }
  }

  #find(key: string): Expr | undefined {
    for (const { known } of this.#blocks) {
      const expr = known.get(key);
      if (expr) return expr;
    }
    return undefined;
  }

  #compute(node: Node, index: Index): Expr {
    if (node.stored) return this.#load(node, index);
    const { form } = node;
    switch (form.kind) {
      case "memory":
        throw new Error("memory is stored");
      case "constant":
        return this.name(literal(form.value, node.type), [], "c");
      case "map": {
        this.#use(form.operation.helper);
        const args = form.args.map((arg) => this.value(arg, this.#broadcast(index, arg.shape)));
        return this.name(form.operation.code(...args.map(({ code }) => code)), args, "v", this.#branch);
      }
      case "reshape":
        return this.value(form.args[0], this.#reshape(index, form.args[0].shape));
      case "view": {
        const [arg] = form.args;
        const { dims, inside } = form.source(this, this.dimsOf(index));
        const value = this.value(arg, { shape: arg.shape, dims });
        if (!inside) return value;
        const outside = this.name(literal(form.outside ?? 0, node.type), [], "c");
        const code = `select(${outside.code}, ${value.code}, ${inside.code})`;
        return this.name(code, [value, inside], "v", this.#branch);
      }
      case "last": {
        this.#use(form.operation.helper);
        const dims = this.dimsOf(index);
        const args = form.args.map((arg) => this.value(arg, { shape: arg.shape, dims: dims.slice(0, -1) }));
        const last = dims.at(-1)!;
        const code = form.operation.code(...args.map(({ code }) => code), last.code);
        return this.name(code, [...args, last], "v", this.#branch);
      }
      case "concat":
        return this.#concat(form.args, form.axis, this.dimsOf(index), node.type);
      case "gather": {
        const [x, places] = form.args;
        const dims = this.dimsOf(index);
        const inner = dims.slice(form.axis, form.axis + places.shape.length - form.batch);
        const at = this.value(places, {
          shape: places.shape,
          dims: [...dims.slice(0, form.batch), ...inner],
        });
        const size = x.shape[form.axis]!;
        const place = this.name(`min(u32(${at.code}), ${size - 1}u)`, [at]);
        const rest = dims.slice(form.axis + inner.length);
        const value = this.value(x, { shape: x.shape, dims: [...dims.slice(0, form.axis), place, ...rest] });
        const code = `select(${node.type}(0), ${value.code}, u32(${at.code}) < ${size}u)`;
        return this.name(code, [value, at], "v", this.#branch);
      }
      case "reduce":
        this.#use(form.reduction.helper);
        return isShared(node) ? this.#shared(node, index) : this.#loop(node, index);
    }
  }

  #load({ memory, type }: Node, index: Index): Expr {
    const flat = this.flatOf(index);
    let binding = this.#bindings.get(memory!);
    if (!binding) {
      binding = { name: `x${this.#bindings.size}`, type };
      this.#bindings.set(memory!, binding);
    }
    const loaded = this.name(`${binding.name}[${flat.code}]`, [flat], "v", this.#branch);
    return loaded;
  }

  #use(helper: string | undefined): void {
    if (helper) this.#helpers.add(helper);
  }

  #broadcast(index: Index, shape: readonly number[]): Index {
    if (sameShape(index.shape, shape)) return index;
    if (sizeOf(shape) === 1) return { shape, dims: shape.map(() => u32(0)) };
    const dims = this.dimsOf(index).slice(index.shape.length - shape.length);
    return { shape, dims: dims.map((dim, i) => (shape[i] === 1 ? u32(0) : dim)) };
  }

  /** Coordinates stay what they are where only dimensions of size 1 come and go. */
  #reshape(index: Index, shape: readonly number[]): Index {
    const significant = (shape: readonly number[]) => shape.filter((size) => size !== 1);
    if (index.dims && sameShape(significant(index.shape), significant(shape))) {
      const dims = index.dims.filter((_, i) => index.shape[i] !== 1);
      return { shape, dims: shape.map((size) => (size === 1 ? u32(0) : dims.shift()!)) };
    }
    return { shape, flat: this.flatOf(index) };
  }

  #concat(parts: readonly Node[], axis: number, dims: readonly Expr[], type: ElementType): Expr {
    const along = dims[axis]!;
    const level = Math.max(this.#branch, ...dims.map(({ level }) => level));
    const name = this.newName("v");
    const blocks: string[] = [];
    let end = 0;
    for (const [i, part] of parts.entries()) {
      const start = end;
      const size = part.shape[axis]!;
      end += size;
      const write = () => {
        this.#branch = level + 1;
        const place = size === 1 ? u32(0) : this.minus(along, start);
        const value = this.value(part, { shape: part.shape, dims: dims.with(axis, place) });
        this.#blocks.at(-1)!.lines.push(`${name} = ${value.code};`);
      };
      this.block(level, write, (lines) => {
        const condition = i < parts.length - 1 ? `if (${along.code} < ${end}u) ` : "";
        blocks.push(`${condition}{ ${lines.join("\n")} }`);
        return [];
      });
    }
    this.#blocks[level]!.lines.push(`var ${name}: ${type};`, blocks.join(" else "));
    return { code: name, level };
  }

  /** A reduction by the thread that needs it. */
  #loop(node: Node, index: Index): Expr {
    const { reduction } = node.form as Extract<Node["form"], { kind: "reduce" }>;
    const dims = this.dimsOf(index);
    const level = Math.max(this.#branch, ...dims.map(({ level }) => level));
    const [sum, k] = [this.newName("v"), { code: this.newName("k"), level: level + 1 }];
    this.block(
      level,
      () => this.#reducedElement(node, dims, k),
      (lines, value) => [
        `var ${sum} = ${reduction.initial(node.type)};`,
        `for (var ${k.code} = 0u; ${k.code} < ${reducedSize(node)}u; ${k.code}++) {`,
        ...lines,
        `${sum} = ${reduction.combine(sum, value)};`,
        "}",
      ],
    );
    return { code: sum, level };
  }

  /** A reduction by all threads of a row. */
  #shared(node: Node, index: Index): Expr {
    const dims = this.dimsOf(index);
    if (!this.#share || dims.some(({ level }) => level > 0)) throw new MustBeStored(node);
    const code = this.#share(node, (k) => this.#reducedElement(node, dims, k));
    return { code, level: 0 };
  }

  /** Of the elements that are reduced to that at `dims`, the k-th. */
  #reducedElement(node: Node, dims: readonly Expr[], k: Expr): string {
    const { args, axes } = node.form as Extract<Node["form"], { kind: "reduce" }>;
    const [{ shape }] = args;
    const inner = this.dimsOf({ shape: axes.map((axis) => shape[axis]!), flat: k });
    const place = dims.map((dim, axis) => (axes.includes(axis) ? inner[axes.indexOf(axis)]! : dim));
    return this.value(args[0], { shape, dims: place }).code;
  }
}

const createBlock = (): Block => ({ lines: [], known: new Map() });

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** What is not finite cannot be written, and must not seem constant to the compiler. */
function literal(value: number, type: ElementType): string {
  if (type === "i32") return `i32(${Math.trunc(value)})`;
  if (Number.isNaN(value)) return "bitcast<f32>(nanBits)";
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return `${single < 0 ? "-" : ""}bitcast<f32>(infinityBits)`;
  return `f32(${single})`;
}

/** The bits of what is not finite, as variables. */
export const NON_FINITE = `
var<private> nanBits: u32 = 0x7fc00000u;
var<private> infinityBits: u32 = 0x7f800000u;
fn isNan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }`;
