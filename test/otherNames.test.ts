import { describe, expect, test } from "vitest";
import { createProgram } from "../src/cli.ts";
import { unknownOption } from "../src/commands/unknownOption.ts";
import { valueCalled } from "../src/config/otherNames.ts";
import { settings } from "../src/config/settings.ts";

const program = createProgram();

/** The corrected command line. */
function corrected(line: string): string | undefined {
  const argv = line.split(" ");
  const given = argv.find((word) => word.startsWith("-"))!;
  return unknownOption(program, argv, given)?.split("\n  vae ")[1];
}

describe("a flag by the name that another program has for it", () => {
  test.each([
    ["train --learning-rate 0.1", "train --lr 0.1"],
    ["train --learning_rate=0.1 a.yaml", "train --lr 0.1 a.yaml"],
    ["train --batchSize 32", "train --batch-size 32"],
    ["train --weight-decay 0.1", "train --training.optimizer.weightDecay 0.1"],
    ["train --z-dim 2", "train --latent-dim 2"],
    ["train --gpu", "train --device gpu"],
    ["train --config a.yaml", "train a.yaml"],
    ["train --output x", "train --out x"],
    ["sample --out x.png", "sample --output x.png"],
    ["sample --num-samples 9", "sample --number 9"],
    ["sweep run --workers 2", "sweep run --jobs 2"],
  ])("%s", (given, expected) => {
    expect(corrected(given)).toBe(expected);
  });

  test("where a command has nothing like it, there is none", () => {
    expect(corrected("doctor --learning-rate 1")).toBeUndefined();
  });
});

test("every loss that a likelihood is known by leads to one that exists", () => {
  const kinds = settings()
    .find(({ path }) => path === "likelihood.kind")!
    .accepts.split(" | ");
  const names = ["mse", "MAE", "l1", "l2", "BCE", "ce", "cross_entropy", "smooth_l1", "Gaussian"];
  const found = names.map((name) => valueCalled("likelihood.kind", name, kinds)?.value);
  expect(found).toEqual([
    ...["gaussian", "laplace", "laplace", "gaussian", "bernoulli", "categorical", "categorical", "huber"],
    "gaussian",
  ]);
  expect(valueCalled("likelihood.kind", "nonsense", kinds)).toBeUndefined();
});
