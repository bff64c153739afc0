import { type HostArray, passRecorder, type RecordedPass } from "../backends/index.ts";
import type { Pass, Vae } from "../model.ts";
import type * as tf from "../tf.ts";

/** A model with its recordings. */
export interface RecordingVae extends Vae {
  /** Gives up the recordings; the model itself stays. */
  dispose(): void;
}

/**
 * The same model, on the same parameters, which records the passes that it runs often, where the current backend can:
 * each at its first run, and once more for each new shape of its inputs. What cannot be recorded runs operation by
 * operation; `note` is told so once. With `record` false everything does.
 */
export function recordingVae(
  vae: Vae,
  options: { readonly record: boolean; readonly note: (text: string) => void },
): RecordingVae {
  const recordings = new Map<Pass, Map<string, RecordedPass>>();
  let record = options.record ? passRecorder() : undefined;

  const recordingFor = async (pass: Pass, inputs: readonly HostArray[]) => {
    if (!recordings.has(pass)) recordings.set(pass, new Map());
    const byShapes = recordings.get(pass)!;
    const shapes = JSON.stringify(inputs.map(({ shape }) => shape));
    const known = byShapes.get(shapes);
    if (known || !record) return known;
    const program = {
      parameters: vae.parameters.variables,
      compute: (inputs: readonly tf.Tensor[]) => pass(vae, inputs),
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
    ...vae,
    async run(pass, inputs, often) {
      const recording = often ? await recordingFor(pass, inputs) : undefined;
      return recording ? recording.run(inputs) : vae.run(pass, inputs, often);
    },
    dispose() {
      for (const byShapes of recordings.values()) {
        for (const recording of byShapes.values()) recording.dispose();
      }
      recordings.clear();
    },
  };
}
