import { Command, Option } from "commander";
import { VaeError } from "../base/errors.ts";
import { integerFrom, jsonOption, note, result, tell } from "./shared.ts";

interface Options {
  backend?: string;
  device: "auto" | "cpu" | "gpu";
  threads?: number;
  seconds: number;
  json?: boolean;
  examine?: string;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Which backends work here, how fast, and why the others do not. Checks values and gradients of every operation " +
        "that is used against float64, and times a training step of the default model (784-400-20, bernoulli).",
    )
    .option("--backend <name>", "only this one")
    .addOption(
      new Option("--device <device>", "for backends that run on either")
        .choices(["auto", "cpu", "gpu"])
        .default("auto"),
    )
    .option("--threads <count>", "processor threads (default: the cores there are)", integerFrom(1))
    .option("--seconds <count>", "how long to time each backend", integerFrom(1), 5)
    .addOption(jsonOption())
    .addOption(new Option("--examine <backend>", "one backend in this process, as JSON").hideHelp())
    .addHelpText(
      "after",
      "\nExit code 1 when no backend works and computes right.\n\nExample:\n  vae doctor --json > doctor.json",
    )
    .action(async ({ backend, device, threads = 0, seconds, json, examine: inside }: Options) => {
      const { examinable, examine, examineApart } = await import("../diagnostics/examine.ts");
      const { doctorTable } = await import("../reporting/doctorTable.ts");
      const options = { threads: threads || ("auto" as const), device };
      if (inside !== undefined) {
        result(JSON.stringify(await examine(inside, options, seconds)));
        return;
      }
      if (backend !== undefined && !examinable.includes(backend)) {
        throw new VaeError("usage", `There is no backend ${backend}. Accepted: ${examinable.join(", ")}.`);
      }
      const diagnoses = [];
      for (const name of backend === undefined ? examinable : [backend]) {
        note(`examining ${name} ...`);
        diagnoses.push(await examineApart(name, options, seconds));
      }
      if (json) result(JSON.stringify(diagnoses));
      else tell(doctorTable(diagnoses));
      if (!diagnoses.some((d) => d.available && d.wrong.length === 0)) {
        throw new VaeError("failure", "No backend works and computes right on this machine.");
      }
    });
}
