import { TEST_IMAGES } from "./models.js";
import { ratio, summarise } from "./statistics.js";

/** What is timed once per `msPerStep`: a step of training is the rule, the others say so in the model's column. */
const LABELS = {
  step: ({ model }) => model,
  throughput: ({ model, interval }) => `${model}, loss read every ${interval} steps`,
  elbo: ({ model }) => `${model}, ELBO of ${TEST_IMAGES.toLocaleString("en-US")} images`,
  "start-up": ({ model }) => `${model}, start-up to first step`,
  whole: ({ model, epochs, dataset }) => `${model}, ${epochs} epochs of ${dataset} from command to exit`,
};

export const labelOf = (row) => LABELS[row.task](row);

/** Images that go through in that time; a start and a whole run are not measured in images. */
const imagesOf = { step: ({ batch }) => batch, throughput: ({ batch }) => batch, elbo: () => TEST_IMAGES };

const isBase = ({ variant }) => variant.engine === "torch" && variant.step === "eager";

/** What was measured on one row as results, see `jsonOf` for the keys. */
export function resultsOf(row, measured) {
  const base = measured.find(isBase);
  return measured.map(({ variant, rounds, peakMiB }) => {
    const { median, low, high } = summarise(rounds);
    const images = imagesOf[row.task]?.(row);
    return {
      task: row.task,
      model: labelOf(row),
      batch: row.batch,
      engine: variant.engine,
      step: variant.step,
      msPerStep: median,
      spread: [low, high],
      imagesPerSecond: images === undefined ? null : (1000 * images) / median,
      ratioToTorchEager: base === undefined ? null : ratio(rounds, base.rounds),
      peakMiB,
    };
  });
}

/** What `--json` prints. `imagesPerSecond` is null for starts, the ratio without PyTorch, memory where it is not known. */
export const jsonOf = (results) =>
  results.map(({ model, batch, engine, step, msPerStep, imagesPerSecond, ratioToTorchEager, peakMiB }) => ({
    model,
    batch,
    engine,
    step,
    msPerStep,
    imagesPerSecond,
    ratioToTorchEager,
    peakMiB,
  }));
