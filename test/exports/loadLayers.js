// Loads every model of a folder as a page would, with TensorFlow.js and nothing else, and prints what it gives for its inputs.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";

const [folder] = process.argv.slice(2);
const server = createServer(({ url }, response) => response.end(readFileSync(join(folder, decodeURI(url)))));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const found = [];
for (const { path, inputs } of JSON.parse(readFileSync(join(folder, "inputs.json"), "utf8"))) {
  const model = await tf.loadLayersModel(encodeURI(`http://127.0.0.1:${server.address().port}/${path}`));
  const outputs = [model.predict(inputs.map(({ values, shape }) => tf.tensor(values, shape)))].flat();
  found.push(Object.fromEntries(model.outputNames.map((name, i) => [name, [...outputs[i].dataSync()]])));
}
server.close();
process.stdout.write(JSON.stringify(found));
