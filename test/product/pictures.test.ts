import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { finish, inFolder } from "../helpers/vae.ts";
import { dense, tiny, writeTinyDigits } from "./lifeOfARun.ts";

const { folder, start, run, text } = inFolder();
const wasm = ["--backend", "wasm"];
const settings = [...tiny, ...dense, ...wasm];

/** In the place of the thread that draws the curves: one that throws, or none any more. */
const disturbance = join(folder, "disturbance.js");

beforeAll(() => {
  writeTinyDigits(folder);
  writeFileSync(
    disturbance,
    `import { Worker } from "node:worker_threads";
     const { postMessage } = Worker.prototype;
     const throwing = "data:text/javascript,export function* lossCharts() { throw new RangeError('no room for a chart') }";
     Worker.prototype.postMessage = function (message, transfer) {
       if (message.name !== "lossCharts") postMessage.call(this, message, transfer);
       else if (process.env.CHART === "throws") postMessage.call(this, { ...message, module: throwing }, transfer);
       else this.terminate();
     };`,
  );
});

function expectWhole(out: string): void {
  expect(JSON.parse(text(out, "run.json")).status).toBe("finished");
  expect(JSON.parse(text(out, "summary.json")).epochs).toBe(2);
}

describe("a run that cannot draw a picture ends well, and says why once", () => {
  test.each([
    ["throws", /no room for a chart\n$/],
    ["ends", /the thread of lossCharts has ended with code \d\n$/],
  ])("as the thread of the chart %s", async (how, reason) => {
    const environment = { CHART: how, NODE_OPTIONS: `--import ${pathToFileURL(disturbance).href}` };
    const { code, stderr } = await finish(
      start(["train", "--out", how, "--quiet", ...settings], environment),
    );
    const file = join(how, "figures/loss.png");
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(reason);
    expect(stderr.split("\n")).toEqual([expect.stringContaining(`Warning: ${file} was not drawn: `), ""]);
    expectWhole(how);
    expect(existsSync(join(folder, how, "figures/samples.png"))).toBe(true);
  });

  test("as a folder is in its place, or a file in the place of the folder", async () => {
    const args = ["train", "--out", "blocked", "--quiet", ...settings];
    expect(await run(...args, "--epochs", "1")).toMatchObject({ code: 0, stderr: "" });
    const figures = join(folder, "blocked/figures");
    rmSync(join(figures, "loss.png"));
    mkdirSync(join(figures, "loss.png/in the way"), { recursive: true });
    const { code, stderr } = await run("train", "--resume", "--out", "blocked", "--quiet", "--epochs", "2");
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(
      /^Warning: blocked\/figures\/loss\.png was not drawn: Cannot write blocked\/figures\/loss\.png: .* \(E[A-Z]+\)\.\n$/,
    );
    expectWhole("blocked");

    rmSync(figures, { recursive: true });
    writeFileSync(figures, "");
    const evaluated = await run("evaluate", "blocked", "--json", ...wasm);
    expect(evaluated.code).toBe(0);
    expect(evaluated.stderr).toMatch(
      /^Warning: blocked\/figures\/calibration-test\.png was not drawn: Cannot write .*\n$/,
    );
    expect(JSON.parse(evaluated.stdout)).toHaveProperty("calibration");
    expect(JSON.parse(evaluated.stdout)).not.toHaveProperty("figure");
  });
});
