import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../config/schema.ts";
import { settings, valueAt } from "../../config/settings.ts";
import type { Metrics } from "../../training/metrics.ts";
import { isImmaterial } from "../identity.ts";
import type { FigureName, RunFolder } from "../runFolder.ts";
import { EventFile, pngImage, type SummaryValue, scalar, sessionEnd, sessionStart } from "./eventFile.ts";
import type { OpenTracker } from "./tracker.ts";

const PICTURES = ["samples", "reconstructions"] as const;

/** Of the summary of a split. */
const FINAL = ["elbo", "distortion", "rate", "bitsPerDim"] as const;

/**
 * Event files for TensorBoard: `train` and `validation` are two of its runs, so that it draws them into one chart, and in
 * the folder above them are the settings (HParams) and the pictures. Tags are `step/…`, `epoch/…` and, at the end, `best/…`.
 */
export const openTensorboard: OpenTracker = async ({ folder, config, step: from }) => {
  const [run, train, validation] = await Promise.all(
    ["", "train", "validation"].map((name) => EventFile.create(join(folder.tensorboard, name), from)),
  );
  await run!.add(from, [sessionStart(hparamsOf(config))]);
  let lastStep = from;
  const shown = new Map<string, Buffer>();
  /** Those that were drawn since. */
  const newPictures = async (): Promise<SummaryValue[]> => {
    const found = await readPictures(folder);
    const drawn = found.filter(([name, png]) => !shown.get(name)?.equals(png));
    for (const [name, png] of drawn) shown.set(name, png);
    return drawn.map(([name, png]) => pngImage(name, png));
  };
  return {
    async record(event) {
      if (event.type !== "step" && event.type !== "epoch") return;
      const { step, controls, learningRate, sigma } = event;
      lastStep = step;
      if (event.type === "step") {
        const { metrics } = event;
        await train!.add(step, scalars("step", { ...numbersOf(metrics), sigma, ...controls, learningRate }));
        return;
      }
      const { imagesPerSecond, scaleAtFloor } = event;
      await train!.add(step, scalars("epoch", { ...numbersOf(event.train), imagesPerSecond }));
      await validation!.add(step, scalars("epoch", { ...numbersOf(event.validation), sigma, scaleAtFloor }));
      const pictures = await newPictures();
      if (pictures.length > 0) await run!.add(step, pictures);
    },
    async finish({ splits }) {
      const final = Object.fromEntries(FINAL.map((name) => [name, splits.validation[name]]));
      await validation!.add(lastStep, scalars("best", final));
      const pictures = await readPictures(folder);
      const ofBest = pictures.map(([name, png]) => pngImage(`best/${name}`, png));
      await run!.add(lastStep, [...ofBest, sessionEnd()]);
    },
    async close() {
      await Promise.all([run!, train!, validation!].map((file) => file.close()));
    },
  };
};

const numbersOf = ({ loss, quantities, elbo, bitsPerDim }: Metrics) => ({
  loss,
  ...quantities,
  elbo,
  bitsPerDim,
});

const scalars = (of: string, values: Readonly<Record<string, number | undefined>>): SummaryValue[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [scalar(`${of}/${name}`, value)],
  );

/** What says what is trained, by path; a list as people type it. */
function hparamsOf(config: Config): Record<string, number | string | boolean> {
  const known = settings().filter(({ path }) => path !== "changes" && !isImmaterial(path));
  return Object.fromEntries(
    known.flatMap(({ path }) => {
      const value = valueAt(config, path);
      if (value === undefined) return [];
      return [[path, typeof value === "number" || typeof value === "boolean" ? value : String(value)]];
    }),
  );
}

/** Those that are there. */
async function readPictures(folder: RunFolder): Promise<[name: string, png: Buffer][]> {
  const read = async (name: FigureName): Promise<[string, Buffer][]> => {
    try {
      return [[name, await readFile(folder.figure(name))]];
    } catch {
      return [];
    }
  };
  return (await Promise.all(PICTURES.map(read))).flat();
}
