import { VaeError } from "../base/errors.ts";
import { hasLatents, type Vae } from "../model/vae.ts";
import type { OpenedRun } from "./experiment.ts";

/** The same run, which must have latents. */
export function withLatents(run: OpenedRun, path: string): OpenedRun & { readonly model: Vae } {
  const { model } = run;
  if (hasLatents(model)) return { ...run, model };
  const { kind } = run.config.model;
  const instead =
    kind === "bnn"
      ? `what it infers are its weights. \`vae predict ${path} FILE.csv\` predicts, \`vae explain ${path}\` tells of the weights`
      : `it predicts x from y alone. \`vae predict ${path} test:0-7\` does that`;
  throw new VaeError("usage", `${path} is a run of model.kind ${kind}, which has no latent z: ${instead}.`);
}
