import { Command, Option } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { LatentPathName } from "../evaluation/latentSpace.ts";
import type { PathRow } from "../figures/latentGrids.ts";
import {
  addLatentOptions,
  type Base,
  basesOf,
  givenFor,
  type LatentOptions,
  type LatentRun,
  openLatentRun,
} from "./latentRun.ts";
import { describeRun, integerFrom, result, tell } from "./shared.ts";

interface Options extends LatentOptions {
  path: LatentPathName | "both";
  steps: number;
}

/** Pairs of images that are shown by themselves, and at most. */
const PAIRS = { usual: 4, most: 16 };

export function interpolateCommand(): Command {
  const command = new Command("interpolate")
    .description(
      "What lies between two images in latent space: from E[z|x] of one to that of the other, decoded on the way, along a line " +
        "and along an arc about 0. Writes a labelled PNG, a row or two for each pair.",
    )
    .argument("<run>", "a run folder, of a model with a latent z")
    .argument(
      "[input...]",
      "images, two for each pair: split:places, such as test:0,5; image files; an .npz with x " +
        `(default: the first ${2 * PAIRS.usual} of the split)`,
    )
    .addOption(
      new Option("--path <path>", "a line, an arc (slerp), or a row of each")
        .choices(["linear", "spherical", "both"])
        .default("both"),
    )
    .option("--steps <count>", "images on the way, both ends among them", integerFrom(2, 25), 11)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae interpolate runs/digits-gaussian\n" +
        "  vae interpolate runs/digits-gaussian test:3,8 --path linear -o three-to-eight.png\n" +
        "  vae interpolate runs/digits-gaussian mine.png test:0\n" +
        "\nDraws of N(0, I) in d dimensions lie at about √d from 0. The arc stays there; the line comes nearer to 0, where hardly\n" +
        "any image of the prior is. Under another prior 0 is no such place, and the arc is only another way. A conditional run is\n" +
        "given the y of the first image all the way.",
    );
  return addLatentOptions(command, "where to write (default: figures/interpolation.png in the run)").action(
    async (path: string, input: string[], options: Options) => {
      const run = await openLatentRun(path, options);
      const { interpolationFigure } = await import("../figures/latentGrids.ts");
      const { writeFigure } = await import("../figures/figures.ts");
      const { titleOf } = await import("../runs/title.ts");
      const { model } = run;
      const pairs = await pairsOf(run, input, options);
      const paths: LatentPathName[] = options.path === "both" ? ["linear", "spherical"] : [options.path];
      const ts = Array.from({ length: options.steps }, (_, i) => i / (options.steps - 1));
      const rows = await rowsOf(run, pairs, paths, ts);
      const notes = [
        `E[x|${model.given ? "z, y" : "z"}] from E[z|x] of the left image to that of the right`,
        ...(paths.includes("spherical") && model.priorKind !== "standardNormal"
          ? [`spherical: about 0, which the prior (${model.priorKind}) does not single out`]
          : []),
        ...(model.given ? ["y is that of the left image"] : []),
      ];
      const file = options.output ?? run.folder.figure("interpolation");
      const title = titleOf(run.config, run.config.dataset.name);
      await writeFigure(
        file,
        await interpolationFigure(model, rows, { title, subtitle: notes.join("  ·  "), ts }),
      );
      const { checkpoint } = options;
      if (options.json) {
        const names = pairs.map((pair) => pair.map(({ told }) => told));
        result(JSON.stringify({ file, pairs: names, paths, steps: ts, checkpoint }));
      } else
        tell(
          `${file}: ${counted(pairs.length, "pair")} of images, ${paths.join(" and ")}, ${counted(ts.length, "step")}, by ${describeRun(run, checkpoint)}`,
        );
    },
  );
}

/** The images of a command line, in its order, two and two. */
async function pairsOf(run: LatentRun, input: readonly string[], options: Options): Promise<[Base, Base][]> {
  const asked = input.length > 0 ? input : [`${options.split}:0-${2 * PAIRS.usual - 1}`];
  const found: Base[] = [];
  for (const what of asked) found.push(...(await basesOf(run, what, options)));
  if (found.length % 2 === 1 || found.length > 2 * PAIRS.most) {
    throw new VaeError(
      "usage",
      `${asked.join(" ")} ${found.length === 1 ? "is one image" : `are ${found.length} images`}. Accepted: two for each pair, up to ${2 * PAIRS.most}, such as ${options.split}:0,1.`,
    );
  }
  return Array.from({ length: found.length / 2 }, (_, i) => [found[2 * i]!, found[2 * i + 1]!]);
}

/** Each pair along each path. */
async function rowsOf(
  run: LatentRun,
  pairs: readonly [Base, Base][],
  paths: readonly LatentPathName[],
  ts: readonly number[],
): Promise<PathRow[]> {
  const { decodeAll, MEAN } = await import("../evaluation/decoding.ts");
  const { latentPaths } = await import("../evaluation/latentSpace.ts");
  const rows: PathRow[] = [];
  for (const [a, b] of pairs) {
    const given = await givenFor(run, a, ts.length);
    for (const path of paths) {
      const z = Float32Array.from(ts.flatMap((t) => [...latentPaths[path](a.z, b.z, t)]));
      const images = await decodeAll(run.model, z, MEAN, given);
      rows.push({ label: `${a.told} → ${b.told}, ${path}`, from: a.x!, to: b.x!, images });
    }
  }
  return rows;
}
