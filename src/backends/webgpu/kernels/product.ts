import type * as tf from "../../../tensors/tf.ts";
import { Shader } from "../shader.ts";
import { type Activation, valueFunction } from "./activations.ts";
import type { WebGPUBackend } from "./kernel.ts";
import { type Binding, K, M, type Matrix, N, type ONES, type Operand, reader, writer } from "./matrix.ts";
import { type Plan, plan, SHARED, shareOf, THREADS } from "./tiles.ts";

/** f(A·B + bias), or parts of it: [rows, depth]·[depth, columns] -> [rows, columns]. */
export interface Product {
  /** For people who read a trace. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly a: Operand | typeof ONES;
  readonly b: Operand;
  /** Whether the matrices lie there as [depth, rows] and [columns, depth]. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** By the rows and columns of the result. */
  readonly bias?: Matrix | undefined;
  readonly activation?: Activation;
  /** Where the result goes: each output has addresses for some of its elements. */
  readonly outputs: readonly Matrix[];
  /** Whether two commands may be used, which pays where the result is small and `depth` is large. */
  readonly maySplit?: boolean;
}

/** Workgroups in one dimension of a dispatch that every WebGPU device can do. */
const MAX_WORKGROUPS = 65535;

/**
 * Computes a product. Workgroups hold tiles of A and B in shared memory, so that each number that comes from afar is used
 * many times; sums are always added up in the same order. Where a share of `depth` is a workgroup's work, the sums of the
 * shares are put together by a second command.
 */
export function multiply(
  backend: WebGPUBackend,
  product: Product,
  chosen = plan(product.rows, product.columns, product.depth, product.maySplit ?? false),
): void {
  const { name, rows, columns, depth } = product;
  const { tile, shares } = chosen;
  const share = shareOf(depth, shares, tile);
  const attrs = [rows, columns, depth, share];
  const tiles = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  const grid = [Math.min(tiles, MAX_WORKGROUPS), Math.ceil(tiles / MAX_WORKGROUPS), shares] as const;
  if (shares === 1) {
    run(backend, name, tiledShader(product, chosen, finish(product)), attrs, grid);
    return;
  }
  const sums = backend.makeTensorInfo([shares, rows, 4 * Math.ceil(columns / 4)], "float32");
  run(backend, name, tiledShader(product, chosen, keep(sums)), attrs, grid);
  const vectors = rows * Math.ceil(columns / 4);
  const slices = Math.min(32, 2 ** Math.floor(Math.log2(shares)));
  const workgroups = Math.ceil((vectors * slices) / THREADS);
  run(
    backend,
    `${name}Sum`,
    sumShader(sums, slices, finish(product)),
    [rows, columns, depth, shares],
    [Math.min(workgroups, MAX_WORKGROUPS), Math.ceil(workgroups / MAX_WORKGROUPS), 1],
  );
  backend.disposeData(sums.dataId);
}

/** WGSL with what it is bound to. */
interface Code {
  readonly inputs: readonly Binding[];
  readonly outputs: readonly Binding[];
  readonly code: string;
}

const shaders = new Map<string, Shader>();

function run(
  backend: WebGPUBackend,
  name: string,
  { inputs, outputs, code }: Code,
  attrs: readonly number[],
  workgroups: readonly [number, number, number],
): void {
  const declare = (access: string, offset: number) => (binding: Binding, i: number) =>
    `@group(0) @binding(${offset + i}) var<storage, ${access}> ${binding.name}: array<${binding.packed ? "vec4f" : "f32"}>;`;
  const source = `
  struct Attrs { rows: f32, columns: f32, depth: f32, share: f32 }
  ${inputs.map(declare("read", 0)).join("\n")}
  ${outputs.map(declare("read_write", inputs.length)).join("\n")}
  @group(0) @binding(${inputs.length + outputs.length}) var<uniform> attrs: Attrs;
  ${code}`;
  let shader = shaders.get(source);
  if (!shader) {
    shader = new Shader(name, source);
    shaders.set(source, shader);
  }
  const tensors = [...inputs, ...outputs].map(({ tensor }) => tensor);
  shader.run(backend, tensors, attrs, workgroups);
}

/** WGSL: `fn put(row: u32, column: u32, share: u32, sum: vec4f)`, which makes the result of sums over all of `depth`. */
function finish({ bias, activation = "linear", outputs }: Product): Code {
  const read = bias && reader("bias", bias);
  const writers = outputs.map((output, i) => writer(`output${i}`, output));
  return {
    inputs: read?.bindings ?? [],
    outputs: writers.map(({ binding }) => binding),
    code: `
    ${read?.code ?? ""}
    ${writers.map(({ code }) => code).join("\n")}
    ${valueFunction("activation", activation)}
    fn put(row: u32, column: u32, share: u32, sum: vec4f) {
      if (row >= ${M} || column >= ${N}) { return; }
      let value = activation(sum${read ? " + bias(row, column)" : ""});
      ${writers.map((_, i) => `output${i}(row, column, value);`).join("\n")}
    }`,
  };
}

/** The same for sums over one share, which are kept, [shares, M, ⌈N / 4⌉]. */
function keep(sums: tf.TensorInfo): Code {
  return {
    inputs: [],
    outputs: [{ name: "sums", tensor: sums, packed: true }],
    code: `
    fn put(row: u32, column: u32, share: u32, sum: vec4f) {
      if (row >= ${M} || column >= ${N}) { return; }
      sums[(share * ${M} + row) * ((${N} + 3u) / 4u) + column / 4u] = sum;
    }`,
  };
}

/**
 * The tiles in shared memory lie by the inner dimension, so that threads read neighbours of a column of A or a row of B
 * at once; each thread brings a block of 4 by 4, which is transposed on the way where it lies the other way. Columns are
 * mixed by XOR, so that the threads of such a block write to different banks of memory.
 */
function tiledShader({ a, b, transposeA, transposeB }: Product, { tile }: Plan, put: Code): Code {
  const { rows, columns, side, depth, slices } = tile;
  const readers = [reader("a", a), reader("b", b)];
  const halves = side / 4;
  const sums = squares(side).map(({ name }) => name);
  const threads = THREADS / slices;
  const blocks = [(rows * depth) / 16, (columns * depth) / 16] as const;
  const shared = Math.max(
    ((rows + columns) * depth) / 4,
    slices > 1 ? Math.min(sums.length, REDUCED) * (THREADS / 2) : 0,
  );
  const spread = Math.max(1, 32 / depth);
  /** WGSL: the column, in fours, where `fours` lies in the row `k` of a tile. */
  const mixed = (fours: string, k: string, width: number) =>
    `(${fours} ^ (((${k}) / 4u * ${spread}u) & ${width / 4 - 1}u))`;
  const place = (transposed: boolean | undefined, width: number) =>
    transposed
      ? `along = block % ${width / 4}u; k = block / ${width / 4}u;`
      : `along = block / ${depth / 4}u; k = block % ${depth / 4}u;`;
  const start = (rows * depth) / 4; // of B in shared memory
  const code = `
  ${readers.map(({ code }) => code).join("\n")}
  ${put.code}
  var<workgroup> cache: array<vec4f, ${shared}>;

// A block of A or B: four rows of four, by the inner dimension.
  fn fetch(isA: bool, at: u32, k: u32) -> mat4x4f {
    var block: mat4x4f;
    if (isA) {
      for (var i = 0u; i < 4u; i++) { block[i] = ${transposeA ? "a(k + i, at)" : "a(at + i, k)"}; }
      return ${transposeA ? "block" : "transpose(block)"};
    }
    for (var i = 0u; i < 4u; i++) { block[i] = ${transposeB ? "b(at + i, k)" : "b(k + i, at)"}; }
    return ${transposeB ? "transpose(block)" : "block"};
  }

    @compute @workgroup_size(${THREADS})
  fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
    let across = (${N} + ${columns - 1}u) / ${columns}u;
    let number = group.x + group.y * ${MAX_WORKGROUPS}u;
    let top = number / across * ${rows}u;
    let left = number % across * ${columns}u;
    if (top >= ${M}) { return; }
    let begin = group.z * u32(attrs.share);
    let end = min(${K}, begin + u32(attrs.share));

    let brings = thread < ${blocks[0] + blocks[1]}u;
    let isA = thread < ${blocks[0]}u;
    let block = select(thread - ${blocks[0]}u, thread, isA);
    var along: u32;
    var k: u32;
    var to: u32;
    if (isA) {
      ${place(transposeA, rows)}
      to = k * ${rows}u + ${mixed("along", "4u * k", rows)};
    } else {
      ${place(!transposeB, columns)}
      to = ${start}u + k * ${columns}u + ${mixed("along", "4u * k", columns)};
    }
    let at = 4u * along + select(left, top, isA);
    let stride = select(${columns / 4}u, ${rows / 4}u, isA);

    let slice = thread / ${threads}u;
    let worker = thread % ${threads}u;
    let x = worker % ${columns / side}u;
    let y = worker / ${columns / side}u;
    ${sums.map((sum) => `var ${sum} = vec4f();`).join(" ")}

    var next: mat4x4f;
    if (brings) { next = fetch(isA, at, begin + 4u * k); }
    for (var first = begin; first < end; first += ${depth}u) {
      workgroupBarrier();
      if (brings) {
        cache[to] = next[0];
        cache[to + stride] = next[1];
        cache[to + 2u * stride] = next[2];
        cache[to + 3u * stride] = next[3];
      }
      workgroupBarrier();
      // The next block is on its way while this one is used.
      if (brings && first + ${depth}u < end) { next = fetch(isA, at, first + ${depth}u + 4u * k); }
      for (var step = 0u; step < ${depth / slices}u; step++) {
        let l = step * ${slices}u + slice;
        ${range(halves)
          .map(
            (h) => `
        let a${h} = cache[l * ${rows / 4}u + ${mixed(`(y + ${(h * rows) / 8}u)`, "l", rows)}];
        let b${h} = cache[${start}u + l * ${columns / 4}u + ${mixed(`(x + ${(h * columns) / 8}u)`, "l", columns)}];`,
          )
          .join("")}
        ${squares(side)
          .map(({ name, i, j }) => `${name} = fma(vec4f(a${i >> 2}.${"xyzw"[i % 4]}), b${j}, ${name});`)
          .join("\n        ")}
      }
    }
    ${slices > 1 ? reduction(sums, slices) : ""}
    if (slice == 0u) {
      var sums = array(${sums.join(", ")});
      for (var i = 0u; i < ${side * halves}u; i++) {
        let row = i / ${halves}u;
        let down = row / 4u * ${rows / 2}u + 4u * y + row % 4u;
        put(top + down, left + i % ${halves}u * ${columns / 2}u + 4u * x, group.z, sums[i]);
      }
    }
  }`;
  return {
    inputs: [...readers.flatMap(({ bindings }) => bindings), ...put.inputs],
    outputs: put.outputs,
    code,
  };
}

/** Sums of a thread that fit into shared memory at once, for half of the threads. */
const REDUCED = SHARED / (THREADS / 2);

/** WGSL: adds the sums of all slices to those of slice 0, as a tree. */
function reduction(sums: readonly string[], slices: number): string {
  const threads = THREADS / slices;
  const chunks = range(Math.ceil(sums.length / REDUCED)).map((i) =>
    sums.slice(i * REDUCED, (i + 1) * REDUCED),
  );
  return chunks
    .map(
      (chunk) => `
    for (var width = ${slices / 2}u; width > 0u; width /= 2u) {
      workgroupBarrier();
      if (slice >= width && slice < 2u * width) {
        let to = thread - width * ${threads}u;
        ${chunk.map((sum, i) => `cache[to + ${(i * THREADS) / 2}u] = ${sum};`).join(" ")}
      }
      workgroupBarrier();
      if (slice < width) {
        ${chunk.map((sum, i) => `${sum} += cache[thread + ${(i * THREADS) / 2}u];`).join(" ")}
      }
    }`,
    )
    .join("");
}

/** Adds up the sums of the shares. A vector of four columns is the work of `slices` threads. */
function sumShader(sums: tf.TensorInfo, slices: number, put: Code): Code {
  const vectors = THREADS / slices;
  const code = `
  ${put.code}
  var<workgroup> cache: array<vec4f, ${THREADS}>;

  @compute @workgroup_size(${THREADS})
  fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
    let across = (${N} + 3u) / 4u;
    let count = ${M} * across;
    let slice = thread / ${vectors}u;
    let index = (group.x + group.y * ${MAX_WORKGROUPS}u) * ${vectors}u + thread % ${vectors}u;
    var total = vec4f();
    if (index < count) {
      for (var share = slice; share < u32(attrs.share); share += ${slices}u) {
        total += sums[share * count + index];
      }
    }
    cache[thread] = total;
    for (var width = ${slices / 2}u; width > 0u; width /= 2u) {
      workgroupBarrier();
      if (slice < width) { cache[thread] += cache[thread + width * ${vectors}u]; }
    }
    if (slice == 0u) { put(index / across, index % across * 4u, 0u, cache[thread]); }
  }`;
  return {
    inputs: [{ name: "sums", tensor: sums, packed: true }, ...put.inputs],
    outputs: put.outputs,
    code,
  };
}

/** The sums of a thread: four columns from `j`, of its row `i`. */
const squares = (side: number) =>
  range(side).flatMap((i) => range(side / 4).map((j) => ({ name: `sum${i}_${j}`, i, j })));

const range = (count: number) => [...Array(count).keys()];
