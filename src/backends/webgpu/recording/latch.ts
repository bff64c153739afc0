import { THREADS } from "../adam.ts";
import { Shader } from "../shader.ts";

/**
 * Keeps the report of a step beside those of the steps before it, at a place that the host names, and
 * sets the latch where a number of it is not finite: all the bits of its exponent are set then. By the bits, as compilers
 * of shaders may assume that numbers are finite. Nothing of the recording resets the latch.
 */
export const keepReport = new Shader(
  "KeepReport",
  `
  @group(0) @binding(0) var<storage, read> report: array<u32>;
  @group(0) @binding(1) var<storage, read_write> latch: array<u32>;
  @group(0) @binding(2) var<storage, read_write> reports: array<u32>;
  @group(0) @binding(3) var<uniform> place: f32;

  @compute @workgroup_size(1)
  fn main() {
    let length = arrayLength(&report);
    for (var k = 0u; k < length; k++) {
      let bits = report[k];
      reports[u32(place) * length + k] = bits;
      if ((bits & 0x7f800000u) == 0x7f800000u) { latch[0] = 1u; }
    }
  }`,
);

/** Copies what an update has computed to where it belongs, unless the latch is set. */
export const keepUpdate = new Shader(
  "KeepUpdate",
  `
  @group(0) @binding(0) var<storage, read> updated: array<f32>;
  @group(0) @binding(1) var<storage, read_write> kept: array<f32>;
  @group(0) @binding(2) var<storage, read> latch: array<u32>;

  @compute @workgroup_size(${THREADS})
  fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    if (latch[0] != 0u) { return; }
    for (var i = id.x; i < arrayLength(&kept); i += groups.x * ${THREADS}u) { kept[i] = updated[i]; }
  }`,
);
