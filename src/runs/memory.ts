import { formatBytes } from "../base/bytes.ts";
import { VaeError } from "../base/errors.ts";
import type { Config } from "../config/schema.ts";
import { flagOf, type Setting, settings, valueAt } from "../config/settings.ts";
import type { Dataset } from "../data/dataset.ts";
import { fieldOf } from "../data/field.ts";
import { models } from "../model/index.ts";
import type { ModelFields } from "../model/model.ts";
import { createObjective } from "../objectives/index.ts";
import { optimizers } from "../training/optimizers/index.ts";

const FLOAT_BYTES = 4;

/** The share of a backend's memory that these may take; the rest goes to what operations make in passing. */
const USABLE = 0.75;

type Data = Pick<Dataset, "train"> & ModelFields;

/**
 * Bytes that training takes at least: 4 · weights · (1 + gradient + states of the optimiser), and what a step of B images
 * and K samples of each keeps for its gradients, 4 · B · (perExample + K · perSample). A likelihood keeps more than that.
 */
export function leastMemory(config: Config, data: Data): { weights: number; step: number } {
  const { weights, perExample, perSample } = models.of(config.model).size(config, data);
  const { optimizer, batchSize } = config.training;
  const copies = 2 + optimizers.of(optimizer).create(optimizer).state.length;
  const { samples } = createObjective(config.objective);
  const B = Math.min(batchSize, data.train.count);
  return {
    weights: FLOAT_BYTES * weights * copies,
    step: FLOAT_BYTES * B * (perExample + samples * perSample),
  };
}

/** From here on it is told what training takes: 2 GiB. */
const MUCH = 2 ** 31;

/**
 * Refuses what cannot fit before any of it is taken, and names the setting that makes it so large. Of what fits but is much
 * it returns a sentence that says so.
 */
export function checkMemory(
  config: Config,
  data: Data,
  backend: { readonly name: string; readonly memory: number },
): string | undefined {
  const { weights, step } = leastMemory(config, data);
  const total = weights + step;
  if (total <= USABLE * backend.memory) {
    if (total <= MUCH) return undefined;
    return `Training takes at least ${formatBytes(total)} of memory. ${largestCause(config, data, total, "large")}`;
  }
  const [part, what] =
    weights > step
      ? [weights, "the weights, their gradients and the optimiser's state"]
      : [step, "what one step keeps for its gradients"];
  throw new VaeError(
    "usage",
    `${largestCause(config, data, total, "too large")} Training takes at least ${formatBytes(total)} of memory, ` +
      `${formatBytes(part)} of it for ${what}; ${backend.name} can have ${formatBytes(backend.memory)} here.`,
  );
}

/** The setting that saves most if it has its default, in a sentence; or the size of the images, if none saves half. */
function largestCause(config: Config, data: Data, total: number, verdict: string): string {
  const causes = settings()
    .filter((setting) => isSize(setting, valueAt(config, setting.path)))
    .map(({ path, default: usual }) => {
      const { weights, step } = leastMemory(withSetting(config, path, usual), data);
      return { path, usual, needed: weights + step };
    });
  const [cause] = causes.toSorted((a, b) => a.needed - b.needed);
  if (cause && cause.needed < total / 2) {
    const told = (value: unknown) => JSON.stringify(value);
    return (
      `${flagOf(cause.path)} is ${told(valueAt(config, cause.path))}, which is ${verdict}; ` +
      `with ${told(cause.usual)}, the default, it would take ${formatBytes(cause.needed)}.`
    );
  }
  return `The images are ${verdict}, ${fieldOf(data.fields, "x").shape.join("x")} (height x width x channels).`;
}

const isSize = ({ default: usual }: Setting, value: unknown) =>
  usual !== undefined && (Array.isArray(value) || Number.isInteger(value));

function withSetting(config: Config, path: string, value: unknown): Config {
  const result = structuredClone(config);
  const keys = path.split(".");
  const section = valueAt(result, keys.slice(0, -1).join(".")) ?? result; // of threads, which is in none
  (section as Record<string, unknown>)[keys.at(-1)!] = value;
  return result;
}
