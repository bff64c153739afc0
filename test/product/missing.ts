import { findInstallation } from "../../src/backends/tensorflow/installation.ts";
import { started } from "../backends/softwareWebgpu.ts";

/** Why a backend is not here, by name; undefined where it is. One that was set up for tests and is missing fails them. */
export const missing = {
  wasm: undefined,
  tensorflow: process.env["VAE_TENSORFLOW"] ? undefined : whyNot(findInstallation),
  webgpu: started instanceof Error ? started.message : undefined,
} as const;

export type Tested = keyof typeof missing;

function whyNot(find: () => unknown): string | undefined {
  try {
    find();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
