import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import wabt from "wabt";
import { binaries } from "../../src/backends/wasm/adamSimd.ts";

test.each([
  ["shared", "1 65536 shared"],
  ["own", "1"],
] as const)("the %s binary is adam.wat, assembled", async (name, memory) => {
  const text = readFileSync(new URL("../../src/backends/wasm/adam.wat", import.meta.url), "utf8");
  const features = { simd: true, threads: true };
  const module = (await wabt()).parseWat("adam.wat", text.replace("1 65536 shared", memory), features);
  expect(binaries[name]).toBe(Buffer.from(module.toBinary({}).buffer).toString("base64"));
});
