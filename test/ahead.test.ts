import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ahead, allowThreads } from "../src/base/ahead.ts";
import { averageOf } from "../src/data/codedFields.ts";
import { fieldOf } from "../src/data/field.ts";
import { type InputsPlan, trainingInputs, trainingInputsAhead } from "../src/training/inputs.ts";
import { tinyDigits } from "./helpers/tiny.ts";

interface Counted {
  readonly i: number;
  readonly squares: Float64Array;
}

const folder = mkdtempSync(join(tmpdir(), "vae-ahead-"));
const file = join(folder, "counting.js");
const module = pathToFileURL(file).href;
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    file,
    `import { threadId } from "node:worker_threads";
     export function* counting({ count, from = 0, fails }) {
       for (let i = from; i < from + count; i++) {
         if (i === fails) throw new RangeError("no more than " + i);
         yield { i, threadId, squares: Float64Array.of(i, i * i) };
       }
     }
     export function* large() {
       for (let i = 0; i < 5; i++) yield { i, squares: new Float64Array(200_000).fill(i) };
     }
     export function* ending() {
       process.exit(3);
     }
     export function* throwing({ what }) {
       if (what === "text") throw "not an error";
       if (what === "uncloneable") throw Object.assign(new TypeError("with a function"), { f() {} });
       yield { f() {} };
     }
     export async function* failing() {
       yield { i: 0 };
       throw new RangeError("no second");
     }
     export async function* dying() {
       yield { i: 0 };
       setTimeout(() => { throw new SyntaxError("thrown later"); });
       await new Promise(() => {});
     }`,
  );
});

function* counting(_: { count: number; from?: number; fails?: number }): Generator<Counted> {}
function* large(_: object): Generator<Counted> {}
function* ending(_: object): Generator<Counted> {}
function* throwing(_: { what: string }): Generator<Counted> {}
function* failing(_: object): Generator<Counted> {}
function* dying(_: object): Generator<Counted> {}

describe("values made ahead", () => {
  test("come in order from another thread, with their arrays", async () => {
    let next = 5;
    for await (const { i, squares, threadId } of ahead<object, Counted & { threadId?: number }>(
      module,
      counting as never,
      { count: 100, from: 5 },
    )) {
      expect(threadId).toBeGreaterThan(0);
      expect([i, ...squares]).toEqual([next, next, next * next]);
      next++;
      if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 20)); // it is further on meanwhile
      expect([...squares]).toEqual([i, i * i]);
    }
    expect(next).toBe(105);
  });

  test("are made in place where one thread is allowed, and are the same", async () => {
    allowThreads(1);
    try {
      const found = [];
      for await (const { i, threadId } of ahead<object, Counted & { threadId?: number }>(
        module,
        (await import(module)).counting,
        { count: 3 },
      )) {
        found.push([i, threadId]);
      }
      expect(found).toEqual([
        [0, 0],
        [1, 0],
        [2, 0],
      ]);
    } finally {
      allowThreads("auto");
    }
  });

  test("of several plans at a time do not mix, and one may be left", async () => {
    const [a, b] = [
      ahead(module, counting, { count: 50 }),
      ahead(module, counting, { count: 50, from: 1000 }),
    ];
    for (let i = 0; i < 20; i++) {
      expect([(await a.next()).value!.i, (await b.next()).value!.i]).toEqual([i, 1000 + i]);
    }
    await a.return();
    expect((await b.next()).value!.i).toBe(1020);
    await b.return();
  });

  test("an error arrives where it would have been thrown, as it was thrown", async () => {
    const values = ahead(module, counting, { count: 9, fails: 2 });
    expect((await values.next()).value!.i).toBe(0);
    expect((await values.next()).value!.i).toBe(1);
    const error: Error = await values
      .next()
      .then(Promise.reject)
      .catch((error) => error);
    expect([error.name, error.message]).toEqual(["RangeError", "no more than 2"]);
    expect(error.stack).toMatch(/RangeError: no more than 2\n.*counting.*counting\.js:4/);
  });

  test("so does that of an asynchronous plan, and not its end", async () => {
    const values = ahead(module, failing, {});
    expect((await values.next()).value!.i).toBe(0);
    await expect(values.next()).rejects.toThrow("no second");
  });

  test.each([
    ["text", "'not an error'"],
    ["uncloneable", "with a function"],
    ["value", /f\(\) \{\} could not be cloned/],
  ])("so does what cannot be sent: %s", async (what, message) => {
    await expect(ahead(module, throwing, { what }).next()).rejects.toThrow(message);
    expect((await ahead(module, counting, { count: 1 }).next()).value!.i).toBe(0); // the thread goes on
  });

  test("so does what a thread dies of, and the next plan gets a new one", async () => {
    const takeAll = async () => {
      for await (const { i } of ahead(module, dying, {})) expect(i).toBe(0); // what it had made may be lost
    };
    await expect(takeAll()).rejects.toThrow("thrown later");
    expect((await ahead(module, counting, { count: 1 }).next()).value!.i).toBe(0);
  });

  test("use the memory of the plans before them again", async () => {
    const resident = async (plans: number) => {
      for (let i = 0; i < plans; i++)
        for await (const { squares } of ahead(module, large, {})) squares.at(-1);
      return process.memoryUsage.rss();
    };
    const before = await resident(10);
    // Without, 50 plans would leave 240 MB behind.
    expect((await resident(50)) - before).toBeLessThan(80e6);
  });

  test("a thread that ends is told, and the next plan gets a new one", async () => {
    await expect(ahead(module, ending, {}).next()).rejects.toThrow(
      "the thread of ending has ended with code 3",
    );
    expect((await ahead(module, counting, { count: 1 }).next()).value!.i).toBe(0);
  });
});

describe("the inputs of the steps", () => {
  const { fields, train: set } = tinyDigits(100, 10);
  const x = fieldOf(fields, "x");
  const plan: InputsPlan = {
    set,
    fields: [x, fieldOf(fields, "label")],
    coding: "binary-dynamic",
    batchSize: 32,
    noise: [{ name: "posterior", shape: [3], per: "example" }],
    samples: 2,
    epoch: 2,
    from: 0,
    step: 4,
    seed: "7",
  };

  test("do not depend on where an epoch is taken up", () => {
    const whole = [...trainingInputs(plan)];
    expect(whole.map(({ count }) => count)).toEqual([32, 32, 32, 4]);
    expect([...trainingInputs({ ...plan, from: 2, step: 6 })]).toEqual(whole.slice(2));
    expect(averageOf(set, x, plan.coding)).toHaveLength((whole[0]!["x"] as Float32Array).length / 32);
  });

  // The built program in a process of its own: it must also end by itself, whatever the thread does.
  test("are the same from the other thread, which keeps no process alive", () => {
    const built = new URL("../dist/training/inputs.js", import.meta.url).href;
    const stored = Object.fromEntries(
      Object.entries(set.columns).map(([name, column]) => [name, Buffer.from(column).toString("base64")]),
    );
    const script = `
      import { trainingInputsAhead } from ${JSON.stringify(built)};
      const plan = ${JSON.stringify({ ...plan, set: undefined })};
      const columns = Object.fromEntries(
        Object.entries(${JSON.stringify(stored)}).map(([name, bytes]) => [name, new Uint8Array(Buffer.from(bytes, "base64"))]),
      );
      const drawn = [];
      for await (const { count, x, label, posterior } of trainingInputsAhead({ ...plan, set: { columns, count: 100 } })) {
        const own = [x, label, posterior].every(({ buffer, byteLength }) => buffer instanceof ArrayBuffer && buffer.byteLength === byteLength);
        drawn.push({ own, count, label: [...label], posterior: [...posterior], black: x.indexOf(1) });
      }
      console.log(JSON.stringify(drawn));`;
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    const array = (values: Float32Array | number | undefined) => [...(values as Float32Array)];
    const expected = [...trainingInputs(plan)].map(({ count, x, label, posterior }) => ({
      own: true,
      count,
      label: array(label),
      posterior: array(posterior),
      black: array(x).indexOf(1),
    }));
    expect(JSON.parse(printed)).toEqual(expected);
  });

  test("are the same in process and out, whole", async () => {
    const here = [...trainingInputs(plan)];
    let i = 0;
    for await (const drawn of trainingInputsAhead(plan)) expect(drawn).toEqual(here[i++]);
    expect(i).toBe(here.length);
  });
});
