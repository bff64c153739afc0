import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { beforeAll, describe, expect, test } from "vitest";
import { passRecorder } from "../../src/backends/index.ts";
import type { HostArray } from "../../src/tensors/hostArray.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import * as tf from "../../src/tensors/tf.ts";
import { difference } from "./helpers.ts";
import { absent } from "./softwareWebgpu.ts";

const given = (name: string, ...shape: number[]): HostArray => ({
  values: new RandomStream(name).normals(tf.util.sizeFromShape(shape)),
  shape,
});

type Compute = (inputs: readonly tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** What a recorded pass gives. */
async function recorded(compute: Compute, inputs: readonly HostArray[]): Promise<Float32Array[]> {
  const program = { parameters: [], compute: (xs: readonly tf.Tensor[]) => [compute(xs)].flat() };
  const pass = await passRecorder()!(program, inputs);
  const values = await pass.run(inputs);
  pass.dispose();
  return values;
}

/** The commands that a computation takes. */
async function commands(compute: Compute, inputs: readonly HostArray[]): Promise<number> {
  const { trace } = await import("../../src/backends/webgpu/recording/trace.ts"); // needs the globals of WebGPU
  return tf.tidy(() => {
    const tensors = inputs.map(({ values, shape }) => tf.tensor(values, [...shape]));
    const backend = tf.backend() as unknown as WebGPUBackend;
    return trace(backend, tensors, (xs) => [compute(xs)].flat()).dispatches.length;
  });
}

/** f(coordinates) for each element of a shape, in float64. */
function each(shape: readonly number[], f: (...at: number[]) => number): number[] {
  const strides = shape.map((_, axis) => tf.util.sizeFromShape(shape.slice(axis + 1)));
  return Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) =>
    f(...strides.map((stride, axis) => Math.floor(i / stride) % shape[axis]!)),
  );
}

const times = (count: number, f: (i: number) => number) => Array.from({ length: count }, (_, i) => f(i));
const total = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

const a = given("a", 3, 5, 7);
const A = (i: number, j: number, k: number) => a.values[35 * i + 7 * j + k]!;
const b = given("b", 5, 1);
const B = (j: number) => b.values[j]!;
const long = given("long", 131, 77);
const L = (i: number, j: number) => long.values[77 * i + j]!;

/** Name, computation, inputs, what it gives, commands. */
const cases: [string, Compute, HostArray[], number[], number][] = [
  [
    "broadcasts",
    ([a, b]) => tf.div(tf.sub(a!, b!), 3),
    [a, b],
    each([3, 5, 7], (i, j, k) => (A(i, j, k) - B(j)) / 3),
    1,
  ],
  [
    "slices, pads and transposes",
    ([a]) =>
      tf.transpose(
        tf.pad(
          tf.slice(a!, [1, 2, 3], [2, 3, 2]),
          [
            [0, 1],
            [2, 0],
            [1, 1],
          ],
          9,
        ),
        [2, 0, 1],
      ),
    [a],
    each([4, 3, 5], (k, i, j) => (i < 2 && j >= 2 && k >= 1 && k < 3 ? A(i + 1, j, k + 2) : 9)),
    1,
  ],
  [
    "puts parts together along each axis",
    ([a]) => tf.concat([tf.concat([a!, tf.neg(a!)], 0), tf.ones([6, 2, 7])], 1),
    [a],
    each([6, 7, 7], (i, j, k) => (j >= 5 ? 1 : i < 3 ? A(i, j, k) : -A(i - 3, j, k))),
    1,
  ],
  [
    "stacks, unstacks and tiles",
    ([a]) => tf.stack(tf.unstack(tf.tile(a!, [1, 2, 1]), 1).toReversed(), 2),
    [a],
    each([3, 7, 10], (i, k, j) => A(i, (9 - j) % 5, k)),
    1,
  ],
  [
    "reshapes",
    ([a]) => tf.mul(tf.reshape(a!, [7, 15]), tf.reshape(tf.slice(a!, [0, 0, 0], [1, 3, 5]), [15])),
    [a],
    each([7, 15], (r, c) => a.values[15 * r + c]! * A(0, Math.floor(c / 5), c % 5)),
    1,
  ],
  [
    "sums over the last axis",
    ([x]) => tf.sum(tf.square(x!), 1),
    [long],
    times(131, (i) => total(times(77, (j) => L(i, j) ** 2))),
    1,
  ],
  [
    "sums over the first axis",
    ([x]) => tf.sum(tf.square(x!), 0),
    [long],
    times(77, (j) => total(times(131, (i) => L(i, j) ** 2))),
    1,
  ],
  [
    "sums over all axes",
    ([x]) => tf.mean(tf.square(x!)),
    [long],
    [total([...long.values].map((x) => x * x)) / 10087],
    2,
  ],
  [
    "sums over a middle axis",
    ([a]) => tf.sum(a!, 1, true),
    [a],
    each([3, 1, 7], (i, _, k) => total(times(5, (j) => A(i, j, k)))),
    1,
  ],
  [
    "finds the greatest and the least",
    ([x]) => tf.sub(tf.max(x!, 1), tf.min(x!, 1)),
    [long],
    times(131, (i) => Math.max(...times(77, (j) => L(i, j))) - Math.min(...times(77, (j) => L(i, j)))),
    1,
  ],
  [
    "divides long rows by their sums",
    ([x]) => tf.softmax(x!),
    [long],
    each([131, 77], (i, j) => Math.exp(L(i, j)) / total(times(77, (j) => Math.exp(L(i, j))))),
    1,
  ],
  [
    "divides short rows by their sums",
    ([a]) => tf.softmax(a!),
    [a],
    each([3, 5, 7], (i, j, k) => Math.exp(A(i, j, k)) / total(times(7, (k) => Math.exp(A(i, j, k))))),
    1,
  ],
  [
    "sums of sums",
    ([x]) => tf.mean(tf.log(tf.sum(tf.exp(x!), 1))),
    [long],
    [total(times(131, (i) => Math.log(total(times(77, (j) => Math.exp(L(i, j))))))) / 131],
    2,
  ],
  [
    "uses a reduction of columns for each element",
    ([x]) => tf.sub(x!, tf.mean(x!, 0)),
    [long],
    each([131, 77], (i, j) => L(i, j) - total(times(131, (i) => L(i, j))) / 131),
    2,
  ],
  [
    "picks by whole numbers",
    ([a]) => {
      const index = tf.cast(tf.round(tf.abs(a!)), "int32");
      return [tf.gather(tf.range(10, 20), index), tf.cast(tf.oneHot(index, 3), "float32")];
    },
    [a],
    [
      ...each([3, 5, 7], (i, j, k) => 10 + Math.round(Math.abs(A(i, j, k)))),
      ...each([3, 5, 7, 3], (i, j, k, l) => (Math.round(Math.abs(A(i, j, k))) === l ? 1 : 0)),
    ],
    2,
  ],
  [
    "counts on",
    ([x]) => tf.mul(tf.linspace(0, 1, 77), x!),
    [long],
    each([131, 77], (i, j) => (j / 76) * L(i, j)),
    1,
  ],
];

describe.skipIf(absent)("expressions on webgpu", () => {
  beforeAll(() => tf.setBackend("webgpu"));

  test.each(cases)("%s", async (_, compute, inputs, wanted, count) => {
    const got = await recorded(compute, inputs);
    expect(
      difference(
        got.flatMap((values) => [...values]),
        wanted,
      ),
    ).toBeLessThan(1e-5);
    expect(await commands(compute, inputs)).toBe(count);
  });

  test("a long chain is cut into commands, and what is used twice is not computed twice", async () => {
    const chain: Compute = ([x]) => {
      let y = x!;
      for (let i = 0; i < 1000; i++) y = tf.mul(tf.add(y, y), 0.5);
      return y;
    };
    expect((await recorded(chain, [b]))[0]).toEqual(b.values);
    expect(await commands(chain, [b])).toBeLessThan(25);
  });

  test("as many inputs as there are fit", async () => {
    const inputs = times(40, (i) => i).map((i) => given(`x${i}`, 3, 4));
    const [got] = await recorded((xs) => xs.reduce((a, b) => tf.add(a, b)), inputs);
    expect(
      difference(
        got!,
        times(12, (j) => total(inputs.map(({ values }) => values[j]!))),
      ),
    ).toBeLessThan(1e-5);
  });

  test("what is not finite stays so", async () => {
    const x = {
      values: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0),
      shape: [5],
    };
    const one: [string, (x: tf.Tensor) => tf.Tensor, number[]][] = [
      ["relu", tf.relu, [Number.NaN, Number.POSITIVE_INFINITY, 0, 0, 0]],
      ["step", (x) => tf.step(x), [Number.NaN, 1, 0, 0, 0]],
      ["clip", (x) => tf.clipByValue(x, -2, 2), [Number.NaN, 2, -2, -1, 0]],
      ["maximum", (x) => tf.maximum(x, 0), [Number.NaN, Number.POSITIVE_INFINITY, 0, 0, 0]],
      [
        "softplus",
        tf.softplus,
        [Number.NaN, Number.POSITIVE_INFINITY, 0, Math.log1p(Math.exp(-1)), Math.log(2)],
      ],
    ];
    const got = await recorded(([x]) => one.map(([, f]) => f(x!)), [x]);
    for (const [i, [name, , wanted]] of one.entries()) {
      for (const [j, value] of wanted.entries()) {
        const y = got[i]![j]!;
        const isSame = Number.isFinite(value) ? Math.abs(y - value) < 1e-6 : !Number.isFinite(y);
        expect(isSame, `${name} of ${x.values[j]} is ${y}`).toBe(true);
      }
    }
    for (const f of [tf.sum, tf.max] as ((x: tf.Tensor) => tf.Tensor)[]) {
      expect((await recorded(([x]) => f(x!), [x]))[0]![0]).toBeNaN();
    }
  });
});
