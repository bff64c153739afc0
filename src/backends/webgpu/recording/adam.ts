import type { AdamConstants } from "../../adam.ts";
import { ADD_SUBTOTALS, adamShader, attrsOf, THREADS, workgroupsFor } from "../adam.ts";
import { Shader } from "../shader.ts";
import type { FlatUpdate } from "./update.ts";

/** Each workgroup sums the squares of its share of the gradients. */
const sumSquares = new Shader(
  "SumSquares",
  `
  @group(0) @binding(0) var<storage, read> gradients: array<f32>;
  @group(0) @binding(1) var<storage, read_write> sums: array<f32>;
  var<workgroup> subtotals: array<f32, ${THREADS}>;

  @compute @workgroup_size(${THREADS})
  fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
  ) {
    var total = 0.0;
    for (var i = id.x; i < arrayLength(&gradients); i += groups.x * ${THREADS}u) {
      total += gradients[i] * gradients[i];
    }
    subtotals[thread] = total;
    ${ADD_SUBTOTALS}
    if (thread == 0u) { sums[group.x] = subtotals[0]; }
  }`,
);

/** Over at least 16 elements for each thread. At most so many as a workgroup has threads, which add the sums up. */
const sumsOfSquares = (size: number) => Math.min(THREADS, Math.ceil(size / (16 * THREADS)));

/**
 * Adam over all parameters at once: parameters, moments and gradients each lie in one buffer. It does nothing once the
 * latch is set.
 */
const latchedAdam = (decays: boolean) =>
  adamShader("LatchedAdam", {
    declarations: "@group(0) @binding(5) var<storage, read> latch: array<u32>;",
    before: "if (latch[0] != 0u) { return; }",
    decays,
  });

/** The same with gradients that are scaled down where the root of the sums of their squares is above a bound. */
const clippingAdam = (clipNorm: number, decays: boolean) =>
  adamShader("ClippingAdam", {
    declarations: `
  @group(0) @binding(5) var<storage, read> latch: array<u32>;
  @group(0) @binding(6) var<storage, read> sums: array<f32>;
  var<workgroup> subtotals: array<f32, ${THREADS}>;`,
    before: `
    if (latch[0] != 0u) { return; }
    subtotals[thread] = 0.0;
    if (thread < arrayLength(&sums)) { subtotals[thread] = sums[thread]; }
    ${ADD_SUBTOTALS}
    let norm = sqrt(subtotals[0]);
    if (norm > f32(${clipNorm})) { scale *= f32(${clipNorm}) / norm; }`,
    decays,
  });

/** A step of Adam on buffers of all parameters, moments and gradients. */
export function adamUpdate(adam: AdamConstants, clipNorm: number): FlatUpdate {
  const decays = (adam.weightDecay ?? 0) > 0;
  return {
    numbers: (at) => attrsOf({ ...adam, ...at, scale: 1 }),
    commands({ param, gradient, state, numbers, latch }, { allocation, command }) {
      const buffers = [param, ...state, gradient].map((buffer) => ({ buffer }));
      const bindings = [...buffers, numbers, { buffer: latch }];
      const size = param.size / 4;
      const workgroups = workgroupsFor(size);
      if (clipNorm === 0) return [command(latchedAdam(decays), bindings, workgroups)];
      const count = sumsOfSquares(size);
      const sums = { buffer: allocation.create(4 * count) };
      return [
        command(sumSquares, [{ buffer: gradient }, sums], count),
        command(clippingAdam(clipNorm, decays), [...bindings, sums], workgroups),
      ];
    },
  };
}
