import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "../../../tensors/tf.ts";
import type { AdamAttrs } from "../../adam.ts";
import { ADD_SUBTOTALS, adamShader, attrsOf, THREADS, workgroupsFor } from "../adam.ts";
import { Shader } from "../shader.ts";

const adam = adamShader("Adam");

/**
 * Each workgroup sums its share of x, squared if asked to, into one element of `sums`. No atomic additions, whose
 * order and so whose rounding would differ from run to run.
 */
const sum = new Shader(
  "Sum",
  `
  struct Attrs { first: f32, square: f32 }
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read_write> sums: array<f32>;
  @group(0) @binding(2) var<uniform> attrs: Attrs;
  var<workgroup> subtotals: array<f32, ${THREADS}>;

  @compute @workgroup_size(${THREADS})
  fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
  ) {
    var total = 0.0;
    for (var i = id.x; i < arrayLength(&x); i += groups.x * ${THREADS}u) {
      total += select(x[i], x[i] * x[i], attrs.square == 1.0);
    }
    subtotals[thread] = total;
    ${ADD_SUBTOTALS}
    if (thread == 0u) { sums[u32(attrs.first) + group.x] = subtotals[0]; }
  }`,
);

/** Registers the optimiser's kernels, see `adam.ts`; each parameter is one dispatch instead of fourteen. */
export function registerOptimizerKernels(): void {
  if (tf.getKernel("Adam", "webgpu")) return;
  tf.registerKernel({
    kernelName: "Adam",
    backendName: "webgpu",
    kernelFunc({ inputs, backend, attrs }) {
      const { param, m, v, grad } = inputs as Record<"param" | "m" | "v" | "grad", tf.TensorInfo>;
      adamUpdate(backend as WebGPUBackend, { param, m, v, grad }, attrs as unknown as AdamAttrs);
      return [];
    },
  });
  tf.registerKernel({
    kernelName: "SquaredNorm",
    backendName: "webgpu",
    kernelFunc: ({ inputs, backend }) =>
      squaredNorm(backend as WebGPUBackend, Object.values(inputs) as tf.TensorInfo[]),
  });
}

function adamUpdate(
  backend: WebGPUBackend,
  { param, m, v, grad }: Record<"param" | "m" | "v" | "grad", tf.TensorInfo>,
  attrs: AdamAttrs,
): void {
  adam.run(backend, [param, m, v, grad], attrsOf(attrs), workgroupsFor(tf.util.sizeFromShape(param.shape)));
  // What was read of them before, for a checkpoint say, is kept in main memory and is now out of date.
  for (const { dataId } of [param, m, v]) {
    const data: { values: unknown } = backend.tensorMap.get(dataId);
    data.values = null;
  }
}

function squaredNorm(backend: WebGPUBackend, tensors: readonly tf.TensorInfo[]): tf.TensorInfo {
  // At most 64 shares each, of at least 16 elements per thread: enough to use a card, few enough to add up.
  const shares = tensors.map(({ shape }) =>
    Math.min(64, Math.ceil(tf.util.sizeFromShape(shape) / (16 * THREADS))),
  );
  const sums = backend.makeTensorInfo([shares.reduce((a, b) => a + b, 0)], "float32");
  let first = 0;
  for (const [i, x] of tensors.entries()) {
    sum.run(backend, [x, sums], [first, 1], shares[i]!);
    first += shares[i]!;
  }
  const result = backend.makeTensorInfo([], "float32");
  sum.run(backend, [sums, result], [0, 0], 1);
  backend.disposeData(sums.dataId);
  return result;
}
