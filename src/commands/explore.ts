import { Command, Option } from "commander";
import { VaeError } from "../base/errors.ts";
import { type LatentRun, openLatentRun } from "./latentRun.ts";
import {
  addRunOptions,
  datasetChangedOption,
  describeRun,
  integerFrom,
  jsonOption,
  note,
  type RunOptions,
  result,
  splitOption,
} from "./shared.ts";
import { interruptible } from "./signals.ts";

interface Options extends RunOptions {
  port: number;
  export?: string;
  split: "train" | "validation" | "test";
  datasetChanged?: "accept";
  json?: boolean;
}

export function exploreCommand(): Command {
  const command = new Command("explore")
    .description(
      "A page to look into the latent space of a run: sliders that decode as they move, a map to click, your own digit encoded and " +
        "its loss taken apart, reconstructions, and what another noise scale would have said. It is served to this machine alone, " +
        "until Ctrl-C; or written as files.",
    )
    .argument(
      "<run>",
      "a run folder, of images, with a latent z; without a condition, or with one on classes",
    )
    .option("--port <port>", "where on 127.0.0.1 (default: a free one)", integerFrom(0, 65535), 0)
    .addOption(
      new Option(
        "--export <folder>",
        "write the page there instead: static files, for any host or a file: URL",
      ).conflicts("port"),
    )
    .addOption(splitOption())
    .addOption(datasetChangedOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  vae explore runs/digits-gaussian\n" +
        "  vae explore runs/digits-gaussian --export site\n" +
        "\nThe page computes in the browser, with TensorFlow.js and this run's own operations, so its numbers are the run's. It has the\n" +
        "weights and some images of the split in it, and asks no other host for anything.",
    );
  return addRunOptions(command).action(async (path: string, options: Options) => {
    const { refuseIfTaken, exportSite } = await import("../explore/export.ts");
    if (options.export !== undefined) await refuseIfTaken(options.export);
    const run = await openLatentRun(path, options);
    refuseOthers(run, path);
    const { siteOf } = await import("../explore/site.ts");
    const files = siteOf(await pageDataOf(run, path, options));
    const about = describeRun(run, options.checkpoint);
    if (options.export !== undefined) {
      const written = await exportSite(files, options.export);
      result(
        options.json
          ? JSON.stringify({ files: written })
          : `${written[0]}: a page of ${about}; it needs the files beside it`,
      );
      return;
    }
    const { serve } = await import("../explore/serve.ts");
    await interruptible(async (signal) => {
      const { address, close } = await serve(files, options.port);
      result(options.json ? JSON.stringify({ address }) : `${address} shows ${about}`);
      note("Ctrl-C ends it.");
      if (!signal.aborted)
        await new Promise((ended) => signal.addEventListener("abort", ended, { once: true }));
      await close();
    });
  });
}

/** The page moves z and nothing else, and shows images. */
function refuseOthers({ model, config }: LatentRun, path: string): void {
  const accepted = "Accepted: runs of images with a latent z, without a condition or with one on classes.";
  if (model.given && model.given.kind !== "class") {
    throw new VaeError(
      "usage",
      `${path} is conditional (condition.kind ${config.condition.kind}), and the page has no such y to decode with. ${accepted} ` +
        `\`vae sample ${path} --given test:0-7\` shows what y leaves open.`,
    );
  }
  if (model.target.show !== "image")
    throw new VaeError(
      "usage",
      `${path} is of ${config.dataset.name} data, which are no images. ${accepted}`,
    );
}

async function pageDataOf(run: LatentRun, path: string, { split, checkpoint }: Options) {
  const { measuredFor } = await import("../explore/measuredFor.ts");
  const { programsOf } = await import("../explore/programs.ts");
  const { openRun } = await import("../runs/experiment.ts");
  const { hasLatents } = await import("../model/vae.ts");
  const set = await run.readSplit(split);
  note(`Encoding the ${split} split …`);
  const measured = await measuredFor(run, { split, set }, note);
  // Last of all, as it takes the backend of the tensors away: what a model computes is read off the one without kernels of our own.
  const { model } = await openRun(path, { checkpoint, compute: new Map([["backend", "cpu"]]) });
  if (!hasLatents(model)) throw new Error("the same run has no latents any more");
  return { ...measured, ...programsOf(model) };
}
