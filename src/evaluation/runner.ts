import { passRecorder, type RecordedPass } from "../backends/index.ts";
import { turns } from "../base/turns.ts";
import type { Density } from "../model/likelihoods/likelihood.ts";
import { isDensity, type Model } from "../model/model.ts";
import { hasLatents, type Vae } from "../model/vae.ts";
import { asTensors, type HostArray } from "../tensors/hostArray.ts";
import * as tf from "../tensors/tf.ts";

/**
 * What is computed of some tensors and a model's parameters: a pure function, without host reads and random draws.
 * It gives new tensors, and is the same function each time, as a recording is known by it.
 */
export type Pass = (model: Model, inputs: readonly tf.Tensor[]) => tf.Tensor[];

/** Runs passes through a model, on the backend that is current. */
export interface Runner {
  readonly model: Model;
  /** Aborting it ends what is evaluated, as "interrupted". */
  readonly signal?: AbortSignal | undefined;
  /** The values of what a pass gives; recorded if it runs `often` on inputs of these shapes, where that can be. */
  run(pass: Pass, inputs: readonly HostArray[], often: boolean): Promise<Float32Array[]>;
  /** Gives up the recordings; the model itself stays. */
  dispose(): void;
}

/**
 * Records the passes that run often, where the backend can: each at its first run, and once more for each new shape of
 * its inputs. What cannot be recorded runs operation by operation; `note` is told so once. With `record` false everything
 * does.
 */
export function createRunner<M extends Model>(
  model: M,
  options: { readonly record: boolean; readonly note: (text: string) => void; readonly signal?: AbortSignal },
): Runner & { readonly model: M } {
  const recordings = new Map<Pass, Map<string, RecordedPass>>();
  let record = options.record ? passRecorder() : undefined;

  const recordingFor = async (pass: Pass, inputs: readonly HostArray[]) => {
    if (!recordings.has(pass)) recordings.set(pass, new Map());
    const byShapes = recordings.get(pass)!;
    const shapes = JSON.stringify(inputs.map(({ shape }) => shape));
    const known = byShapes.get(shapes);
    if (known || !record) return known;
    const program = {
      parameters: model.parameters.variables,
      compute: (inputs: readonly tf.Tensor[]) => pass(model, inputs),
    };
    try {
      const recording = await record(program, inputs);
      byShapes.set(shapes, recording);
      return recording;
    } catch (error) {
      record = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      options.note(`the evaluation runs operation by operation, as it cannot be recorded: ${reason}`);
      return undefined;
    }
  };
  return {
    model,
    signal: options.signal,
    async run(pass, inputs, often) {
      const recording = often ? await recordingFor(pass, inputs) : undefined;
      return recording ? recording.run(inputs) : runEagerly(model, pass, inputs);
    },
    dispose() {
      for (const byShapes of recordings.values()) {
        for (const recording of byShapes.values()) recording.dispose();
      }
      recordings.clear();
    },
  };
}

/** For between the pieces of an evaluation, see `turns`. */
export const turnsOf = ({ signal }: Runner) => turns(signal, "Interrupted while images were evaluated.");

/** Whether its model has a density, see `isDensity`. */
export const isOfDensity = (runner: Runner): runner is Runner & { model: Model & { likelihood: Density } } =>
  isDensity(runner.model);

/** Whether its model has latents, see `hasLatents`. */
export const isOfLatents = (runner: Runner): runner is Runner & { model: Vae } => hasLatents(runner.model);

const runEagerly = (model: Model, pass: Pass, inputs: readonly HostArray[]) =>
  asTensors(inputs, async (tensors) => {
    const results = tf.tidy(() => pass(model, tensors));
    const values = await Promise.all(results.map((result) => result.data() as Promise<Float32Array>));
    tf.dispose(results);
    return values;
  });
