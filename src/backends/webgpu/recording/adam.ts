import { type AdamAttrs } from "../../adam.ts";
import { adamShader, attrsOf } from "../adam.ts";
import { Shader } from "../shader.ts";

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

/** Over all parameters at once: parameters, moments and gradients each lie in one buffer. */
export const latchedAdam = adamShader("LatchedAdam", { latched: true });

/** The numbers of a step as both shaders read them; its report goes to `place`. */
export const stepNumbers = (attrs: AdamAttrs, place: number) => [...attrsOf(attrs), place, 0, 0, 0];
export const STEP_NUMBERS = 12;
