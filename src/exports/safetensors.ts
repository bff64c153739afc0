import { encodeSafetensors } from "../runs/safetensors.ts";
import type { ExportFormat } from "./exportFormat.ts";
import { factsOf, type Subject } from "./subject.ts";

const FILE = "weights.safetensors";

/** The learned numbers alone, with their names, and a header that says what they are of. */
export const safetensors: ExportFormat = {
  async write(subject) {
    const tensors = await weightsOf(subject);
    return {
      files: new Map([[FILE, encodeSafetensors({ tensors, metadata: factsOf(subject) })]]),
      notes: [],
      loading: `${LOADING}\n\n${layoutOf(subject)}`,
    };
  },
};

const weightsOf = async ({ run }: Subject) =>
  new Map(
    await Promise.all(
      [...run.model.parameters].map(async ([name, variable]) => {
        const data = (await variable.data()) as Float32Array;
        return [name, { shape: variable.shape, data }] as const;
      }),
    ),
  );

const LOADING = `\`\`\`python
from safetensors import safe_open
with safe_open("${FILE}", "numpy") as file:
    facts, weights = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
\`\`\``;

function layoutOf({ run }: Subject): string {
  const rows = [...run.model.parameters].map(([name, { shape }]) => `| ${name} | [${shape.join(", ")}] |`);
  return `Numbers are float32. A dense layer is f(x·kernel + bias) with a kernel [inputs, outputs]; a convolution of stride 2 with padding
"same" has a filter [height, width, inputs, outputs], a transposed one [height, width, outputs, inputs]; images are [height, width,
channels]. All ${run.model.parameters.count.toLocaleString("en-US")} of them:

| name | shape |
|---|---|
${rows.join("\n")}`;
}
