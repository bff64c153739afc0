import { firstObservations } from "../evaluation/observations.ts";
import { isOfWeights } from "../evaluation/rowPredictions.ts";
import type { Runner } from "../evaluation/runner.ts";
import type { TablePrediction } from "../evaluation/tableScores.ts";
import type { Drawing } from "../figures/charts/drawing.ts";
import { lossChartAside } from "../figures/charts/lossChart.ts";
import { lossCurves } from "../figures/charts/lossCurves.ts";
import { conditionalSamplesFigure } from "../figures/conditionalGrid.ts";
import { drawOrWarn, reconstructionsFigure, samplesFigure } from "../figures/figures.ts";
import { hasLatents } from "../model/vae.ts";
import type { Objective } from "../objectives/objective.ts";
import { RandomStream } from "../tensors/random.ts";
import type { Experiment } from "./experiment.ts";
import type { MetricsRow } from "./metricsLog.ts";
import type { FigureName, RunFolder } from "./runFolder.ts";
import { drawTablePictures } from "./tablePictures.ts";
import { titleOf } from "./title.ts";

const PREVIEW_SAMPLES = 100;
const PREVIEW_RECONSTRUCTIONS = 50;
/** Pictures of quick epochs are not worth their time. */
const PREVIEW_PAUSE_MS = 2000;
/** Of a conditional model: so many y, and draws for each. */
const PREVIEW_GIVEN = { rows: 10, draws: 6 };

/**
 * Draws loss curves, samples and reconstructions as they stand. The previews always show the same z and the same images.
 * A picture is no reason to lose a run: what cannot be drawn or written is a warning.
 */
export function trainingPictures(
  { model, dataset, coding, config }: Experiment,
  { objective, runner }: { objective: Objective; runner: Runner },
  folder: RunFolder,
  epochs: () => readonly MetricsRow[],
  warn: (text: string) => unknown,
) {
  const random = new RandomStream("preview");
  const isLoss = model.likelihood.kindOf === "loss";
  const title = titleOf(config, dataset.name);
  const meta = { title, ...lossCurves(objective, isLoss) };
  const told = new Set<string>();
  const put = (name: FigureName, draw: () => Drawing | Promise<Drawing>) =>
    drawOrWarn(folder.figure(name), draw, (text) => {
      if (told.has(name)) return undefined; // once is enough
      told.add(name);
      return warn(text);
    });
  let chart: { readonly rows: number; readonly drawing: Promise<Drawing> } | undefined;
  /** Drawn on another thread, and once for the same rows. */
  const curves = () => {
    const rows = epochs().length;
    if (chart?.rows !== rows) chart = { rows, drawing: lossChartAside(epochs(), meta) };
    chart.drawing.catch(() => {}); // told where it is waited for
    return chart.drawing;
  };
  const drawSamples = () => {
    if (!model.given) return samplesFigure(model, PREVIEW_SAMPLES, { title, random });
    const observations = firstObservations(dataset.validation, model, "validation", PREVIEW_GIVEN.rows);
    return conditionalSamplesFigure(model, observations, { ...PREVIEW_GIVEN, pixels: "mean", random, title });
  };
  const drawOthers = async (scored?: TablePrediction) => {
    if (isOfWeights(runner)) return drawTablePictures(runner, dataset, { title, put, scored });
    await put("samples", drawSamples);
    if (!hasLatents(model)) return; // there is nothing that it would be reconstructed from
    await put("reconstructions", () =>
      reconstructionsFigure(
        model,
        { set: dataset.validation, name: "validation" },
        coding,
        PREVIEW_RECONSTRUCTIONS,
        { title },
      ),
    );
  };
  let underWay: Promise<boolean> | undefined;
  let drawnAt = performance.now();
  return {
    /** All of them, the curves aside, while training goes on; nothing where they, or the run, are hardly older than that. */
    async preview() {
      if (performance.now() - drawnAt < PREVIEW_PAUSE_MS) return;
      await underWay;
      underWay = put("loss", curves);
      await drawOthers();
      drawnAt = performance.now();
    },
    /** Has the curves drawn while other work is done, and returns what then writes all; of a table with its predictions. */
    begin(): (scored?: TablePrediction) => Promise<void> {
      curves();
      return async (scored) => {
        await underWay;
        await drawOthers(scored);
        await put("loss", curves);
      };
    },
  };
}
