import { fileURLToPath } from "node:url";
import { findFile, resolveDataDirs } from "../dist/data/cache.js";
import { python } from "./engines.js";
import { oneProcessATurn, timeRun, trainCommand } from "./trainRun.js";

const script = fileURLToPath(new URL("train_peer.py", import.meta.url));

/** A whole training run on MNIST, from command to exit: `vae train`, or the PyTorch script with the same work. */
export async function wholeRunOf(variant, job) {
  const [train, test] = [await mnistFile("train"), await mnistFile("t10k")];
  const { epochs, threads, batch, config } = job;
  const flags = {
    "--train-images": train,
    "--test-images": test,
    "--config": JSON.stringify(config),
    "--epochs": epochs,
    "--batch": batch,
    "--threads": threads,
    "--step": variant.step,
  };
  return oneProcessATurn(() =>
    timeRun((out) =>
      variant.engine === "torch"
        ? [
            python(),
            script,
            ...Object.entries({ ...flags, "--out": out })
              .flat()
              .map(String),
          ]
        : trainCommand(variant, job, out, { "--dataset": "mnist", "--epochs": epochs }),
    ),
  );
}

async function mnistFile(split) {
  const name = `${split}-images-idx3-ubyte`;
  const path = await findFile(resolveDataDirs(), "mnist", [`${name}.gz`, name]);
  if (path === undefined) throw new Error("MNIST is not here yet: node bin/vae.js data fetch mnist");
  return path;
}
