import { existsSync } from "node:fs";
import { describe, test } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Why it is skipped. */
    missing?: string;
  }
}

/** The real thing where `VAE_TENSORFLOW` names a folder, in which `vae setup tensorflow` makes it in about a minute. */
export const tensorflowMissing = process.env["VAE_TENSORFLOW"]
  ? undefined
  : "no TensorFlow (VAE_TENSORFLOW names a folder, and `vae setup tensorflow` makes it)";

/** `describe`, skipped if something is missing; the last lines of the run then say what. */
export const describeUnless = (missing: string | undefined, name: string, body: () => void) =>
  describe.skipIf(missing !== undefined)(name, { meta: { ...(missing && { missing }) } }, body);

/** The same of a single test. */
export const testUnless = (missing: string | undefined, name: string, body: () => Promise<void> | void) =>
  test.skipIf(missing !== undefined)(name, { meta: { ...(missing && { missing }) } }, body);

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A browser to look at pages with. */
export const chromiumPath = process.env["VAE_CHROMIUM"] ?? chromium.find((path) => existsSync(path));

export const chromiumMissing = chromiumPath
  ? undefined
  : "no Chromium (VAE_CHROMIUM names its program; Debian has it as the package chromium)";
