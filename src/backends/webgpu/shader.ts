import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "../../tensors/tf.ts";
import { bufferOf, flush, internalsOf } from "./internals.ts";

/**
 * A compute shader that may change tensors in place, which the package's `runWebGPUProgram` cannot: it writes one new
 * tensor. Bindings 0, 1, … of the code are the tensors, the next one is a struct of f32; the entry is `main`.
 */
export class Shader {
  readonly #name: string;
  readonly #code: string;
  readonly #compiled = new WeakMap<GPUDevice, { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>();

  constructor(name: string, code: string) {
    this.#name = name;
    this.#code = code;
  }

  /** Records a run into the backend's own stream of commands, so it comes after all that its inputs depend on. */
  run(
    backend: WebGPUBackend,
    tensors: readonly tf.TensorInfo[],
    uniforms: readonly number[],
    workgroups: number | readonly [x: number, y: number, z: number],
  ): void {
    const internals = internalsOf(backend);
    const { pipeline, layout } = this.compile(backend.device);
    // First, as uploads may end the pass that the run is recorded into.
    const resources = [
      ...tensors.map(({ dataId }) => ({ buffer: bufferOf(backend, dataId) })),
      internals.makeUniforms(uniforms.map((value) => ({ type: "float32", data: [value] }))),
    ];
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    for (const { dataId } of tensors) internals.commandQueueOwnedIds.add(dataId);
    backend.ensureCommandEncoderReady();
    internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass();
    const pass = internals.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, backend.device.createBindGroup({ layout, entries }));
    const [x, y, z] = typeof workgroups === "number" ? [workgroups, 1, 1] : workgroups;
    pass.dispatchWorkgroups(x, y, z);
    internals.dispatchCountInPass++;
    if (internals.dispatchCountInPass >= tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE")) {
      flush(backend);
    }
  }

  /** Compiles it for a device, once. */
  compile(device: GPUDevice): { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout } {
    let compiled = this.#compiled.get(device);
    if (!compiled) {
      const module = device.createShaderModule({ code: this.#code, label: this.#name });
      const pipeline = device.createComputePipeline({
        compute: { module, entryPoint: "main" },
        layout: "auto",
        label: this.#name,
      });
      compiled = { pipeline, layout: pipeline.getBindGroupLayout(0) };
      this.#compiled.set(device, compiled);
    }
    return compiled;
  }
}
