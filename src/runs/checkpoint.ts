import { readFileSync } from "node:fs";
import { writeFileAtomic } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import type { Parameters } from "../tensors/parameters.ts";
import * as tf from "../tensors/tf.ts";
import type { Optimizer } from "../training/optimizer.ts";
import type { TrainingState } from "../training/trainer.ts";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";

const FORMAT = "vae-checkpoint-1";

/**
 * Writes weights, the optimiser's state and position as one file that appears whole. Random numbers are functions of seed and step,
 * so the position is all that a resumed run needs to know of them.
 */
export async function saveCheckpoint(
  file: string,
  parameters: Parameters,
  optimizer: Optimizer,
  state: TrainingState,
): Promise<void> {
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, variable] of [...parameters, ...optimizer.state]) {
    tensors.set(name, { shape: variable.shape, data: (await variable.data()) as Float32Array });
  }
  const metadata = { format: FORMAT, state: JSON.stringify(state) };
  await writeFileAtomic(file, encodeSafetensors({ tensors, metadata }));
}

/** Loads weights into a model that was built from the same configuration, and its state into an optimiser if one is given. */
export function loadCheckpoint(file: string, parameters: Parameters, optimizer?: Optimizer): TrainingState {
  const contents = decodeSafetensors(readFileSync(file), file);
  if (contents.metadata["format"] !== FORMAT) {
    throw new VaeError(
      "failure",
      `${file} was not written by this version of vae (it says ${contents.metadata["format"]}).`,
    );
  }
  for (const [name, variable] of [...parameters, ...(optimizer?.state ?? [])]) {
    assignFrom(contents, name, variable, file);
  }
  return JSON.parse(contents.metadata["state"]!) as TrainingState;
}

function assignFrom({ tensors }: TensorFile, name: string, variable: tf.Variable, file: string): void {
  const stored = tensors.get(name);
  if (!stored)
    throw new VaeError("failure", `${file} has no tensor ${name}, which the configuration calls for.`);
  if (String(stored.shape) !== String(variable.shape)) {
    throw new VaeError(
      "failure",
      `${file}: ${name} has shape [${stored.shape}], but the configuration calls for [${variable.shape}].`,
    );
  }
  tf.tidy(() => variable.assign(tf.tensor(stored.data, variable.shape)));
}
