import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { mirrorsAt } from "../../src/data/describedFiles.ts";
import { fetchFile } from "../../src/data/fetch.ts";
import { failureOf, hashOf, temporaryFolder } from "./files.ts";
import { startMirror, startProxy } from "./mirror.ts";

const body = Buffer.from("some bytes of a dataset");

// A process reads its environment once for all downloads, so there is one proxy for this file.
const proxy = await startProxy();
afterEach(() => {
  proxy.asked.length = 0;
  vi.unstubAllEnvs();
});

async function fetchFrom(mirror: string) {
  return fetchFile({
    dataset: "tiny",
    file: { name: "a.gz", bytes: body.length, sha256: hashOf(body) },
    mirrors: [mirror],
    folder: await temporaryFolder(),
    onProgress: () => {},
    network: { stallSeconds: 2, rounds: 1, pauseSeconds: 0.01 },
  });
}

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
  proxy.close();
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
