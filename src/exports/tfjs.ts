import { VaeError } from "../base/errors.ts";
import type * as tf from "../tensors/tf.ts";
import type { ExportFormat } from "./exportFormat.ts";
import { graphOf } from "./graph.ts";
import { layersModel } from "./layers/layersModel.ts";
import { NoLayer } from "./layers/operations.ts";
import { type ExportedFunction, factsOf, noFunctions, type Subject } from "./subject.ts";

const WEIGHTS = "weights.bin";

/** A layers model of TensorFlow.js for each function, of standard layers alone: what runs in a page. */
export const tfjs: ExportFormat = {
  async write(subject) {
    if (subject.functions.length === 0) throw noFunctions(subject);
    const models = subject.functions.map((part) => ({ part, ...modelOf(subject, part) }));
    const files = new Map<string, string | Uint8Array>();
    for (const { part, model } of models) {
      model.setUserDefinedMetadata(factsOf(subject));
      const { json, weights } = await saved(model);
      files.set(`${part.name}/model.json`, json).set(`${part.name}/${WEIGHTS}`, weights);
      model.dispose();
    }
    return {
      files,
      notes: models.flatMap(({ note }) => (note === undefined ? [] : [note])),
      loading: loadingOf(subject, models.at(-1)!.outputs),
    };
  },
};

/** Without the mean of p(x|·) where the standard layers cannot say it. */
function modelOf(subject: Subject, part: ExportedFunction) {
  const graph = graphOf(part, subject.run.model.parameters);
  const names = part.outputs.map(({ name }) => name);
  const build = (outputs: readonly string[]) => ({ model: layersModel(part, graph, outputs), outputs });
  try {
    return { ...build(names), note: undefined };
  } catch (error) {
    if (!(error instanceof NoLayer)) throw error;
    const others = names.filter((name) => name !== "mean");
    if (part.name === "encoder") throw unsayable(part, error);
    try {
      return {
        ...build(others),
        note: `The ${part.name} gives params alone, and not the mean: ${error.message}. The card has its formula; onnx has both.`,
      };
    } catch (error) {
      throw error instanceof NoLayer ? unsayable(part, error) : error;
    }
  }
}

const unsayable = ({ name }: ExportedFunction, { message }: NoLayer) =>
  new VaeError("failure", `As a layers model the ${name} cannot be written: ${message}. --to onnx takes it.`);

/** As the library itself saves a model, in two files. */
async function saved(model: ReturnType<typeof layersModel>): Promise<{ json: string; weights: Uint8Array }> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save({
    async save(found) {
      artifacts = found;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    },
  });
  const { weightData, weightSpecs, ...topology } = artifacts!;
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs }];
  return {
    json: `${JSON.stringify({ ...topology, weightsManifest })}\n`,
    weights: new Uint8Array(weightData as ArrayBuffer),
  };
}

function loadingOf({ functions, run }: Subject, outputs: readonly string[]): string {
  const { name, inputs } = functions.at(-1)!;
  const examples = inputs.map(({ shape }) => `tf.randomNormal([1, ${shape.join(", ")}])`);
  const isPicture = outputs.includes("mean") && run.model.target.show === "image";
  return `In a page with this folder beside it, after \`<script src="tf.min.js"></script>\`, which is \`dist/tf.min.js\` of the package
\`@tensorflow/tfjs\`:

\`\`\`js
const ${name} = await tf.loadLayersModel("${name}/model.json");
const [${outputs.join(", ")}] = [${name}.predict(${examples.length === 1 ? examples[0] : `[${examples.join(", ")}]`})].flat();
${
  isPicture
    ? 'await tf.browser.toPixels(mean.squeeze([0]).clipByValue(0, 1), document.querySelector("canvas"));'
    : `console.log(${outputs.at(-1)}.arraySync());`
}
\`\`\``;
}
