import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArrayFile } from "../../src/data/arrayFile.ts";
import { npzBytes } from "../../src/data/writeArrays.ts";
import type { PageData } from "../../src/explore/pageData.ts";
import { inProcess } from "../helpers/inProcess.ts";
import { chromiumMissing, chromiumPath, describeUnless } from "../helpers/missing.ts";
import { finish, inFolder, tinyRun } from "../helpers/vae.ts";

const { folder, start } = inFolder();
const at = (...names: string[]) => join(folder, ...names);

/** A command line in this process. */
const vae = (...args: string[]) => inProcess(...args, "--backend", "wasm", "--threads", "1");

const run = at("digits");

beforeAll(async () => {
  const { code, stderr } = await vae(
    "train",
    ...tinyRun.slice(0, -5),
    "--quiet",
    "--epochs",
    "2",
    "--out",
    run,
  );
  expect(code, stderr).toBe(0);
});

describe("vae explore --export", () => {
  test("writes a page that needs nothing else, and leaves a folder alone that has something in it", async () => {
    mkdirSync(at("site"));
    const { code, stdout, stderr } = await vae("explore", run, "--export", at("site"), "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).files).toEqual(
      ["index.html", "page.css", "page.js", "run.js"].map((name) => at("site", name)),
    );
    const again = await vae("explore", run, "--export", at("site"));
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/holds index\.html.*not touched/) });
  });

  test("says of other scales of the noise what a Gaussian of that scale costs", () => {
    const text = readFileSync(at("site", "run.js"), "utf8");
    const { noise } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as PageData;
    const { scales, distortion, own, equal } = noise!;
    expect(scales[own]).toBeCloseTo(0.35, 6);
    const constant = (sigma: number) => 784 * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI));
    const SSE = 2 * 0.35 ** 2 * (distortion[own]! - constant(0.35));
    for (const [i, sigma] of scales.entries()) {
      const expected = SSE / (2 * sigma ** 2) + constant(sigma);
      expect(Math.abs(distortion[i]! / expected - 1)).toBeLessThan(1e-5);
      expect(equal!.weights[i]).toBeCloseTo(2 * sigma ** 2, 6);
    }
  });

  test("is refused where what the run is given is no class", async () => {
    const few = ["--dataset.trainCount", "60", "--dataset.validation", "10", "--epochs", "1"];
    const out = at("upsampled");
    await vae("train", ...tinyRun.slice(0, -5), ...few, "--quiet", "--condition", "downsample", "--out", out);
    expect(await vae("explore", out)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /is conditional \(condition\.kind downsample\).*Accepted: runs of images/,
      ),
    });
  });
});

describeUnless(chromiumMissing, "the page in Chromium", () => {
  let browser: Browser;
  let page: Page;
  let server: ReturnType<typeof start>;
  const requests: string[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    server = start(["explore", run, "--json", "--backend", "wasm", "--threads", "1"]);
    const line = await new Promise<string>((resolve) =>
      server.stdout!.once("data", (data) => resolve(`${data}`)),
    );
    const { address } = JSON.parse(line);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    browser = await chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
    page = await browser.newPage();
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(address);
    await page.waitForSelector("main");
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill("SIGKILL");
  });

  /** The grey levels that the large picture shows. */
  const shown = async (of = page): Promise<number[]> => {
    await of.waitForTimeout(100); // it draws once a frame
    return of.evaluate<number[]>(`(() => {
      const canvas = document.querySelector(".decoded");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return Array.from(data).filter((_, i) => i % 4 === 0);
    })()`);
  };
  const show = (name: string) => page.getByRole("tab", { name }).click();

  test("moves a slider by keyboard, and shows what vae decode gives there", async () => {
    const slider = page.locator("[data-unit='1']");
    await slider.focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowRight");
    const value = Number(await slider.inputValue());
    expect(value).toBeCloseTo(12 * (6 / 120), 6);
    writeFileSync(at("z.npz"), npzBytes({ z: { shape: [1, 2], values: Float32Array.of(0, value) } }));
    expect((await vae("decode", run, at("z.npz"), "-o", at("x.npz"))).code).toBe(0);
    const { values } = (await openArrayFile(at("x.npz"), "the file")).array("x");
    const levels = await shown();
    expect(levels).toHaveLength(784);
    // Rounded to a level, from a mean that differs by less than 1e-4.
    for (const [i, level] of levels.entries())
      expect(Math.abs(level - 255 * Number(values[i]))).toBeLessThan(0.5 + 255e-4);
  });

  test("goes from tab to tab by keyboard, and moves z on the map", async () => {
    await page.getByRole("tab", { name: "Latents" }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { name: "Map" }).getAttribute("aria-selected")).toBe("true");
    const before = await shown();
    await page.locator(".map").click({ position: { x: 40, y: 60 } });
    const clicked = await shown();
    expect(clicked).not.toEqual(before);
    await page.keyboard.press("ArrowDown");
    expect(await shown()).not.toEqual(clicked);
  });

  test("encodes what is drawn, and takes its loss apart so that the digits add up", async () => {
    await show("Draw");
    const { x, y } = (await page.locator(".paper").boundingBox())!;
    await page.mouse.move(x + 90, y + 60);
    await page.mouse.down();
    await page.mouse.move(x + 150, y + 230, { steps: 4 });
    await page.mouse.up();
    const table = page.locator("[role=tabpanel]:not([hidden]) table.loss:not(.waiting)");
    await table.locator("tr.total").waitFor();
    const cells = await table.locator("tbody td").allTextContents();
    const [distortion, error, logScale, constant, rate, total] = cells.map((text) =>
      Number(text.replace("−", "-")),
    );
    expect(error! + logScale! + constant!).toBeCloseTo(distortion!, 6);
    expect(distortion! + rate!).toBeCloseTo(total!, 6);
    expect(logScale).toBeCloseTo(784 * Math.log(0.35), 2);
    expect(constant).toBeCloseTo(392 * Math.log(2 * Math.PI), 2);
    expect(rate).toBeGreaterThan(0);
  });

  test("shows reconstructions, and what another scale of the noise would have said", async () => {
    await show("Images");
    const third = page.locator(".example").nth(3);
    await third.click();
    expect(await third.getAttribute("aria-pressed")).toBe("true");
    await show("Noise");
    const slider = page.getByRole("slider", { name: "scale of the noise" });
    await slider.focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(".wide output").textContent()).toBe(
      `σ = ${(0.35 * 2 ** (1 / 8)).toPrecision(3)}`,
    );
  });

  test("fits a phone, and asks no other host for anything", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const name of ["Latents", "Map", "Draw", "Images", "Noise"]) {
      await show(name);
      expect(await page.evaluate("document.documentElement.scrollWidth"), name).toBe(360);
    }
    expect(problems).toEqual([]);
    expect(requests.map((url) => new URL(url).hostname)).toEqual(requests.map(() => "127.0.0.1"));
    expect(requests).toHaveLength(4);
  });

  test("answers nobody who does not call it by its own name, and has nothing else to give", async () => {
    const statusOf = (path: string, host?: string) =>
      new Promise((resolve) => {
        const { hostname, port } = new URL(requests[0]!);
        const headers = host === undefined ? {} : { host };
        get({ hostname, port, path, headers }, ({ statusCode }) => resolve(statusCode));
      });
    expect(await statusOf("/", "example.com")).toBe(403);
    expect(await statusOf("//")).toBe(404);
    expect(await statusOf("/run.js?1")).toBe(200);
  });

  test("is the same from a file, and ends with Ctrl-C", async () => {
    const ofFile = await browser.newPage();
    ofFile.on("request", (request) => requests.push(request.url()));
    await ofFile.goto(pathToFileURL(at("site", "index.html")).href);
    await ofFile.waitForSelector("main");
    await page.getByRole("button", { name: "z = 0" }).click();
    expect(await shown(ofFile)).toEqual(await shown());
    expect(requests.slice(4).every((url) => url.startsWith("file://"))).toBe(true);
    const ended = finish(server);
    server.kill("SIGINT");
    expect((await ended).code).toBe(0);
  });
});
