import { VaeError } from "../base/errors.ts";
import { loadConfig, type Overrides } from "../config/load.ts";
import { overridesFrom } from "../config/options.ts";
import { withoutDefaults } from "../config/withoutDefaults.ts";
import type { Section } from "./document.ts";
import type { ToolOptions } from "./toolOptions.ts";
import { overridesOf, type ToolFlags, translate, translationSection } from "./translate.ts";

/** Settings from a command line; with --from, those that the other tool's loss stands for, and what to say about it. */
export async function settingsFrom(
  file: string | undefined,
  options: ToolOptions,
  datasetD: (overrides: Overrides) => Promise<number>,
): Promise<{ overrides: Overrides; section?: Section }> {
  const { from } = options;
  const { beta, ...others } = toolFlags(options);
  if (from === undefined) {
    if (Object.keys(others).length === 0) return { overrides: overridesFrom({ ...options }) };
    throw new VaeError(
      "usage",
      "--kl-weight, --reconstruction-loss and --image-size are settings of other tools; say of which with --from, as in " +
        "`vae explain --from pythae`.",
    );
  }
  const own = overridesFrom({ ...options, beta: undefined });
  const conflict = [...own.keys()].find((path) => /^(likelihood|objective\.(kind|beta)$)/.test(path));
  if (conflict) {
    throw new VaeError(
      "usage",
      `--from ${from} decides the likelihood and β, so ${conflict} cannot be set beside it. ` +
        `Take the YAML that it prints and change that.`,
    );
  }
  const flags = { ...others, ...(beta !== undefined && { beta }) };
  const translation = await translate(from, flags, () => datasetD(own));
  const { likelihood: _, objective: __, ...rest } = withoutDefaults(loadConfig(file, own));
  return {
    overrides: new Map([...own, ...overridesOf(translation.same)]),
    section: translationSection(translation, rest),
  };
}

function toolFlags(options: ToolOptions): ToolFlags {
  const { beta, klWeight, kldWeight, weight, reconstructionLoss, imageSize } = options;
  const weights = [klWeight, kldWeight, weight].filter((given) => given !== undefined);
  if (weights.length > 1) {
    throw new VaeError(
      "usage",
      "--kl-weight, --kld-weight and --weight are the same thing; give one of them.",
    );
  }
  return {
    ...(beta !== undefined && { beta }),
    ...(weights[0] !== undefined && { klWeight: weights[0] }),
    ...(reconstructionLoss !== undefined && { reconstructionLoss }),
    ...(imageSize !== undefined && { imageSize }),
  };
}
