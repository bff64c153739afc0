import { counted } from "../base/counted.ts";
import { VaeError } from "../base/errors.ts";
import type { SplitName } from "../evaluation/summary.ts";
import type { Bnn } from "../model/bnn.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import type { CheckpointName } from "../runs/runFolder.ts";
import { describeRun, type FormatOptions, note, result, tell } from "./shared.ts";
import { withDataProgress } from "./withDataProgress.ts";

interface Options extends FormatOptions {
  readonly split: SplitName;
  readonly checkpoint: CheckpointName;
  readonly samples?: number;
  readonly against?: string;
  readonly k?: number;
  readonly output?: string;
  readonly datasetChanged?: "accept";
  readonly json?: boolean;
}

/** `vae evaluate` of a Bayesian network: its predictions of a table, and where all is known exactly that beside them. */
export async function evaluateTable(
  run: OpenedRun & { readonly model: Bnn },
  options: Options,
): Promise<void> {
  const { split, checkpoint, samples, against, k } = options;
  const { path } = run.folder;
  if (k !== undefined || against !== undefined) {
    throw new VaeError(
      "usage",
      `${k === undefined ? "--against" : "--k"} is for models of images, and ${path} is a Bayesian network of a table. --samples N takes more draws ` +
        "of its weights; vae compare puts runs side by side.",
    );
  }
  const { readRunData } = await import("../runs/experiment.ts");
  const { summarise } = await import("../evaluation/summary.ts");
  const { createRunner } = await import("../evaluation/runner.ts");
  const { scorePredictions, withoutRows } = await import("../evaluation/tableScores.ts");
  const { assessExactly } = await import("../evaluation/exactLinear.ts");
  const { describeMeasure } = await import("../data/codings.ts");
  const { supportOf } = await import("../model/likelihoods/index.ts");
  const { addEvaluation, evaluationRecord } = await import("../runs/evaluations.ts");
  const { predictionPicture } = await import("../runs/tablePictures.ts");
  const { exactLines, freeEnergyLine, predictionLines } = await import("../reporting/tableText.ts");
  const { drawOrWarn } = await import("../figures/figures.ts");
  const { titleOf } = await import("../runs/title.ts");
  const runner = createRunner(run.model, { record: false, note });
  const { model } = runner;
  const acceptsData = options.datasetChanged === "accept";
  const dataset = await withDataProgress((context) =>
    readRunData(run, [split, "train"], { ...context, acceptsData }),
  );
  const set = dataset[split];
  const { likelihood } = run.config;
  const ofSplit = await summarise(runner, split, set, run.coding, { levels: false });
  const ofTrain = await summarise(runner, "train", dataset.train, run.coding, {
    levels: false,
    samples: 100,
  });
  const scored = await scorePredictions(runner, set, samples);
  const prediction = withoutRows(scored);
  const exact = await assessExactly(model, likelihood.kind, { train: dataset.train, set });
  const found = evaluationRecord(run, dataset, { ...ofSplit, prediction });
  await addEvaluation(run.folder, found).catch((error: unknown) => {
    if (!(error instanceof VaeError)) throw error;
    note(`The result is not added to the run. ${error.message}`);
  });
  const figure = options.output ?? run.folder.figure(`predictions-${split}`, options.format);
  const title = titleOf(run.config, dataset.name);
  const drawn = await drawOrWarn(figure, () => predictionPicture(scored, model, title, split), note);
  runner.dispose();
  const baseMeasure = describeMeasure(supportOf(likelihood), model.target);
  const estimated = -dataset.train.count * (ofTrain.distortion + ofTrain.rate);
  if (options.json) {
    const measure = { likelihood: likelihood.kind, baseMeasure, checkpoint, epoch: run.epoch };
    const freeEnergy = {
      rows: dataset.train.count,
      elbo: estimated,
      distortion: ofTrain.distortion,
      rate: ofTrain.rate,
    };
    result(
      JSON.stringify({
        split,
        count: set.count,
        ...prediction,
        ...measure,
        freeEnergy,
        ...(exact && { exact }),
        ...(drawn && { figure }),
      }),
    );
    return;
  }
  const target = model.target.valueNames?.[0] ?? model.target.name;
  tell(`${split} split, ${counted(set.count, "row")}, ${describeRun(run, checkpoint)}`);
  for (const line of predictionLines(scored, target)) tell(line);
  result(freeEnergyLine(ofTrain, dataset.train.count));
  if (exact)
    for (const line of exactLines(exact.comparison, { estimated, scores: exact.scores, target })) tell(line);
  tell(`  measure       ${baseMeasure}`);
  if (drawn) tell(`  picture       ${figure}`);
}
