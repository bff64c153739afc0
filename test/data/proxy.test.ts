import { readdir } from "node:fs/promises";
import { afterAll, afterEach, expect, onTestFinished, test, vi } from "vitest";
import { mirrorsAt } from "../../src/data/describedFiles.ts";
import { fetchFile } from "../../src/data/fetch.ts";
import { addressOf } from "../../src/data/proxy.ts";
import { failureOf, hashOf, temporaryFolder } from "./files.ts";
import { asks, page, startMirror, startProxy } from "./mirror.ts";

const body = Buffer.from("some bytes of a dataset");

// A process reads its environment once for all downloads, so there is one proxy for this file.
const proxy = await startProxy();
afterEach(() => {
  proxy.asked.length = 0;
  proxy.told.length = 0;
  vi.unstubAllEnvs();
});
afterAll(() => proxy.close());

const requestTo = async (mirror: string) => ({
  dataset: "tiny",
  file: { name: "a.gz", bytes: body.length, sha256: hashOf(body) },
  mirrors: [mirror],
  folder: await temporaryFolder(),
  onProgress: () => {},
  network: { stallSeconds: 10, rounds: 1, pauseSeconds: 0.01 },
});

const fetchFrom = async (mirror: string) => fetchFile(await requestTo(mirror));

async function mirror() {
  const started = await startMirror({ "a.gz": body });
  onTestFinished(() => started.close());
  return started;
}

test("without a proxy the server is asked itself", async () => {
  await fetchFrom((await mirror()).url);
  expect(proxy.asked).toEqual([]);
});

test("a proxy of the environment is asked, but for hosts that NO_PROXY names", async () => {
  vi.stubEnv("HTTP_PROXY", proxy.url);
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  vi.stubEnv("NO_PROXY", "");
  const { url, requests } = await mirror();
  await fetchFrom(url);
  expect(proxy.asked).toEqual(["GET /a.gz"]);
  expect(requests.map(({ path }) => path)).toEqual(["/a.gz"]);

  expect(await failureOf(fetchFrom("https://data.example/"))).toMatch(
    /https:\/\/data.example\/ did not answer: /,
  );
  expect(proxy.asked.slice(1)).toEqual(["CONNECT data.example:443"]);

  vi.stubEnv("NO_PROXY", "example.org,127.0.0.1");
  await fetchFrom(url);
  expect(proxy.asked).toHaveLength(2);
  expect(requests).toHaveLength(2);
});

/** As a process does that was started with this environment. */
async function fetchAnewFrom(mirror: string, env: Readonly<Record<string, string>>) {
  for (const name of ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"])
    vi.stubEnv(name, "");
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  vi.resetModules();
  const { fetchFile } = await import("../../src/data/fetch.ts");
  return fetchFile(await requestTo(mirror));
}

test("a proxy may want a name and password, stand for all addresses, and go without http://", async () => {
  const { url } = await mirror();
  const address = proxy.url.replace("http://", "me:p%40ss@");
  await fetchAnewFrom(url, { http_proxy: address });
  await fetchAnewFrom(url, { ALL_PROXY: address });
  expect(proxy.asked).toEqual(["GET /a.gz", "GET /a.gz"]);
  expect(new Set(proxy.told)).toEqual(new Set([`Basic ${Buffer.from("me:p@ss").toString("base64")}`]));
});

test("NO_PROXY may name many hosts by one star", async () => {
  for (const no_proxy of ["*.0.0.1", "*", "example.org, .0.0.1"])
    await fetchAnewFrom((await mirror()).url, { http_proxy: proxy.url, no_proxy });
  expect(proxy.asked).toEqual([]);
});

test("what is no address of a proxy is told, without the password that may be in it", () => {
  const address = (given: string) => addressOf(["https_proxy", "ALL_PROXY"], { ALL_PROXY: given });
  expect(address("")).toBe("");
  expect(address("proxy:3128")).toBe("http://proxy:3128");
  expect(address("socks5://proxy:1080")).toBe("socks5://proxy:1080");
  for (const wrong of ["ftp://proxy:21", "http://", "me:secret@pro xy:3128"])
    expect(() => address(wrong)).toThrow(/^ALL_PROXY is not the address of a proxy. Accepted: such as http:/);
});

test("a mirror may want a name and password, which no message repeats", async () => {
  const { url, behave } = await mirror();
  behave(asks("me:p@ss"));
  const withPassword = (password: string) => url.replace("//", `//me:${password}@`);
  expect(await fetchFrom(withPassword("p%40ss"))).toContain("a.gz");
  const refusal = await failureOf(fetchFrom(withPassword("secret")));
  expect(refusal).toContain("http://127.0.0.1:PORT/ answered 401 Unauthorized");
  expect(refusal).not.toContain("secret");
});

test("a web page is no file, even where neither size nor hash are known", async () => {
  const { url, behave } = await mirror();
  behave(page);
  const request = { ...(await requestTo(url)), file: { name: "a.gz" } };
  expect(await failureOf(fetchFile(request))).toContain(
    "http://127.0.0.1:PORT/ sent a web page in place of the file",
  );
  expect(await readdir(request.folder)).toEqual([]);
});

test("a mirror of the user's is a folder of folders, or one folder", () => {
  expect(mirrorsAt("http://host/data", "mnist")).toEqual(["http://host/data/mnist/", "http://host/data/"]);
  for (const wrong of ["ftp://host/", "host", ""])
    expect(() => mirrorsAt(wrong, "mnist")).toThrow(/--mirror is /);
});

test("of a file whose hash is not known, whatever comes is taken", async () => {
  const { url } = await mirror();
  const folder = await temporaryFolder();
  const request = { dataset: "tiny", mirrors: [url], folder, onProgress: () => {} };
  expect(await fetchFile({ ...request, file: { name: "a.gz" } })).toContain("a.gz");
});
