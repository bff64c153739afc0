import type { Dataset } from "../data/dataset.ts";
import type { Subject } from "../explain/subject.ts";
import type { OpenedRun } from "../runs/experiment.ts";
import { note } from "./shared.ts";

/** Images whose bound is taken apart. */
const IMAGES = 50;

/** What is known exactly of a trained model, with a picture of it in the run; nothing where the model is not linear. */
export async function exactlyOf(
  run: OpenedRun,
  { name, train }: Dataset,
  format: "png" | "svg",
): Promise<Pick<Subject, "exactWeights" | "exactLatents">> {
  const { createRunner } = await import("../evaluation/runner.ts");
  const { isOfWeights } = await import("../evaluation/rowPredictions.ts");
  const { model, config, coding, folder } = run;
  const runner = createRunner(model, { record: false, note });
  if (isOfWeights(runner)) {
    const { exactPosterior } = await import("../evaluation/exactLinear.ts");
    const { drawIdentity } = await import("../evaluation/drawnIdentity.ts");
    const { mostCorrelatedPair } = await import("../evaluation/weightPair.ts");
    const { posteriorPicture } = await import("../runs/posteriorPicture.ts");
    const { drawOrWarn } = await import("../figures/figures.ts");
    const posterior = await exactPosterior(runner.model, config.likelihood.kind, train);
    if (!posterior) return {};
    const { comparison } = posterior;
    const drawn = await drawIdentity(runner, train, posterior);
    const pair = mostCorrelatedPair(posterior);
    const figure = folder.figure("posterior", format);
    const draw = () => posteriorPicture(folder, comparison, pair, name);
    const isDrawn = await drawOrWarn(figure, draw, note);
    return { exactWeights: { comparison, drawn, pair, ...(isDrawn && { figure }) } };
  }
  const { assessLatents, isLinearVae } = await import("../evaluation/exactLatents.ts");
  if (!isLinearVae(runner, config)) return {};
  const { part } = await import("../data/dataset.ts");
  const images = part(train, model.fields, 0, Math.min(IMAGES, train.count));
  return { exactLatents: await assessLatents(runner, images, coding) };
}
