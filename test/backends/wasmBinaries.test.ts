import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import wabt from "wabt";
import * as adam from "../../src/backends/wasm/adamSimd.ts";
import * as elementwise from "../../src/backends/wasm/elementwiseSimd.ts";
import * as matmul from "../../src/backends/wasm/matmulSimd.ts";

const features = { simd: true, threads: true, relaxed_simd: true };

async function assembled(file: string, change: (text: string) => string): Promise<string> {
  const text = readFileSync(new URL(`../../src/backends/wasm/${file}`, import.meta.url), "utf8");
  const module = (await wabt()).parseWat(file, change(text), features);
  return Buffer.from(module.toBinary({}).buffer).toString("base64");
}

const memories = { shared: "1 65536 shared", own: "1" };

/** `relaxed_madd a b c` as a product and a sum. */
const unfused = (text: string) =>
  text.replaceAll(
    /\(f32x4\.relaxed_madd (\(local\.get \$\w+\)) (\(local\.get \$\w+\)) (\(local\.get \$\w+\))\)/g,
    "(f32x4.add (f32x4.mul $1 $2) $3)",
  );

test.each(Object.entries(memories))(
  "the binaries for memory that is %s are their texts, assembled",
  async (kind, memory) => {
    const withMemory = (text: string) => text.replace(memories.shared, memory);
    const key = kind as keyof typeof memories;
    expect(adam.binaries[key]).toBe(await assembled("adam.wat", withMemory));
    expect(elementwise.binaries[key]).toBe(await assembled("elementwise.wat", withMemory));
    expect(matmul.binaries.fused[key]).toBe(await assembled("matmul.wat", withMemory));
    expect(matmul.binaries.unfused[key]).toBe(
      await assembled("matmul.wat", (text) => unfused(withMemory(text))),
    );
  },
);
