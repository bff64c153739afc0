import { VaeError } from "../base/errors.ts";
import type { ExportFormat } from "./exportFormat.ts";
import { graphOf } from "./graph.ts";
import { operations } from "./onnx/operations.ts";
import { encodeModel, rowsOf } from "./onnx/protocol.ts";
import { Writer } from "./onnx/writer.ts";
import { type ExportedFunction, factsOf, noFunctions, type Subject } from "./subject.ts";

/** The versions of ONNX's file format and of its operators, of 2021, which all runtimes since then know. */
const IR_VERSION = 8;
const OPERATORS_VERSION = 17;

/** An ONNX model for each function: what runs in onnxruntime and its like, from any language. */
export const onnx: ExportFormat = {
  async write(subject) {
    if (subject.functions.length === 0) throw noFunctions(subject);
    return {
      files: new Map(subject.functions.map((part) => [`${part.name}.onnx`, modelOf(subject, part)] as const)),
      notes: [],
      loading: loadingOf(subject),
    };
  },
};

function modelOf(subject: Subject, part: ExportedFunction): Uint8Array {
  const graph = graphOf(part, subject.run.model.parameters);
  const writer = new Writer();
  for (const [i, { name }] of part.inputs.entries()) writer.name(graph.inputs[i]!, name);
  for (const operation of graph.operations) {
    const translate = operations[operation.kernel];
    if (!translate) throw unsayable(part, operation.kernel);
    for (const [i, name] of translate(operation, writer).entries()) writer.name(operation.outputs[i]!, name);
  }
  for (const [i, { name }] of part.outputs.entries()) {
    const input = [writer.of(graph.outputs[i]!)];
    writer.nodes.push({ opType: "Identity", name: `output_${name}`, input, output: [name] });
  }
  const facts = factsOf(subject);
  return encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: OPERATORS_VERSION }],
    producerName: "vae",
    docString: facts["title"],
    metadataProps: Object.entries(facts).map(([key, value]) => ({ key, value })),
    graph: {
      name: part.name,
      node: writer.nodes,
      initializer: writer.initializers,
      input: part.inputs.map(({ name, shape, about }) => rowsOf(name, shape, about)),
      output: part.outputs.map(({ name, shape, about }) => rowsOf(name, shape, about)),
    },
  });
}

const unsayable = ({ name }: ExportedFunction, kernel: string) =>
  new VaeError(
    "failure",
    `As an ONNX model the ${name} cannot be written: it has the operation ${kernel}, which is not known here. ` +
      "--to safetensors writes the weights of any model.",
  );

function loadingOf({ functions }: Subject): string {
  const { name, inputs, outputs } = functions.at(-1)!;
  const given = inputs.map(
    (port) => `"${port.name}": numpy.random.randn(1, ${port.shape.join(", ")}).astype("float32")`,
  );
  return `\`\`\`python
import numpy, onnxruntime
${name} = onnxruntime.InferenceSession("${name}.onnx")
${outputs.map((port) => port.name).join(", ")} = ${name}.run(None, {${given.join(", ")}})
\`\`\``;
}
