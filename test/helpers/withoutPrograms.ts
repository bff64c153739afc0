import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "../../src/tensors/tf.ts";

/**
 * Calls kernels, of which those of webgpu give zeros: a software graphics card takes minutes to compile the programs of every
 * model, which change nothing about what is called. Not for recordings, which are tried out.
 */
export async function withoutPrograms(run: () => Promise<void>): Promise<void> {
  if (tf.getBackend() !== "webgpu") return run();
  const prototype: Pick<WebGPUBackend, "runWebGPUProgram"> = Object.getPrototypeOf(tf.backend());
  const { runWebGPUProgram } = prototype;
  prototype.runWebGPUProgram = function (this: WebGPUBackend, ...args) {
    const [program, , dtype, , given] = args;
    const output = given ?? this.makeTensorInfo(program.outputShape, dtype);
    const size = tf.util.sizeFromShape(output.shape);
    this.tensorMap.get(output.dataId).values ??= tf.util.getTypedArrayFromDType(
      output.dtype as "float32",
      size,
    );
    return output;
  };
  try {
    await run();
  } finally {
    prototype.runWebGPUProgram = runWebGPUProgram;
  }
}
