import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import type { Plain } from "../config/load.ts";
import type { Distribution } from "./distributions.ts";
import { byPath, checked, noCount } from "./fileParts.ts";
import type { Sweep } from "./sweep.ts";
import { valuesOfAxis } from "./values.ts";

const parameterSchema = z.strictObject({
  value: z.unknown().optional(),
  values: z.array(z.unknown()).nonempty().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  distribution: z.string().optional(),
});

type Parameter = z.output<typeof parameterSchema>;

/** https://docs.wandb.ai/guides/sweeps/define-sweep-configuration: of it, what says which runs there are. */
const fileSchema = z.looseObject({
  method: z.string(),
  run_cap: z.int().min(1).optional(),
  parameters: z.record(z.string(), z.unknown()),
});

export const isWandb = (content: Plain) => "method" in content && "parameters" in content;

/** A sweep in the format of Weights & Biases; its program, metric and command are passed over. */
export function readWandb(
  content: Plain,
  { file, name, count }: { file: string; name: string; count?: number },
): Sweep {
  const { method, parameters, run_cap } = checked(fileSchema, content, file);
  const all = Object.entries(flat(parameters, file));
  const fixed = all.filter(([, { value }]) => value !== undefined);
  const varied = Object.fromEntries(all.filter(([, { value }]) => value === undefined));
  const sweep: Sweep = {
    name,
    base: {},
    fixed: byPath(Object.fromEntries(fixed), ({ value }) => value),
    grid: new Map(),
    list: [],
  };
  if (method === "grid") {
    return {
      ...sweep,
      grid: byPath(varied, ({ values }) => (values ? valuesOfAxis(values) : noValues(file))),
    };
  }
  if (method !== "random") {
    throw new VaeError("usage", `${file}: method ${method} is not one of those read: grid, random.`);
  }
  const settings = byPath(varied, (parameter) => distributionOf(parameter, file));
  return {
    ...sweep,
    random: { count: count ?? run_cap ?? noCount(file, "run_cap"), seed: 0, settings },
  };
}

function noValues(file: string): never {
  throw new VaeError("usage", `${file}: with method grid each parameter has \`values\` or a \`value\`.`);
}

/** Parameters by path: those of a section may be in `parameters` of their own. */
function flat(parameters: Plain, file: string, path = ""): Record<string, Parameter> {
  return Object.assign(
    {},
    ...Object.entries(parameters).map(([key, parameter]) => {
      const inner = (parameter as Plain | null)?.["parameters"];
      if (typeof inner === "object" && inner !== null) return flat(inner as Plain, file, `${path}${key}.`);
      return { [`${path}${key}`]: checked(parameterSchema, parameter as Plain, `${file}, ${path}${key},`) };
    }),
  );
}

/** Theirs by name: the bounds of `log_uniform` are exponents of e. */
const DISTRIBUTIONS: Readonly<Record<string, (min: number, max: number) => Distribution>> = {
  uniform: (min, max) => ({ distribution: "uniform", min, max }),
  int_uniform: (min, max) => ({ distribution: "int", min, max }),
  log_uniform_values: (min, max) => ({ distribution: "logUniform", min, max }),
  log_uniform: (min, max) => ({ distribution: "logUniform", min: Math.exp(min), max: Math.exp(max) }),
};

function distributionOf({ values, min, max, distribution }: Parameter, file: string): Distribution {
  if (values) return { distribution: "choice", values: values as [unknown, ...unknown[]] };
  const areWhole = Number.isInteger(min) && Number.isInteger(max);
  const name = distribution ?? (areWhole ? "int_uniform" : "uniform");
  const made = DISTRIBUTIONS[name];
  if (!made || min === undefined || max === undefined || !(min <= max)) {
    throw new VaeError(
      "usage",
      `${file}: a parameter of a random search has a \`value\`, \`values\`, or min ≤ max and a distribution: ` +
        `${Object.keys(DISTRIBUTIONS).join(", ")}.`,
    );
  }
  return made(min, max);
}
