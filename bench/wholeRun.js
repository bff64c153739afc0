import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findFile, resolveDataDirs } from "../dist/data/cache.js";
import { drawnDigits } from "../dist/data/drawnDigits.js";
import { python } from "./engines.js";
import { oneProcessATurn, timeRun, trainCommand, vae } from "./trainRun.js";

const script = fileURLToPath(new URL("train_peer.py", import.meta.url));

/** What whole runs train on: MNIST where it is, otherwise the built-in digits, which are then drawn. */
export async function wholeRunData() {
  const mnist = await Promise.all(["train", "t10k"].map(mnistFile));
  if (mnist.every((path) => path !== undefined)) return { dataset: "mnist", files: mnist };
  execFileSync(process.execPath, [vae, "data", "fetch", "digits"], { stdio: "ignore" });
  const { files } = await drawnDigits.inventory(resolveDataDirs());
  const pathOf = (split) => files.find(({ name }) => name.startsWith(`${split}-images`)).path;
  return { dataset: "digits", files: [pathOf("train"), pathOf("t10k")] };
}

/** A whole training run, from command to exit: `vae train`, or the PyTorch script with the same work. */
export async function wholeRunOf(variant, { deadline, ...job }) {
  const { epochs, threads, batch, config, device, data } = job;
  const [train, test] = data.files;
  const flags = {
    "--train-images": train,
    "--test-images": test,
    "--config": JSON.stringify(config),
    "--epochs": epochs,
    "--batch": batch,
    "--threads": threads,
    "--step": variant.step,
    "--device": device,
  };
  const commandFor = (out) =>
    variant.engine === "torch"
      ? [
          python(),
          script,
          ...Object.entries({ ...flags, "--out": out })
            .flat()
            .map(String),
        ]
      : trainCommand(variant, job, out, { "--dataset": data.dataset, "--epochs": epochs });
  return oneProcessATurn(() => timeRun(commandFor, { deadline }));
}

function mnistFile(split) {
  const name = `${split}-images-idx3-ubyte`;
  return findFile(resolveDataDirs(), "mnist", [`${name}.gz`, name]);
}
