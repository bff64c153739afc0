import { isOfRows, isShared, type Node, reducedSize, sizeOf } from "./expression.ts";
import { type Expr, u32 } from "./index.ts";
import type { Memory } from "./memory.ts";
import { type Index, MustBeStored, NON_FINITE, Writer } from "./writer.ts";

const THREADS = 256;
const MAX_WORKGROUPS = 65535;

/** The code of a command that stores some nodes, what it is bound to, and how often it runs. */
export interface Kernel {
  readonly nodes: readonly Node[];
  readonly code: string;
  /** First what it writes, in the order of the nodes. */
  readonly bindings: readonly Memory[];
  readonly workgroups: readonly [number, number, number];
}

/** How the elements that a command computes are divided among threads. */
interface Rows {
  readonly count: number;
  /** Threads for each row; neighbours are of the same row, or in neighbouring rows if `across`. */
  readonly threads: number;
  readonly across: boolean;
}

/**
 * Writes a command that computes nodes from what is stored. Throws `MustBeStored` where a part of one cannot be computed
 * in between.
 *
 * Without reductions that threads share in, there is a thread for each element, or for each row of few elements if those
 * have a reduction in common. With them, some threads of a workgroup compute a row of elements, whose reductions they
 * share in; nothing is added atomically, so the order of additions is always the same.
 */
export function writeKernel(nodes: readonly Node[], maxBindings: number): Kernel {
  const shared = nodes.flatMap((node) => reductionsIn(node).filter(isShared));
  const rows = shared.length === 0 ? ownRows(nodes) : sharedRows(nodes, shared[0]!);
  const writer: Writer = new Writer((node, element) => shareReduction(writer, rows, node, element));
  const row = { code: "row", level: 0 };
  const results = nodes.map((node, i) => writeResult(writer, rows, node, row, `y${i}`));
  const memories = nodes.map(({ memory }) => memory!);
  const inputs = [...writer.bindings];
  if (memories.length + inputs.length > maxBindings) {
    throw new MustBeStored(nodes.length > 1 ? nodes[0]! : partWithFewerInputs(nodes[0]!, maxBindings - 1));
  }
  const perGroup = THREADS / rows.threads;
  const groups = Math.ceil(rows.count / perGroup);
  const x = Math.min(groups, MAX_WORKGROUPS);
  const position = rows.across
    ? [`let lane = thread / ${perGroup}u;`, `let slot = thread % ${perGroup}u;`]
    : [`let lane = thread % ${rows.threads}u;`, `let slot = thread / ${rows.threads}u;`];
  const declare = (name: string, type: string, access: string, binding: number) =>
    `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;
  const code = [
    ...nodes.map(({ type }, i) => declare(`y${i}`, type, "read_write", i)),
    ...inputs.map(([_, { name, type }], i) => declare(name, type, "read", nodes.length + i)),
    shared.length > 0 ? sharedMemory(shared) : "",
    NON_FINITE,
    ...writer.helpers,
    `@compute @workgroup_size(${THREADS})`,
    "fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {",
    ...position,
    `let at = (group.x + group.y * ${x}u) * ${perGroup}u + slot;`,
    `let row = min(at, ${rows.count - 1}u);`,
    ...writer.lines,
    `if (at >= ${rows.count}u) { return; }`,
    ...results.flat(),
    "}",
  ];
  return {
    nodes,
    code: code.join("\n"),
    bindings: [...memories, ...inputs.map(([memory]) => memory)],
    workgroups: [x, Math.ceil(groups / x), 1],
  };
}

/** Code that stores the elements of a row, to come after all that is the same for the row. */
function writeResult(writer: Writer, rows: Rows, node: Node, row: Expr, name: string): string[] {
  const rank = rankOfRows(node.shape, rows.count)!;
  const length = sizeOf(node.shape) / rows.count;
  const place = (column: Expr): Index => {
    const flat = writer.add(writer.times(row, length), column);
    const shape = node.shape.slice(0, rank);
    const columns = node.shape.slice(rank);
    return {
      shape: node.shape,
      // The number alone is enough of a place, unless coordinates tell what is the same for all of a row.
      ...(length > 1 && {
        dims: [...writer.dimsOf({ shape, flat: row }), ...writer.dimsOf({ shape: columns, flat: column })],
      }),
      flat,
    };
  };
  if (length === 1) {
    const value = writer.value(node, place(u32(0)));
    return [`${rows.threads > 1 ? "if (lane == 0u) " : ""}{ ${name}[row] = ${value.code}; }`];
  }
  const column = { code: writer.newName("k"), level: 1 };
  let loop: string[] = [];
  const write = () => {
    const index = place(column);
    const { code } = writer.value(node, { shape: index.shape, dims: index.dims! });
    return `${name}[${index.flat!.code}] = ${code};`;
  };
  writer.block(0, write, (lines, store) => {
    const head = `for (var ${column.code} = lane; ${column.code} < ${length}u; ${column.code} += ${rows.threads}u) {`;
    loop = [head, ...lines, store, "}"];
    return [];
  });
  return loop;
}

/** A thread for each element, or for each row of the last dimension, if that saves it the same reductions. */
function ownRows([node]: readonly Node[]): Rows {
  const size = sizeOf(node!.shape);
  const last = node!.shape.at(-1) ?? 1;
  const inRows = last <= 64 && size / last >= 1024 && reductionsIn(node!).length > 0;
  return { count: inRows ? size / last : size, threads: 1, across: false };
}

/** Rows as the reduction has elements; where a node has no such rows, the reduction comes first. */
function sharedRows(nodes: readonly Node[], reduction: Node): Rows {
  const count = sizeOf(reduction.shape);
  const largest = Math.max(...nodes.map(({ shape }) => sizeOf(shape)));
  const haveRows = nodes.every(({ shape }) => rankOfRows(shape, count) !== undefined);
  if (!haveRows || (count < 8 && largest > 4096)) throw new MustBeStored(reduction);
  const length = largest / count;
  const reduced = reducedSize(reduction);
  // Neighbouring threads read neighbouring elements.
  if (length === 1 && count >= 8 && !isOfRows(reduction)) {
    return { count, across: true, threads: count > 4096 ? 8 : 32 };
  }
  const enough = 2 ** Math.ceil(Math.log2(Math.max(reduced, length) / 4));
  const threads = count === 1 ? THREADS : Math.min(THREADS, Math.max(16, enough));
  return { count, across: false, threads };
}

/** How many leading dimensions have `count` elements together. */
function rankOfRows(shape: readonly number[], count: number): number | undefined {
  for (let rank = shape.length; rank >= 0; rank--) {
    if (sizeOf(shape.slice(0, rank)) === count) return rank;
  }
  return undefined;
}

/** All the threads of a row reduce elements, each some of them; then what they have in halves. */
function shareReduction(writer: Writer, rows: Rows, node: Node, element: (k: Expr) => string): string {
  const { reduction } = node.form as Extract<Node["form"], { kind: "reduce" }>;
  const { threads, across } = rows;
  const [sum, total] = [writer.newName("v"), writer.newName("v")];
  const k = { code: writer.newName("k"), level: 1 };
  const scratch = scratchOf(node);
  const step = across ? THREADS / threads : 1;
  writer.block(
    0,
    () => element(k),
    (lines, value) => [
      `var ${sum} = ${reduction.initial(node.type)};`,
      `for (var ${k.code} = lane; ${k.code} < ${reducedSize(node)}u; ${k.code} += ${threads}u) {`,
      ...lines,
      `${sum} = ${reduction.combine(sum, value)};`,
      "}",
      "workgroupBarrier();",
      `${scratch}[thread] = ${sum};`,
      "workgroupBarrier();",
      `for (var width = ${threads / 2}u; width > 0u; width /= 2u) {`,
      `if (lane < width) { ${scratch}[thread] = ${reduction.combine(`${scratch}[thread]`, `${scratch}[thread + width * ${step}u]`)}; }`,
      "workgroupBarrier();",
      "}",
      `let ${total} = ${scratch}[${across ? "slot" : `slot * ${threads}u`}];`,
    ],
  );
  return total;
}

const scratchOf = ({ type }: Node) => `scratch_${type}`;

function sharedMemory(shared: readonly Node[]): string {
  const types = new Map(shared.map((node) => [scratchOf(node), node.type]));
  return [...types].map(([name, type]) => `var<workgroup> ${name}: array<${type}, ${THREADS}>;`).join("\n");
}

/** All reductions of an expression, the outermost first. */
export function reductionsIn(node: Node): Node[] {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (node: Node) => {
    if (node.stored || seen.has(node)) return;
    seen.add(node);
    if (node.form.kind === "reduce") found.add(node);
    for (const arg of node.form.args) visit(arg);
  };
  visit(node);
  return [...found];
}

/** The part of an expression that takes most off the memory that is read, with no more of it than may be. */
function partWithFewerInputs(root: Node, most: number): Node {
  const inputs = new Map<Node, Set<Memory>>();
  const inputsOf = (node: Node): Set<Memory> => {
    const known = inputs.get(node);
    if (known) return known;
    const all = node.stored ? [node.memory!] : node.form.args.flatMap((arg) => [...inputsOf(arg)]);
    const set = new Set(all);
    inputs.set(node, set);
    return set;
  };
  inputsOf(root);
  const parts = [...inputs].filter(([node, { size }]) => !node.stored && node !== root && size <= most);
  if (parts.length === 0) throw new Error("it puts more tensors together than the card can bind");
  const [part] = parts.reduce((best, next) => (next[1].size > best[1].size ? next : best));
  return part;
}
