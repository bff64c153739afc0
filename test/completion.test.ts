import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProgram } from "../src/cli.ts";
import { completionsOf } from "../src/commands/completion/completions.ts";
import { scripts } from "../src/commands/completion/scripts.ts";
import { inFolder, program } from "./helpers/vae.ts";

const { folder } = inFolder();

describe("a line goes on", () => {
  const vae = createProgram();
  const next = (...words: string[]) => {
    const { paths, values } = completionsOf(vae, words);
    return [paths, ...values.map(({ value }) => value)];
  };

  test.each([
    [["ex"], ["none", "explain", "export", "explore"]],
    [["__"], ["none"]],
    [
      ["sweep", "st"],
      ["files", "status"],
    ],
    [
      ["sweep", "be"],
      ["files", "beta"],
    ],
    [
      ["train", "qu"],
      ["files", "quick"],
    ],
    [
      ["train", "quick", "--lat"],
      ["none", "--latent-dim"],
    ],
    [
      ["train", "--likelihood", "ga"],
      ["none", "gaussian", "gaussian-mixture"],
    ],
    [
      ["train", "--likelihood=stu"],
      ["none", "--likelihood=student-t"],
    ],
    [
      ["train", "--likelihood", "=", "stu"],
      ["none", "student-t"],
    ], // as bash takes it apart
    [
      ["train", "--device", "="],
      ["none", "auto", "cpu", "gpu"],
    ],
    [
      ["train", "--dataset.header", ""],
      ["none", "auto", "true", "false"],
    ],
    [["train", "--dataset.path", ""], ["files"]],
    [
      ["train", "--resume", "qui"],
      ["files", "quick"],
    ], // a flag without a value
    [["train", "--out", ""], ["folders"]],
    [["sample", ""], ["folders"]],
    [
      ["sample", "--pixels", ""],
      ["none", "mean", "draw"],
    ],
    [["encode", "runs/a", ""], ["files"]],
    [["compare", "runs/a", ""], ["folders"]],
    [["evaluate", "runs/a", ""], ["none"]],
    [
      ["data", "inspect", "kmn"],
      ["files", "kmnist"],
    ],
    [
      ["help", "sweep", "r"],
      ["none", "run"],
    ],
    [
      ["recipes", "paper/f"],
      ["none", "paper/flax-vae"],
    ],
    [
      ["completion", ""],
      ["none", "bash", "zsh", "fish"],
    ],
  ])("%j", (words, expected) => {
    expect(next(...words)).toEqual(expected);
  });

  test("says what each is", () => {
    const [quick] = completionsOf(vae, ["explain", "quick"]).values;
    expect(quick).toEqual({ value: "quick", about: "A first look at every part in seconds" });
  });
});

describe("in a shell", () => {
  mkdirSync(join(folder, "a folder"));
  writeFileSync(join(folder, "a-file.yaml"), "");
  const command = [process.execPath, ...program].map((word) => `'${word}'`).join(" ");
  writeFileSync(join(folder, "vae"), `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(join(folder, "vae"), 0o755);

  const run = (shell: string, ...args: string[]) =>
    execFileSync(shell, args, {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PATH: `${folder}:${process.env["PATH"]}` },
    });
  const lacks = (shell: string) => spawnSync(shell, ["-c", "true"]).status !== 0;

  test.skipIf(lacks("bash"))("of bash", () => {
    const lines = ["vae train --likelihood bern", "vae explain a"].map(
      (line) =>
        `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _vae; printf '%s;' "\${COMPREPLY[@]}"; echo`,
    );
    const script = [scripts.bash, "complete -p vae", ...lines].join("\n");
    expect(run("bash", "-c", script).trim().split("\n")).toEqual([
      "complete -F _vae vae",
      "bernoulli;",
      "a folder;a-file.yaml;",
    ]);
  });

  test.skipIf(lacks("fish"))("of fish", () => {
    const script = `${scripts.fish}\ncomplete -C "vae train --likelihood bern"; complete -C "vae explain a-"`;
    expect(run("fish", "-N", "-c", script).trim().split("\n")).toEqual(["bernoulli", "a-file.yaml"]);
  });

  test.skipIf(lacks("zsh"))("of zsh", () => {
    expect(run("zsh", "-f", "-n", "-c", scripts.zsh)).toBe(""); // its syntax; the rest needs a terminal
  });
});
