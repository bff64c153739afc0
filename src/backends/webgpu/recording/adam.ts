import type { AdamAttrs } from "../../adam.ts";
import { adamShader, attrsOf, THREADS } from "../adam.ts";
import { Shader } from "../shader.ts";

/** Adds up what the threads of a workgroup have, in the same order each time. */
const ADD_SUBTOTALS = `
    for (var width = ${THREADS / 2}u; width > 0u; width /= 2u) {
      workgroupBarrier();
      if (thread < width) { subtotals[thread] += subtotals[thread + width]; }
    }
    workgroupBarrier();`;

/**
 * Keeps the report of a step beside those of the steps before it, at the place that the numbers of the step name, and
 * sets the latch where a number of it is not finite: all the bits of its exponent are set then. By the bits, as compilers
 * of shaders may assume that numbers are finite. Nothing of the recording resets the latch.
 */
export const keepReport = new Shader(
  "KeepReport",
  `
  struct Step { adam: array<vec4<f32>, 2>, place: f32 }
  @group(0) @binding(0) var<storage, read> report: array<u32>;
  @group(0) @binding(1) var<storage, read_write> latch: array<u32>;
  @group(0) @binding(2) var<storage, read_write> reports: array<u32>;
  @group(0) @binding(3) var<uniform> step: Step;

  @compute @workgroup_size(1)
  fn main() {
    let length = arrayLength(&report);
    for (var k = 0u; k < length; k++) {
      let bits = report[k];
      reports[u32(step.place) * length + k] = bits;
      if ((bits & 0x7f800000u) == 0x7f800000u) { latch[0] = 1u; }
    }
  }`,
);

/** Each workgroup sums the squares of its share of the gradients. */
export const sumSquares = new Shader(
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
export const sumsOfSquares = (size: number) => Math.min(THREADS, Math.ceil(size / (16 * THREADS)));

/**
 * Adam over all parameters at once: parameters, moments and gradients each lie in one buffer. It does nothing once the
 * latch is set.
 */
export const latchedAdam = adamShader("LatchedAdam", {
  declarations: "@group(0) @binding(5) var<storage, read> latch: array<u32>;",
  before: "if (latch[0] != 0u) { return; }",
});

/** The same with gradients that are scaled down where the root of the sums of their squares is above a bound. */
export const clippingAdam = (clipNorm: number) =>
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
  });

/** The numbers of a step as the shaders read them; its report goes to `place`. */
export const stepNumbers = (attrs: AdamAttrs, place: number) => [...attrsOf(attrs), place, 0, 0, 0];
export const STEP_NUMBERS = 12;
