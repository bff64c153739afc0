import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { expect } from "vitest";
import { drawDecoded } from "../../src/evaluation/pictures.ts";
import { subjectOf } from "../../src/exports/subject.ts";
import { tfjs } from "../../src/exports/tfjs.ts";
import type { Vae } from "../../src/model/vae.ts";
import { RandomStream } from "../../src/tensors/random.ts";
import { exportedModels, madeUpRun, worstError } from "../helpers/exported.ts";
import { chromiumMissing, chromiumPath, testUnless } from "../helpers/missing.ts";

const library = createRequire(import.meta.url).resolve("@tensorflow/tfjs/dist/tf.min.js");
const PAGE = '<!doctype html><link rel="icon" href="data:,"><script src="tf.min.js"></script>';

testUnless(chromiumMissing, "a page in Chromium draws what vae sample draws", async () => {
  const run = await madeUpRun(exportedModels["conv"]!);
  const model = run.model as Vae;
  const stream = () => new RandomStream(0).fork("sample");
  const z = Array.from(model.priorOf().sample(3, stream().fork("prior")).dataSync());
  const drawn = Array.from(model.likelihood.mean(drawDecoded(model, 3, stream())).dataSync());
  const { files } = await tfjs.write(subjectOf(run));
  const served = new Map<string, string | Uint8Array>([
    ...files,
    ["", PAGE],
    ["tf.min.js", readFileSync(library)],
  ]);
  const server = createServer(({ url }, response) => response.end(served.get(url!.slice(1))));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const found = await page.evaluate<number[]>(`(async () => {
      await tf.setBackend("cpu");
      const decoder = await tf.loadLayersModel("decoder/model.json");
      const [params, mean] = decoder.predict(tf.tensor(${JSON.stringify(z)}, [3, ${model.latentDim}]));
      return Array.from(mean.dataSync());
    })()`);
    expect(worstError(found, drawn)).toBeLessThan(1e-5);
  } finally {
    await browser.close();
    server.close();
  }
});
