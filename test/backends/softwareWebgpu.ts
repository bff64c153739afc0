import { test } from "vitest";
import { useBackend } from "../../src/backends/index.ts";

// Any adapter will do here. Where one was set up, by scripts/swiftshader.sh say, its absence is a failure.
process.env["VAE_WEBGPU_SOFTWARE"] = "1";
const wanted = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"].some((name) => process.env[name]);
/** Of webgpu; the error where it does not start. */
export const started = await useBackend("webgpu", { threads: 1 }).catch((error: Error) => error);
if (wanted && started instanceof Error) throw started;

/** Why there is no adapter; undefined where there is one. */
export const absent = started instanceof Error ? started.message : undefined;

if (absent) test("no adapter", (context) => context.skip(absent));
