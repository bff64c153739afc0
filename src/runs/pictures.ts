import { drawConditionals, everyClassOf, examplesAt } from "../evaluation/conditionals.ts";
import { lossChartAside } from "../figures/charts/lossChart.ts";
import { lossCurves } from "../figures/charts/lossCurves.ts";
import { conditionalGrid } from "../figures/conditionalGrid.ts";
import { drawOrWarn, reconstructionsPng, samplesPng } from "../figures/figures.ts";
import { models } from "../model/index.ts";
import { hasLatents } from "../model/vae.ts";
import type { Objective } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import type { Experiment } from "./experiment.ts";
import type { MetricsRow } from "./metricsLog.ts";
import type { RunFolder } from "./runFolder.ts";

const PREVIEW_SAMPLES = 100;
const PREVIEW_RECONSTRUCTIONS = 50;
/** With a condition: y, and draws of each. */
const PREVIEW_GIVEN = 10;
const PREVIEW_GIVEN_DRAWS = 6;

/**
 * Draws loss curves, samples and reconstructions as they stand. The previews always show the same z and the same images.
 * A picture is no reason to lose a run: what cannot be drawn or written is a warning.
 */
export function trainingPictures(
  { model, dataset, coding, config }: Experiment,
  objective: Objective,
  folder: RunFolder,
  epochs: () => readonly MetricsRow[],
  warn: (text: string) => unknown,
) {
  const random = new RandomStream("preview");
  const { kind } = config.likelihood;
  const isLoss = model.likelihood.kindOf === "loss";
  const title = `${dataset.name}, ${kind} ${isLoss ? "loss" : "likelihood"}, ${models.of(config.model).describe(config.model)}`;
  const meta = { title, ...lossCurves(objective, isLoss) };
  /** Each class, or the first examples of the validation split. */
  const conditionals = async () => {
    const { given } = model;
    const places = Array.from({ length: Math.min(PREVIEW_GIVEN, dataset.validation.count) }, (_, i) => i);
    const { examples, labels } =
      given!.kind === "class"
        ? everyClassOf(given!, PREVIEW_GIVEN)
        : {
            examples: examplesAt(model, dataset.validation, coding, places),
            labels: places.map((place) => `validation ${place}`),
          };
    const drawn = await drawConditionals(model, examples, {
      draws: PREVIEW_GIVEN_DRAWS,
      random,
      pixels: "mean",
    });
    const words = { title, subtitle: "what y leaves possible: the mean of p(x|y), and draws of z", labels };
    return conditionalGrid(model, examples, drawn, words);
  };
  const told = new Set<string>();
  const put = (name: string, draw: () => Promise<Buffer>) =>
    drawOrWarn(folder.figure(name), draw, (text) => {
      if (told.has(name)) return undefined; // once is enough
      told.add(name);
      return warn(text);
    });
  let chart: { readonly rows: number; readonly png: Promise<Buffer> } | undefined;
  /** Drawn on another thread, and once for the same rows. */
  const curves = () => {
    const rows = epochs().length;
    if (chart?.rows !== rows) chart = { rows, png: lossChartAside(epochs(), meta) };
    chart.png.catch(() => {}); // told where it is waited for
    return chart.png;
  };
  const drawOthers = async () => {
    await put("samples", () => (model.given ? conditionals() : samplesPng(model, PREVIEW_SAMPLES, random)));
    if (!hasLatents(model)) return; // its predictions are among the samples
    await put("reconstructions", () =>
      reconstructionsPng(model, dataset.validation, coding, PREVIEW_RECONSTRUCTIONS),
    );
  };
  let underWay: Promise<boolean> | undefined;
  return {
    /** All of them, the curves aside, while training goes on. */
    async preview() {
      await underWay;
      underWay = put("loss", curves);
      await drawOthers();
    },
    /** Has the curves drawn while other work is done, and returns what then writes all. */
    begin(): () => Promise<void> {
      curves();
      return async () => {
        await underWay;
        await drawOthers();
        await put("loss", curves);
      };
    },
  };
}
