import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { createProgram } from "../src/cli.ts";
import { type Finished, finish, inFolder } from "./helpers/vae.ts";

const { folder, start, run, text, bytes } = inFolder();

const wasm = ["--backend", "wasm", "--threads", "1"];

/** A few hundred digits and a small network: seconds. */
const small = [
  ...["--dataset.trainCount", "1200", "--dataset.testCount", "100", "--dataset.validation", "200"],
  ...["--hidden", "32", "--latent-dim", "4", "--training.logEvery", "3", ...wasm],
];

describe("train", () => {
  let first: Finished;

  beforeAll(async () => {
    first = await run("train", "--likelihood", "gaussian", "--epochs", "4", "--out", "straight", ...small);
  });

  test("says what it does on stderr and its result on stdout", () => {
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(
      /^straight: 4 epochs, best on validation after epoch 4\n +test +100 images\n +-ELBO +-?\d+\.\d\d ± \d+\.\d\d nats per image = distortion/,
    );
    expect(first.stderr).toMatch(/backend +wasm on .+, 1 thread\n/);
    expect(first.stderr.match(/^epoch [1-4]\/4 {2}train /gm)).toHaveLength(4);
    expect(first.stderr).not.toContain("\u001b"); // no bar where there is no terminal
  });

  test("printed digits re-add", () => {
    const sums = [...first.stderr.matchAll(/(-?[\d.]+) = (-?[\d.]+) \+ ([\d.]+)/g)];
    expect(sums.length).toBeGreaterThanOrEqual(4);
    for (const [, sum, a, b] of sums) {
      expect(Number(sum)).toBeCloseTo(Number(a) + Number(b), 10);
    }
  });

  test("leaves a whole run folder", () => {
    const files = [
      ...["config.yaml", "run.json", "metrics.jsonl", "metrics.csv", "summary.json"],
      ...["checkpoints/last.safetensors", "checkpoints/best.safetensors"],
      ...["figures/loss.png", "figures/samples.png", "figures/reconstructions.png"],
    ];
    for (const file of files) expect(existsSync(join(folder, "straight", file)), file).toBe(true);
    expect(JSON.parse(text("straight", "run.json"))).toMatchObject({
      status: "finished",
      backend: { name: "wasm" },
      dataset: {
        imageShape: [28, 28, 1],
        fields: { x: { kind: "bytes", shape: [28, 28, 1] }, label: { kind: "class", classCount: 10 } },
      },
    });
    const table = text("straight", "metrics.csv").split("\n");
    expect(table[0]).toBe("step,epoch,split,loss,distortion,rate,elbo,bitsPerDim,sigma,beta,learningRate");
    expect(table).toHaveLength(1 + 2 * 4 + 1);
    expect(JSON.parse(text("straight", "summary.json")).splits.test).toMatchObject({
      split: "test",
      count: 100,
    });
  });

  test("repeated on the finished run it says so and exits 0", async () => {
    const again = await run(
      "train",
      "--likelihood",
      "gaussian",
      "--epochs",
      "4",
      "--out",
      "straight",
      ...small,
    );
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/^straight is finished already/);
    expect(again.stdout).toBe(first.stdout);
  });

  test("its resolved configuration repeats it to the byte", async () => {
    const { code } = await run("train", "straight/config.yaml", "--out", "repeated");
    expect(code).toBe(0);
    for (const file of ["metrics.jsonl", "metrics.csv", "config.yaml", "checkpoints/last.safetensors"]) {
      expect(bytes("repeated", file).equals(bytes("straight", file)), file).toBe(true);
    }
  });

  test("Ctrl-C saves and exits 130; resumed, the run is the same to the byte", async () => {
    const args = ["train", "--likelihood", "gaussian", "--epochs", "4", "--out", "resumed", ...small];
    const child = start(args);
    child.stderr!.on("data", (chunk) => {
      if (String(chunk).includes("epoch 2/4")) child.kill("SIGINT");
    });
    const interrupted = await finish(child);
    expect(interrupted.code, interrupted.stderr).toBe(130);
    expect(interrupted.stderr).toMatch(
      /Interrupted after \d+ steps?, with a checkpoint. Go on with: vae train --resume --out resumed/,
    );
    expect(JSON.parse(text("resumed", "run.json")).status).toBe("interrupted");

    const refused = await run(...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/holds a run that is interrupted.*--resume goes on with it/);

    const resumed = await run("train", "--resume", "--out", "resumed");
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const file of [
      "metrics.jsonl",
      "metrics.csv",
      "checkpoints/last.safetensors",
      "checkpoints/best.safetensors",
    ]) {
      expect(bytes("resumed", file).equals(bytes("straight", file)), file).toBe(true);
    }
  });

  test("a resumed run cannot change what it was started with, but may train longer", async () => {
    const changed = await run("train", "--resume", "--out", "straight", "--latent-dim", "9");
    expect(changed.code).toBe(2);
    expect(changed.stderr).toMatch(/was started with other settings: model.latentDim \d -> 9/);
    const longer = await run("train", "--resume", "--out", "repeated", "--epochs", "5");
    expect(longer.code, longer.stderr).toBe(0);
    expect(longer.stderr).toContain("epoch 5/5");
    expect(text("repeated", "metrics.csv").startsWith(text("straight", "metrics.csv"))).toBe(true);
  });

  test("a diverging run exits 3 and names the tensor", async () => {
    const { code, stderr } = await run(
      "train",
      "--lr",
      "1e6",
      "--epochs",
      "2",
      "--out",
      "diverged",
      ...small,
    );
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /Error: The loss is not finite at step \d+ \(batch \d+ of epoch \d\): the first tensor with a bad value is /,
    );
    expect(JSON.parse(text("diverged", "run.json")).status).toBe("diverged");
  });

  test.each([
    [["train", "--epochs", "ten"], 2, /--epochs \(training\.epochs\): expected integer > 0, got "ten"/],
    [
      ["train", "--kl-weight", "3"],
      2,
      /^Error: --kl-weight is no option of `vae train`; here it is --beta:\n {2}vae train --beta 3\n$/,
    ],
    [["train", "--epoch", "3"], 2, /unknown option '--epoch'\n\(Did you mean --epochs\?\)/],
    [["train", "missing.yaml"], 2, /neither a file missing\.yaml nor .* `vae recipes` lists them/],
    [["train", "mnist-gausian"], 2, /neither .* Did you mean mnist-gaussian\?/],
    [["train", "beta"], 2, /beta is a sweep: `vae sweep beta`/],
    [
      ["train", "--likelihood", "bernouli"],
      2,
      /--likelihood \(likelihood.kind\): bernouli is not one of .* Did you mean bernoulli\?/,
    ],
    [["train", "--resume"], 2, /--resume needs --out/],
    [["trian"], 2, /unknown command 'trian'\n\(Did you mean train\?\)/],
    [["sample", "nowhere"], 1, /nowhere is not a run: there is no such folder/],
    [["sample", "straight", "-n", "0"], 2, /must be a whole number from 1 to 10000/],
  ])("%j exits %i", async (args, expected, message) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
    expect(stderr).not.toMatch(/\n {4}at /); // no stack trace
  });

  test("sample, reconstruct and evaluate need the run folder alone", async () => {
    const sample = await run("sample", "straight", "-n", "9", "--seed", "3", "-o", "nine.png", "--json");
    expect(sample.code, sample.stderr).toBe(0);
    expect(JSON.parse(sample.stdout)).toEqual({ file: "nine.png", count: 9, seed: 3, pixels: "mean" });
    const grid = PNG.sync.read(bytes("nine.png"));
    expect(grid.height).toBeGreaterThan(2 * 3 * 56); // three rows of digits twice as large, twice as sharp
    const same = await run("sample", "straight", "-n", "9", "--seed", "3", "-o", "again.png");
    expect(same.code).toBe(0);
    expect(bytes("again.png").equals(bytes("nine.png"))).toBe(true);
    await run("sample", "straight", "-n", "9", "--seed", "4", "-o", "other.png", "--pixels", "draw");
    expect(bytes("other.png").equals(bytes("nine.png"))).toBe(false);

    const pairs = await run("reconstruct", "straight", "-n", "20");
    expect(pairs.code, pairs.stderr).toBe(0);
    expect(existsSync(join(folder, "straight/figures/reconstructions-test.png"))).toBe(true);

    const evaluated = await run("evaluate", "straight", "--split", "test", "--json", ...wasm);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const numbers = JSON.parse(evaluated.stdout);
    expect(numbers).toMatchObject(JSON.parse(text("straight", "summary.json")).splits.test);
    expect(numbers.elbo).toBeCloseTo(-(numbers.distortion + numbers.rate), 10);
  });

  test("a run of an earlier version, whose record has the shape of the images alone, opens", async () => {
    const file = join(folder, "straight", "run.json");
    const now = readFileSync(file, "utf8");
    const record = JSON.parse(now);
    expect(delete record.dataset.fields).toBe(true);
    writeFileSync(file, JSON.stringify(record));
    const { code, stderr } = await run("sample", "straight", "-n", "9", "--seed", "3", "-o", "earlier.png");
    writeFileSync(file, now);
    expect(code, stderr).toBe(0);
    expect(bytes("earlier.png").equals(bytes("nine.png"))).toBe(true);
  });

  test("evaluate checks the noise, and shows it", async () => {
    const { code, stdout, stderr } = await run("evaluate", "straight", "-o", "noise.png");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/bits\/dim +[\d.]+ ± [\d.]+ of the bytes \(counting measure on 256 levels\)/);
    expect(stdout).toMatch(
      /intervals +the central ones hold [\d.]+ % \(50 %\), [\d.]+ % \(90 %\), [\d.]+ % \(95 %\)/,
    );
    expect(stdout).toMatch(
      /best scale +[\d.]+ times the assumed one, sigma [\d.]+ instead of 0.35, would gain [\d.]+ ± [\d.]+ nats/,
    );
    const printed = (name: string) =>
      Number(new RegExp(`${name} +(-?[\\d.]+) ± [\\d.]+ nats`).exec(stdout)![1]);
    const bound = (printed("rate") + printed("distortion")).toFixed(2);
    expect(stdout).toMatch(
      new RegExp(`-ELBO +${bound} ± [\\d.]+ nats per image = distortion \\+ rate, mean over 8 z`),
    );
    const { width, height } = PNG.sync.read(bytes("noise.png"));
    expect([width, height]).toEqual([2080, 800]);
  });

  test("evaluate --k estimates the NLL, and adds what it found to the run, the same each time", async () => {
    const evaluations = () => text("straight", "evaluations.jsonl").trim().split("\n");
    const before = evaluations().length;
    const { code, stdout, stderr } = await run(
      "evaluate",
      "straight",
      "--k",
      "60",
      "--samples",
      "3",
      ...wasm,
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/-ELBO .*, mean over 3 z per image \(of the error, ± [\d.]+ is from them\)/);
    expect(stdout).toMatch(/NLL +-?[\d.]+ ± [\d.]+ nats per image, K = 60 importance weights/);
    expect(stdout).toMatch(/gap +[\d.]+ ± [\d.]+ nats/);
    expect(stdout).toMatch(/bits\/dim +-?[\d.]+ ± [\d.]+ of the NLL/);
    const printed = await run("evaluate", "straight", "--k", "60", "--samples", "3", "--json", ...wasm);
    const lines = evaluations();
    expect(lines).toHaveLength(before + 2);
    const [{ time: _, ...first }, { time: __, ...second }] = lines.slice(-2).map((line) => JSON.parse(line));
    expect(second).toEqual(first);
    expect(second).toMatchObject({
      k: 60,
      samples: 3,
      seed: "evaluation",
      checkpoint: "best",
      checkpointSha256: createHash("sha256")
        .update(bytes("straight", "checkpoints/best.safetensors"))
        .digest("hex"),
      datasetSha256: JSON.parse(text("straight", "run.json")).dataset.splitHashes.test,
    });
    const { nll, elbo, gap, nllStandardError } = JSON.parse(printed.stdout);
    expect([second.nll, second.nllStandardError]).toEqual([nll, nllStandardError]);
    expect(gap).toBeCloseTo(-elbo - nll, 8);
    expect(gap).toBeGreaterThan(0);
  });

  test("a loss that is no likelihood trains, and gets no ELBO, no bits and no draws", async () => {
    const trained = await run(
      "train",
      "--likelihood",
      "hybrid",
      "--epochs",
      "1",
      "--out",
      "hybrid",
      ...small,
    );
    expect(trained.code, trained.stderr).toBe(0);
    const evaluated = await run("evaluate", "hybrid");
    const refused = await run("evaluate", "hybrid", "--k", "5");
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(/the hybrid of hybrid is a loss and no likelihood: it has no p\(x\)/);
    const said =
      trained.stdout + trained.stderr + evaluated.stdout + text("hybrid", "metrics.csv").split("\n", 2)[1];
    expect(said).toMatch(/loss and no likelihood/);
    expect(said).not.toMatch(/-ELBO|bits\/dim|NLL/);
    const { splits, kindOf } = JSON.parse(text("hybrid", "summary.json"));
    expect(kindOf).toBe("loss");
    expect(Object.keys(splits)).toEqual(["validation", "test"]);
    for (const split of Object.values<object>(splits)) {
      expect(split).not.toHaveProperty("elbo");
      expect(split).not.toHaveProperty("bitsPerDim");
    }
    const drawn = await run("sample", "hybrid", "--pixels", "draw");
    expect(drawn.code).toBe(2);
    expect(drawn.stderr).toMatch(/no noise to draw.*--pixels mean/);
  });

  test("explain takes a run's trained model, and digits on stdout re-add", async () => {
    const { code, stdout, stderr } = await run("explain", "straight");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/images, straight, best checkpoint of epoch 4, one z/);
    const last = (label: string) =>
      Number(stdout.match(new RegExp(`${label} +(−?[\\d.]+)$`, "m"))![1]!.replace("−", "-"));
    expect(last("−ELBO: distortion \\+ rate")).toBeCloseTo(
      last("distortion, −log p\\(x\\|z\\)") + last("rate, KL\\(q\\(z\\|x\\) ‖ p\\(z\\)\\)"),
      10,
    );
    const refused = await run("explain", "straight", "--beta", "2");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/straight is a run, whose settings are those that it was trained with/);
  });

  test("a sweep from a shell: four values of beta, four folders, four zeros", async () => {
    const rates: number[] = [];
    for (const beta of ["0.5", "1", "2", "4"]) {
      const args = [
        "train",
        "--likelihood",
        "bernoulli",
        "--beta",
        beta,
        "--epochs",
        "3",
        "--out",
        `beta-${beta}`,
        "--json",
        "--quiet",
      ];
      const { code, stdout, stderr } = await run(...args, ...small);
      expect(code, stderr).toBe(0);
      expect(stderr).toBe("");
      rates.push(JSON.parse(stdout).splits.test.rate);
    }
    expect(rates).toEqual(rates.toSorted((a, b) => b - a)); // a dearer rate is a lower rate
  });
});

describe("help", () => {
  const help = (name?: string) => {
    const program = createProgram();
    const command = name ? program.commands.find((c) => c.name() === name)! : program;
    return command
      .configureOutput({ getOutHelpWidth: () => 100 })
      .configureHelp({ helpWidth: 100 })
      .helpInformation();
  };

  test("vae help is that of the program, or of a command in it", async () => {
    const printed = async (...names: string[]) => {
      let text = "";
      const program = createProgram();
      const commands = [program, ...program.commands.flatMap((command) => [command, ...command.commands])];
      for (const command of commands) command.configureOutput({ writeOut: (more) => (text += more) });
      await program.parseAsync(["help", ...names], { from: "user" });
      return text;
    };
    expect(await printed()).toMatch(/^Usage: vae \[options\] \[command\]\n.*Start here:/s);
    for (const command of createProgram().commands.filter((c) => !c.name().startsWith("__")))
      expect(await printed(command.name())).toMatch(new RegExp(`^Usage: vae ${command.name()} `));
    expect(await printed("sweep", "status")).toMatch(/^Usage: vae sweep status /);
    await expect(printed("smple")).rejects.toThrow(
      /no command vae smple\. Did you mean sample\? Accepted: train,/,
    );
    await expect(printed("sweep", "statu")).rejects.toThrow(
      /no command vae sweep statu\. Did you mean status\?/,
    );
  });

  test("fits into 80 columns", () => {
    for (const command of createProgram().commands) {
      const text = command.configureHelp({ ...command.configureHelp(), helpWidth: 80 }).helpInformation();
      expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test.each(["", "train", "sample", "reconstruct", "predict", "evaluate", "explain", "data"])(
    "vae %s --help",
    (name) => {
      expect(help(name)).toMatchSnapshot();
    },
  );
});
