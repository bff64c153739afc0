import { basename, dirname } from "node:path";
import { z } from "zod";
import { VaeError } from "../base/errors.ts";
import { settingNamed } from "../comparison/settingsOf.ts";
import { type Overrides, type Plain, readYaml } from "../config/load.ts";
import { configFile } from "../config/recipes.ts";
import { distributionSchema } from "./distributions.ts";
import { byPath, checked, noCount, pathOf } from "./fileParts.ts";
import type { Settings, Sweep } from "./sweep.ts";
import { MOST_CELLS, valuesOfAxis, valuesOfFlag } from "./values.ts";
import { isWandb, readWandb } from "./wandb.ts";

const fileSchema = z.strictObject({
  base: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  vary: z.strictObject({
    grid: z.record(z.string(), z.unknown()).default({}),
    list: z.array(z.record(z.string(), z.unknown())).default([]),
    random: z
      .strictObject({
        count: z.int().min(1).max(MOST_CELLS).optional(),
        seed: z.int().min(0).default(0),
        settings: z.record(z.string(), distributionSchema),
      })
      .optional(),
  }),
});

export interface SweepOptions {
  /** The draws of a random search, over what the file says. */
  readonly count?: number;
}

/**
 * A sweep from a file (a sweep of ours or of W&B, or a configuration) and from flags, whose values with commas or a range
 * are axes and whose single ones all cells have. Flags beat the file.
 */
export function readSweep(file: string | undefined, flags: Overrides, options: SweepOptions = {}): Sweep {
  return withFlags(file === undefined ? plainSweep("sweep") : fromFile(file, options), flags);
}

const plainSweep = (name: string, base: Plain = {}): Sweep => ({
  name,
  base,
  fixed: new Map(),
  grid: new Map(),
  list: [],
});

function fromFile(file: string, options: SweepOptions): Sweep {
  const content = readYaml(file);
  const name = basename(file).replace(/\.ya?ml$/, "");
  if (isWandb(content)) return readWandb(content, { file, name, ...options });
  if (!("vary" in content || "base" in content)) return plainSweep(name, content);
  const { base = {}, vary } = checked(fileSchema, content, file);
  const { grid, list, random } = vary;
  const sweep: Sweep = {
    ...plainSweep(name, typeof base === "string" ? readYaml(configFile(base, "train", dirname(file))) : base),
    grid: byPath(grid, valuesOfAxis),
    list: list.map((settings) => byPath(settings, (value) => value)),
    ...(random && {
      random: {
        count: options.count ?? random.count ?? noCount(file, "vary.random.count"),
        seed: random.seed,
        settings: byPath(random.settings, (distribution) => distribution),
      },
    }),
  };
  refuseTwice(sweep, file);
  return sweep;
}

function withFlags(sweep: Sweep, flags: Overrides): Sweep {
  const grid = new Map(sweep.grid);
  const fixed = new Map(sweep.fixed);
  for (const [name, text] of flags) {
    const { path, isList } = settingNamed(pathOf(name));
    if ([...sweep.list, sweep.random?.settings].some((settings) => settings?.has(path))) {
      throw new VaeError("usage", `--${name} ${text}: the list or the random search of the file has it too.`);
    }
    const values = valuesOfFlag(text, isList);
    grid.delete(path);
    fixed.delete(path);
    if (values.length === 1) fixed.set(path, values[0]);
    else grid.set(path, values);
  }
  return { ...sweep, fixed, grid };
}

/** A setting has one place where it varies. */
function refuseTwice({ grid, list, random }: Sweep, file: string): void {
  const listed: Settings = new Map(list.flatMap((settings) => [...settings]));
  const places = [grid, listed, random?.settings ?? new Map()];
  for (const path of places.flatMap((settings) => [...settings.keys()])) {
    if (places.filter((settings) => settings.has(path)).length > 1)
      throw new VaeError("usage", `${file}: ${path} varies in more than one of grid, list and random.`);
  }
}
