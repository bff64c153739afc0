import { type BatchInputs, inputsByName, onDevice } from "../model/inputs.ts";
import type { Model, Stage } from "../model/model.ts";
import type { Objective } from "../objectives/objective.ts";
import * as tf from "../tensors/tf.ts";

/**
 * The first tensor with a NaN or an infinity on the way from the pixels to the loss, described for a message with what it
 * may come from; weights come before what is computed from them.
 */
export async function findNonFinite(model: Model, objective: Objective, batch: BatchInputs): Promise<string> {
  const inputs = inputsByName(model, onDevice(model, batch));
  let stages: readonly Stage[] = [];
  tf.tidy(() => {
    stages = model.stages(inputs, objective.samples);
    for (const { tensor } of stages) tf.keep(tensor);
  });
  const inOrder: Stage[] = [
    ...model.fields.map(({ name }) => ({
      name: `the batch ${name}`,
      tensor: inputs[name]!,
      cause: "a value of the data that is no number",
    })),
    ...[...model.parameters].map(([name, tensor]) => ({
      name: `the weight ${name}`,
      tensor,
      cause: "an update before it that was too large",
    })),
    ...stages,
  ];
  try {
    for (const { name, tensor, cause } of inOrder) {
      const values = await tensor.data();
      const bad = values.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0) return `${name} [${tensor.shape}], ${values[bad]} at index ${bad}: likely from ${cause}`;
    }
    return "in the gradient: all values of the forward pass are finite";
  } finally {
    tf.dispose([...Object.values(inputs), ...stages.map(({ tensor }) => tensor)]);
  }
}
