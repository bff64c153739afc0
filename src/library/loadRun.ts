import { VaeError } from "../base/errors.ts";
import { fieldSize } from "../data/field.ts";
import { decodeAll } from "../evaluation/decoding.ts";
import { encodeSplit } from "../evaluation/encodings.ts";
import { estimateNll } from "../evaluation/importance.ts";
import { givenOf, sampleImages } from "../evaluation/pictures.ts";
import { createRunner } from "../evaluation/runner.ts";
import { isDensity } from "../model/model.ts";
import { openRun } from "../runs/experiment.ts";
import { examplesOf, givenOfArrays } from "../runs/given.ts";
import { latentsOf } from "../runs/latentFiles.ts";
import { withLatents } from "../runs/withLatents.ts";
import { RandomStream } from "../tensors/random.ts";
import * as tf from "../tensors/tf.ts";
import { arraysOf } from "./arrays.ts";
import { releaseBackend, takeBackend } from "./backend.ts";
import type { Numbers, Values } from "./numbers.ts";
import type { DecodeOptions, LoadOptions, Run } from "./run.ts";

/** In messages, in the place of a file. */
const INPUT = "the input";

function checkCount(name: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  throw new VaeError("usage", `${name} is ${count}. Accepted: a whole number from 1 on.`);
}

/**
 * Opens a trained VAE by its run folder, whichever backend trained it. A process has one backend: runs that are open at the
 * same time share it, and another one can be asked for when all of them are disposed of.
 */
export async function loadRun(path: string, options: LoadOptions = {}): Promise<Run> {
  const { checkpoint = "best", ...compute } = options;
  const backend = await takeBackend(compute);
  try {
    return await opened(path, checkpoint, backend);
  } catch (error) {
    releaseBackend();
    throw error;
  }
}

async function opened(
  path: string,
  checkpoint: "best" | "last",
  backend: Awaited<ReturnType<typeof takeBackend>>,
): Promise<Run> {
  const run = withLatents(await openRun(path, { checkpoint, compute: backend }), path);
  const { model, coding, config } = run;
  const { latentDim, target, given } = model;
  const runner = createRunner(model, { record: config.training.step !== "eager", note: () => {} });
  let isOpen = true;

  const check = () => {
    if (!isOpen) throw new VaeError("usage", `The run ${path} is disposed of. loadRun opens it again.`);
  };
  const ofY = (y: Numbers | undefined) => y && given && { numbers: y, shape: given.shape };
  const ofX = (x: Numbers, y: Numbers | undefined) =>
    arraysOf({ x: { numbers: x, shape: target.shape }, y: ofY(y) });
  const images = (values: Float32Array): Values => ({
    shape: [values.length / fieldSize(target), ...target.shape],
    values,
  });

  return {
    path: run.folder.path,
    epoch: run.epoch,
    backend: { name: backend.name, device: backend.device, notes: backend.notes },
    likelihood: config.likelihood.kind,
    latentDim,
    xShape: target.shape,
    ...(given && { yShape: given.shape }),

    async encode(x, { y } = {}) {
      check();
      const set = await examplesOf(run, ofX(x, y), INPUT);
      const { count, mean, logVar } = await encodeSplit(runner, set, coding);
      const shape = [count, latentDim];
      return { mean: { shape, values: mean }, ...(logVar && { logVar: { shape, values: logVar } }) };
    },

    async decode(z, { y, pixels = "mean", seed = 0 } = {}) {
      check();
      const read = latentsOf(arraysOf({ z: { numbers: z, shape: [latentDim] }, y: ofY(y) }), model, INPUT);
      const random = new RandomStream(seed).fork("decode");
      return images(await decodeAll(model, read.z, { pixels, random }, read.given));
    },

    async sample(count, { y, pixels = "mean", seed = 0 }: DecodeOptions = {}) {
      check();
      checkCount("count", count);
      const of = given && (await givenOfArrays(run, arraysOf({ y: ofY(y) }), INPUT)).observations.set;
      const onDevice = of && givenOf(model, of, of.count);
      const random = new RandomStream(seed).fork("sample");
      const drawn = sampleImages(model, count * (of?.count ?? 1), random, pixels, onDevice);
      const values = (await drawn.data()) as Float32Array;
      tf.dispose([drawn, ...(onDevice ? [onDevice] : [])]);
      return images(values);
    },

    async logProb(x, { y, k = 100 } = {}) {
      check();
      checkCount("k", k);
      if (!isDensity(model)) {
        throw new VaeError(
          "usage",
          `The ${config.likelihood.kind} of ${path} is a loss and no likelihood: it has no p(x). Train with a likelihood.`,
        );
      }
      const set = await examplesOf(run, ofX(x, y), INPUT);
      const { perImage } = await estimateNll(runner, set, coding, { k });
      return perImage.map((nll) => -nll);
    },

    dispose() {
      if (!isOpen) return;
      isOpen = false;
      runner.dispose();
      model.parameters.dispose();
      releaseBackend();
    },
  };
}
