import { Command, Option } from "commander";
import { jsonOption, note, result } from "./shared.ts";
import { interruptible } from "./signals.ts";

/** `vae setup tensorflow` */
export function setupCommand(): Command {
  return new Command("setup")
    .description("install what a backend needs beyond this program")
    .addCommand(tensorflowCommand());
}

interface Options {
  from?: string;
  cuda?: boolean;
  remove?: boolean;
  json?: boolean;
}

function tensorflowCommand(): Command {
  return new Command("tensorflow")
    .summary("the TensorFlow library for the backend tensorflow, with CUDA or without")
    .description(
      "Set up the backend tensorflow: compile tfjs-node against a current TensorFlow, which pip installs into a folder " +
        "of its own, or which is here already. Needs Linux, a C++ compiler, npm and, without --from, python3 with pip.",
    )
    .addOption(
      new Option("--from <folder>", "a TensorFlow that is here: a pip package, or libtensorflow").conflicts(
        "cuda",
      ),
    )
    .option("--cuda", "install the build for NVIDIA GPUs, with CUDA; the driver must be there")
    .addOption(new Option("--remove", "remove what this command has installed").conflicts(["from", "cuda"]))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nIt takes about a minute and 0.9 GB of disk, with --cuda some minutes and GB more, most of it for the download;\n" +
        "with --from half a minute and 4 MB. It is put into your data folder, or into the folder that VAE_TENSORFLOW names;\n" +
        "nothing else on this machine changes. Repeated, it says that it is done. pip and npm use their own settings,\n" +
        "so mirrors and closed networks work as they do elsewhere.\n" +
        "\nExamples:\n" +
        "  vae setup tensorflow                                   TensorFlow for the CPU\n" +
        "  vae setup tensorflow --cuda                            TensorFlow for NVIDIA GPUs\n" +
        "  vae setup tensorflow --from ~/venv                     the one of a Python environment\n" +
        "  vae setup tensorflow --from /opt/libtensorflow         the one of the C library\n" +
        "  vae setup tensorflow --remove                          undo\n" +
        "  vae train --backend tensorflow --device gpu            use it",
    )
    .action(async ({ from, cuda, remove, json }: Options) => {
      const { tensorflowFolder } = await import("../backends/tensorflow/installation.ts");
      const { removeTensorflow, setUpTensorflow } = await import("../backends/tensorflow/setup.ts");
      const folder = tensorflowFolder();
      if (remove) {
        const removed = removeTensorflow(folder);
        const text = removed ? `Removed ${folder}.` : `There is nothing to remove in ${folder}.`;
        result(json ? JSON.stringify({ folder, status: removed ? "removed" : "absent" }) : text);
        return;
      }
      const { status, tensorflow, source } = await interruptible((signal) =>
        setUpTensorflow({
          folder,
          ...(from !== undefined && { from }),
          ...(cuda && { cuda }),
          progress: note,
          signal,
        }),
      );
      const done = status === "present" ? "is already set up" : "is set up";
      const text = `TensorFlow ${tensorflow} (${source}) ${done} in ${folder}. Use it with --backend tensorflow.`;
      result(json ? JSON.stringify({ folder, status, tensorflow, source }) : text);
    });
}
