/**
 * Trained VAEs in other programs: what `vae encode`, `vae decode`, `vae sample` and `vae evaluate --k` do, with plain arrays of
 * numbers.
 *
 *     import { loadRun } from "vae";
 *     const run = await loadRun("runs/digits-gaussian");
 *     const { mean } = await run.encode(images);
 */
export { type ErrorCode, VaeError } from "./base/errors.ts";
export { loadRun } from "./library/loadRun.ts";
export type { Numbers, Values } from "./library/numbers.ts";
export type { DecodeOptions, Encoded, GivenY, LoadOptions, Run } from "./library/run.ts";
