import { Command } from "commander";
import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { Split } from "../data/dataset.ts";
import type { Field } from "../data/field.ts";
import {
  addLatentOptions,
  axesOption,
  chosenAxes,
  encodingsOf,
  examplesOf,
  isNormal,
  type LatentOptions,
  openLatentRun,
} from "./latentRun.ts";
import { describeRun, type FormatOptions, formatOption, integerFrom, result, tell } from "./shared.ts";

interface Options extends LatentOptions, FormatOptions {
  axes?: readonly [number, number];
  number: number;
}

export function latentsCommand(): Command {
  const command = new Command("latents")
    .description(
      "Where images lie in latent space: a scatter of the posterior means E[z|x], coloured by class where there are classes, and " +
        "beside it what each dimension tells, its KL. Writes a PNG or SVG.",
    )
    .argument("<run>", "a run folder, of a model with a latent z")
    .argument("[input]", "images: split:places, a file or an .npz with x (default: the first of the split)")
    .addOption(axesOption("the first two principal components of E[z|x], or the only two"))
    .option("-n, --number <count>", "images of the split", integerFrom(3, 100_000), 2000)
    .addOption(formatOption("the scatter and the bars"))
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae latents runs/digits-gaussian\n" +
        "  vae latents runs/digits-gaussian --axes 3,7 --split train -n 5000\n" +
        "\nPrincipal components are those of the means, with their shares of the variance. Under a prior other than N(0, I), or of a\n" +
        "posterior that is a flow, a dimension has no KL of its own, and the bars are Var E[z|x]. `vae encode` has the numbers.",
    );
  return addLatentOptions(command, "where to write (default: figures/latents-<split>.png in the run)").action(
    async (path: string, input: string | undefined, options: Options) => {
      const run = await openLatentRun(path, options);
      const { part } = await import("../data/dataset.ts");
      const { rankedUnits } = await import("../evaluation/latentSpace.ts");
      const { ACTIVE_KL, ACTIVE_VARIANCE } = await import("../evaluation/latents.ts");
      const { project } = await import("../evaluation/projection.ts");
      const { latentsChart } = await import("../figures/charts/latentsChart.ts");
      const { labelFieldOf } = await import("../runs/given.ts");
      const { titleOf } = await import("../runs/title.ts");
      const { writeFigure } = await import("../figures/figures.ts");
      const { split, checkpoint } = options;
      const { observations, told } = await examplesOf(run, input, options);
      const label = labelFieldOf(run);
      const fields = new Set([...run.model.fields, ...(label ? [label] : [])]);
      const set = part(observations.set, fields, 0, options.number);
      if (set.count < 3)
        throw new VaeError("usage", `${told}: ${set.count} images are no scatter. Accepted: 3 or more.`);
      const encodings = await encodingsOf(run, set);
      const units = rankedUnits(encodings, isNormal(run));
      if (options.axes) chosenAxes(units, options.axes);
      const { points, names, how, shares } = project(encodings, options.axes);
      const classes = label && classesOf(label, set);
      const active = units.filter((unit) => unit.active).length;
      const hasKl = units[0]!.kl !== undefined;
      const dimensions = {
        name: hasKl ? "KL(q(z|x) ‖ p(z)) of each dimension" : "Var E[z|x] of each dimension",
        unit: hasKl ? "nats" : "variance",
        values: units.map(({ unit, kl, varianceOfMean, active }) => ({
          name: `${unit}`,
          value: kl ?? varianceOfMean,
          active,
        })),
      };
      const subtitle = [
        `${input === undefined ? `${set.count === observations.set.count ? "all" : "the first"} ${set.count} ${split} images` : told}`,
        `${active} of ${units.length} dimensions active (${hasKl ? `KL above ${ACTIVE_KL} nats` : `Var E[z|x] above ${ACTIVE_VARIANCE}`})`,
        ...(isNormal(run) ? [] : [`prior ${run.model.priorKind}`]),
        ...(run.model.given ? ["q(z|x, y): what y tells need not be in z"] : []),
      ].join("  ·  ");
      const file =
        options.output ??
        run.folder.figure(`latents-${input === undefined ? split : "input"}`, options.format);
      const title = titleOf(run.config, run.config.dataset.name);
      const figure = { points, axes: names, projection: how, dimensions, ...(classes && { classes }) };
      await writeFigure(file, latentsChart(figure, { title, subtitle }));
      if (options.json) {
        const { latentDim } = encodings;
        result(
          JSON.stringify({
            file,
            count: set.count,
            latentDim,
            axes: names,
            shares,
            active,
            units,
            checkpoint,
          }),
        );
      } else {
        tell(
          `${file}: E[z|x] of ${counted(set.count, "image")}, ${how}, and what each dimension tells, by ${describeRun(run, checkpoint)}`,
        );
      }
    },
  );
}

/** The classes of a split where it has them. */
function classesOf(label: Field, { columns }: Split) {
  const labels = columns[label.name];
  if (!labels || label.kind !== "class") return undefined;
  const names = Array.from({ length: label.classCount }, (_, i) => label.classNames?.[i] ?? `${i}`);
  return { labels, names };
}
