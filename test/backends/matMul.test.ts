import { fused } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { compile } from "../../src/backends/wasm/binary.ts";
import { Helpers } from "../../src/backends/wasm/helpers.ts";
import { binaries, compileMatmul, matmulCall } from "../../src/backends/wasm/matmulSimd.ts";
import * as tf from "../../src/tensors/tf.ts";
import { difference, normal, original } from "./helpers.ts";

/** Its types come with browsers only. */
declare const WebAssembly: {
  Memory: new (sizes: object) => { readonly buffer: SharedArrayBuffer };
};

beforeAll(() => useBackend("wasm", { threads: 2 }));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

/** The product in float64, of [batch or none, rows, columns] on each side; one matrix serves a whole batch. */
function reference(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): number[] {
  const [A, B] = [a.dataSync(), b.dataSync()];
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const N = transposeB ? bRows : bColumns;
  const out: number[] = [];
  for (let batch = 0; batch < Math.max(a.size / (M * K), b.size / (K * N)); batch++) {
    const aBegin = a.size === M * K ? 0 : batch * M * K;
    const bBegin = b.size === K * N ? 0 : batch * K * N;
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          sum +=
            A[aBegin + (transposeA ? k * M + m : m * K + k)]! *
            B[bBegin + (transposeB ? n * K + k : k * N + n)]!;
        }
        out.push(sum);
      }
    }
  }
  return out;
}

const turned = (shape: number[], turn: boolean) =>
  turn ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;

describe("a product that is large enough to be shared by threads", () => {
  test.each([
    { what: "by columns", left: [61, 500], right: [500, 203] },
    { what: "by rows", left: [403, 250], right: [250, 61] },
  ])("$what", async ({ left, right }) => {
    const [a, b] = [normal("a", left), normal("b", right)] as [tf.Tensor2D, tf.Tensor2D];
    const alone = tf.matMul(a, b).dataSync(); // the first product starts the helpers, which takes them a while
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 20; i++) expect(tf.matMul(a, b).dataSync()).toEqual(alone); // to the bit, whoever computes
    expect(difference(alone, reference(a, b, false, false))).toBeLessThan(1e-5);
    const transposed = tf.matMul(tf.transpose(a), b, true, false).dataSync();
    expect(transposed).toEqual(alone);
  });

  test("each call is made once, whoever makes it, and a helper makes some", async () => {
    const memory = new WebAssembly.Memory({ initial: 100, maximum: 65536, shared: true });
    const module = compileMatmul(memory);
    const helpers = new Helpers([module], { memory, scratch: 2 ** 20, scratchSize: 2 ** 15 }, ["matmul"], 2);
    const numbers = new Float32Array(memory.buffer);
    const [rows, n] = [300, 40]; // more calls than fit in one table
    numbers.fill(1, 0, n * n);
    const [a, b, c] = [0, 4 * n * n, 8 * n * n];
    for (let i = 0; i < n * n; i++) numbers[n * n + i] = i % n;
    const calls = Array.from({ length: rows }, (_, i) =>
      matmulCall({
        a,
        aRow: 0,
        aColumn: 4,
        b,
        bRow: 4 * n,
        bColumn: 4,
        c: c + 4 * n * i,
        cRow: 0,
        m: 1,
        n,
        k: n,
        bias: 0,
      }),
    );
    const own = helpers.functions.matmul;
    let ownCalls = 0;
    Object.assign(helpers.functions, {
      matmul(...numbers: number[]) {
        ownCalls++;
        own(...numbers);
      },
    });
    let rounds = 0;
    while (ownCalls === rounds * rows && rounds < 2000) {
      rounds++;
      numbers.fill(0, 2 * n * n);
      helpers.run(calls as [name: "matmul", ...numbers: number[]][]);
      const wrong = numbers.subarray(2 * n * n, 2 * n * n + rows * n).filter((y, i) => y !== n * (i % n));
      expect(wrong.length).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 5)); // to let the helpers start
    }
    expect(ownCalls).toBeLessThan(rounds * rows);
  });

  test("where multiplying and adding cannot be fused, they are done in turn", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { functions } = new Helpers(
      [compile(binaries.unfused.own)],
      { memory, scratch: 0, scratchSize: 0 },
      ["matmul"],
      0,
    );
    const numbers = new Float32Array(memory.buffer);
    const [m, n, k] = [5, 11, 3];
    for (let i = 0; i < m * k; i++) numbers[16 + i] = i + 1;
    for (let i = 0; i < k * n; i++) numbers[64 + i] = (i % 7) - 3;
    numbers.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 240);
    const [, ...parameters] = matmulCall({
      ...{
        a: 64,
        aRow: 4 * k,
        aColumn: 4,
        b: 256,
        bRow: 4 * n,
        bColumn: 4,
        c: 512,
        cRow: 4 * n,
        m,
        n,
        k,
        bias: 960,
      },
    });
    functions.matmul(...parameters);
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = column + 1; // the bias
        for (let i = 0; i < k; i++) sum += numbers[16 + row * k + i]! * numbers[64 + i * n + column]!;
        expect(numbers[128 + row * n + column]).toBe(sum);
      }
    }
  });
});

describe("matMul", () => {
  const sides = [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const;
  const shapes: [a: number[], b: number[]][] = [
    [
      [1, 1],
      [1, 1],
    ],
    [
      [5, 3],
      [3, 7],
    ],
    [
      [128, 61],
      [61, 40],
    ],
    [
      [3, 130],
      [130, 257],
    ],
    [
      [21, 1027],
      [1027, 29],
    ], // more of the inner dimension than is laid out at once
    [
      [4, 6, 50],
      [4, 50, 9],
    ], // a batch on each side
    [
      [4, 6, 50],
      [1, 50, 9],
    ], // one matrix for all
    [
      [1, 6, 50],
      [4, 50, 9],
    ],
    [
      [2, 3, 6, 50],
      [2, 3, 50, 9],
    ],
  ];
  test.each(shapes.flatMap(([a, b]) => sides.map(([tA, tB]) => ({ a, b, tA, tB }))))(
    "$a · $b, transposed: $tA $tB",
    ({ a, b, tA, tB }) => {
      const A = normal("a", turned(a, tA));
      const B = normal("b", turned(b, tB));
      const product = tf.matMul(A, B, tA, tB);
      expect(product.shape.slice(-2)).toEqual([a.at(-2), b.at(-1)]);
      expect(difference(product, reference(A, B, tA, tB))).toBeLessThan(2e-6);
    },
  );

  test("an empty inner dimension gives zeros", () => {
    expect([...tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])).dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("fused.matMul", () => {
  const a = () => normal("a", [3, 6, 100]);
  const b = () => normal("b", [3, 100, 8]);
  const bias = () => normal("bias", [8]);

  test("the package's kernel adds the bias once for each 48 of the inner dimension", () => {
    const attrs = { transposeA: false, transposeB: false, activation: "linear" };
    const wanted = tf.add(tf.matMul(a(), b()), bias());
    const [theirs] = original("_FusedMatMul", { a: a(), b: b(), bias: bias() }, attrs);
    expect(difference(theirs!, wanted)).toBeGreaterThan(0.01);
    expect(
      difference(fused.matMul({ a: a() as tf.Tensor3D, b: b() as tf.Tensor3D, bias: bias() }), wanted),
    ).toBeLessThan(2e-6);
  });

  const activations = {
    linear: (x: tf.Tensor) => x,
    relu: tf.relu,
    relu6: tf.relu6,
    elu: tf.elu,
    sigmoid: tf.sigmoid,
    leakyrelu: (x: tf.Tensor) => tf.leakyRelu(x, 0.3),
    prelu: (x: tf.Tensor) => tf.prelu(x, tf.scalar(0.3)),
  };
  test.each(Object.entries(activations))("%s", (name, activate) => {
    const activation = name as "linear";
    const more = { activation, leakyreluAlpha: 0.3, preluActivationWeights: tf.scalar(0.3) };
    const y = fused.matMul({ a: a() as tf.Tensor3D, b: b() as tf.Tensor3D, bias: bias(), ...more });
    expect(difference(y, activate(tf.add(tf.matMul(a(), b()), bias())))).toBeLessThan(2e-6);
  });
});
