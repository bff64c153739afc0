import { Command } from "commander";
import { VaeError } from "../base/errors.ts";
import type { LatentUnit } from "../evaluation/latentSpace.ts";
import {
  addLatentOptions,
  axesOption,
  baseOf,
  chosenAxes,
  decodedAt,
  isNormal,
  type LatentOptions,
  openLatentRun,
  PRIOR,
  unitsOf,
  unitText,
} from "./latentRun.ts";
import { describeRun, integerFrom, result, tell } from "./shared.ts";

interface Options extends LatentOptions {
  axes?: readonly [number, number];
  size: number;
}

export function manifoldCommand(): Command {
  const command = new Command("manifold")
    .description(
      "The images that two dimensions of z hold: E[x|z] over a grid of them, each cell as probable as the others under the prior. " +
        "Writes a labelled PNG. Of a latent of two dimensions it is all that there is.",
    )
    .argument("<run>", "a run folder, of a model with a latent z of two dimensions or more")
    .argument(
      "[input]",
      `of more than two dimensions, where the others stay: an image, split:place, a file or an .npz with one x; or ${PRIOR}, the ` +
        `mean of p(z) (default: ${PRIOR} where that is N(0, I), otherwise the first of the split)`,
    )
    .addOption(axesOption("the two that tell most"))
    .option("--size <count>", "images in a row and a column", integerFrom(2, 30), 15)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae manifold runs/digits-gaussian\n" +
        "  vae manifold runs/digits-gaussian --axes 3,7 --size 20\n" +
        "  vae manifold runs/digits-gaussian test:0\n" +
        "\nThe places are the quantiles (i − ½)/n of N(0, 1) along both axes (Kingma and Welling 2014, figure 4). Under another\n" +
        "prior they are those of normals with the mean and the deviation of z over the first 2,000 images of the split.",
    );
  return addLatentOptions(command, "where to write (default: figures/manifold.png in the run)").action(
    async (path: string, input: string | undefined, options: Options) => {
      const run = await openLatentRun(path, options);
      const { latentDim } = run.model;
      if (latentDim < 2) {
        throw new VaeError(
          "usage",
          `${path} has a latent of one dimension, and a manifold is drawn of two. \`vae traverse ${path}\` shows the one.`,
        );
      }
      const { normalQuantiles } = await import("../evaluation/latentSpace.ts");
      const { manifoldFigure } = await import("../figures/latentGrids.ts");
      const { writeFigure } = await import("../figures/figures.ts");
      const { titleOf } = await import("../runs/title.ts");
      const { units, told } = await unitsOf(run, options);
      const [a, b] = chosenAxes(units, options.axes);
      const usual = isNormal(run) && !run.model.given ? PRIOR : `${options.split}:0`;
      const base = await baseOf(run, input ?? usual, options);
      const quantiles = normalQuantiles(options.size);
      const placesOf = ({ mean, deviation }: LatentUnit) => quantiles.map((t) => mean + deviation * t);
      const [across, up] = [placesOf(a), placesOf(b).toReversed()];
      const images = await decodedAt(
        run,
        base,
        up.flatMap((v) =>
          across.map(
            (u) =>
              [
                [a.unit, u],
                [b.unit, v],
              ] as const,
          ),
        ),
      );
      const at = base.x ? `${latentDim > 2 ? "E[z|x]" : "y"} of ${base.told}` : base.told;
      const subtitle = [
        `E[x|${run.model.given ? "z, y" : "z"}] at the quantiles of ${isNormal(run) ? "N(0, 1)" : `normals as wide as z is over ${told}, as the prior is ${run.model.priorKind}`}`,
        `across ${unitText(a)}; upwards ${unitText(b)}${a.kl === undefined ? "" : " nats"}`,
        ...(latentDim > 2 || run.model.given
          ? [`${latentDim > 2 ? `the other ${latentDim - 2} at` : "given"} ${at}`]
          : []),
      ].join("  ·  ");
      const file = options.output ?? run.folder.figure("manifold");
      const title = titleOf(run.config, run.config.dataset.name);
      await writeFigure(file, await manifoldFigure(run.model, images, { title, subtitle, across, up }));
      const { checkpoint } = options;
      if (options.json)
        result(JSON.stringify({ file, axes: [a, b], across, up, base: base.told, checkpoint }));
      else
        tell(
          `${file}: ${across.length} x ${up.length} images over z${a.unit} and z${b.unit}${latentDim > 2 ? `, the others at ${base.told}` : ""}, by ${describeRun(run, checkpoint)}`,
        );
    },
  );
}
