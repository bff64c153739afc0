import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeUnless } from "../helpers/missing.ts";
import { finish, inFolder, program } from "../helpers/vae.ts";

const { folder, start, text } = inFolder();

const tiny = [
  ...["--dataset.trainCount", "300", "--dataset.testCount", "40", "--dataset.validation", "60"],
  ...["--hidden", "8", "--latent-dim", "2", "--batch-size", "50", "--backend", "wasm", "--threads", "1"],
  ...["--epochs", "1"],
];

const statusOf = (out: string) => JSON.parse(text(out, "run.json")).status;

const vae = [process.execPath, ...program].join(" ");

/** A line of a shell, in which `vae` is the built program. */
function shell(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache") };
  return new Promise((resolve) =>
    execFile(
      "bash",
      ["-c", line.replaceAll(/\bvae\b/g, vae)],
      { cwd: folder, env },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

const lost =
  /^Error: Cannot write the result to stdout: (nobody reads it any more|no space is left on the disk) \(E\w+\)\.$/m;

describe("nobody who stops listening ends training", () => {
  test("on stderr", async () => {
    const child = start(["train", ...tiny, "--out", "unheard"]);
    child.stderr!.destroy();
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(statusOf("unheard")).toBe("finished");
  });

  test("on stdout, but then the result is lost", async () => {
    const child = start(["train", ...tiny, "--out", "unread", "--json"]);
    child.stdout!.destroy();
    const { code, stderr } = await finish(child);
    expect(code).toBe(1);
    expect(stderr).toMatch(lost);
    expect(statusOf("unread")).toBe("finished");
  });
});

const missing = existsSync("/dev/full") ? undefined : "no /dev/full";

describeUnless(missing, "a full disk", () => {
  test("where the notes go ends nothing", async () => {
    const { code, stdout } = await shell(`vae train ${tiny.join(" ")} --out full --json 2> /dev/full`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).run).toBe("full");
  });

  test("where the result goes is a failure", async () => {
    const { code, stderr } = await shell("vae data list --json > /dev/full");
    expect(code).toBe(1);
    expect(stderr).toMatch(lost);
  });
});

describe("a full pipe", () => {
  const fill = "head -c 65536 /dev/zero"; // what a pipe holds on Linux

  test("gets the whole result once it is read", async () => {
    const { code, stdout } = await shell(
      `set -o pipefail; ( ${fill}; vae data list --json ) | ( sleep 2; tail -c +65537 )`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout).datasets.length).toBeGreaterThan(3);
  });

  test("of notes that nobody reads ends nothing", async () => {
    const line = `exec 3> >(exec sleep 60 <&0); sleeper=$!; ${fill} >&3; vae train ${tiny.join(" ")} --out piped --json 2>&3; code=$?; kill $sleeper; exit $code`;
    const { code, stdout } = await shell(line);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).run).toBe("piped");
  });
});
