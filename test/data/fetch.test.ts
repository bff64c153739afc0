import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { DataProgress } from "../../src/data/dataset.ts";
import { type FetchRequest, fetchFile } from "../../src/data/fetch.ts";
import { failureOf, hashOf, temporaryFolder } from "./files.ts";
import {
  closesAfter,
  honest,
  ignoresRange,
  lies,
  type Mirror,
  portal,
  stallsAt,
  startMirror,
  status,
  unannounced,
  wrongRange,
} from "./mirror.ts";

const name = "images.gz";
const body = randomBytes(300_000);

async function mirror(): Promise<Mirror> {
  const started = await startMirror({ [name]: body });
  onTestFinished(() => started.close());
  return started;
}

/** A request for `name` from `mirrors` into a new folder. */
async function requestTo(...mirrors: Mirror[]): Promise<FetchRequest & { events: DataProgress[] }> {
  const events: DataProgress[] = [];
  return {
    dataset: "tiny",
    file: { name, bytes: body.length, sha256: hashOf(body) },
    mirrors: mirrors.map(({ url }) => url),
    folder: await temporaryFolder(),
    onProgress: (event) => events.push(event),
    network: { stallSeconds: 0.3, rounds: 2, pauseSeconds: 0.01 },
    events,
  };
}

/** The file is there, whole, and nothing else. */
async function expectWhole(request: FetchRequest): Promise<void> {
  expect(await readdir(request.folder)).toEqual([name]);
  expect(hashOf(await readFile(join(request.folder, name)))).toBe(request.file.sha256);
}

test("a file arrives whole, with progress", async () => {
  const request = await requestTo(await mirror());
  expect(await fetchFile(request)).toBe(join(request.folder, name));
  await expectWhole(request);
  const { events } = request;
  expect(events[0]).toEqual({ label: `tiny/${name}`, done: 0, total: body.length, unit: "bytes" });
  expect(events.at(-1)?.done).toBe(body.length);
  expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).sort((a, b) => a - b));
});

test("a connection that closes half-way is continued where it broke off", async () => {
  const server = await mirror();
  server.behave(closesAfter(100_000), closesAfter(50_000), honest);
  const request = await requestTo(server);
  await fetchFile(request);
  await expectWhole(request);
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=100000-", "bytes=150000-"]);
  expect(server.bytesSent()).toBe(body.length);
});

test("more breaks than rounds are fine as long as each brings some bytes", async () => {
  const server = await mirror();
  server.behave(...Array.from({ length: 5 }, () => closesAfter(50_000)), honest);
  const request = await requestTo(server);
  await fetchFile(request);
  await expectWhole(request);
  expect(server.bytesSent()).toBe(body.length);
});

test("another mirror continues what the first began", async () => {
  const [first, second] = [await mirror(), await mirror()];
  first.behave(closesAfter(100_000), status(503));
  const request = await requestTo(first, second);
  await fetchFile(request);
  await expectWhole(request);
  expect(second.requests).toEqual([{ path: `/${name}`, range: "bytes=100000-" }]);
  expect(first.bytesSent() + second.bytesSent()).toBe(body.length);
});

test("an interrupted download keeps its part, and the next one continues it", async () => {
  const server = await mirror();
  server.behave(stallsAt(100_000), honest);
  const interrupt = new AbortController();
  const request = await requestTo(server);
  const first = fetchFile({
    ...request,
    signal: interrupt.signal,
    network: { stallSeconds: 10 },
    onProgress: ({ done }) => done === 100_000 && interrupt.abort(),
  });
  expect(await failureOf(first)).toMatchInlineSnapshot(
    `"interrupted: Interrupted at byte 100000 of 300000 of tiny/images.gz. The same command continues from there."`,
  );
  expect(await readdir(request.folder)).toEqual([`${name}.part`]);
  await fetchFile(request);
  await expectWhole(request);
  expect(server.requests[1]?.range).toBe("bytes=100000-");
  expect(request.events[0]?.done).toBe(100_000);
  expect(server.bytesSent()).toBe(body.length);
});

test("the part of a killed process is taken over, that of a living one is not", async () => {
  const server = await mirror();
  const request = await requestTo(server);
  const host = hostname().replace(/[^\w-]/g, "_");
  const living = `${name}.${host}-${process.pid}-99.part`;
  const elsewhere = `${name}.another-machine-4194304-0.part`;
  await writeFile(join(request.folder, `${name}.${host}-4194304-0.part`), body.subarray(0, 200_000)); // above Linux' pid_max
  await writeFile(join(request.folder, living), "theirs");
  await writeFile(join(request.folder, elsewhere), "theirs");
  await fetchFile(request);
  expect(server.requests).toEqual([{ path: `/${name}`, range: "bytes=200000-" }]);
  expect((await readdir(request.folder)).sort()).toEqual([name, elsewhere, living].sort());
});

test("two downloads of one file at once do not disturb each other", async () => {
  const server = await mirror();
  const request = await requestTo(server);
  await Promise.all([fetchFile(request), fetchFile(request), fetchFile(request)]);
  await expectWhole(request);
});

test.each([
  ["ignores Range", ignoresRange, 1],
  ["answers Range with other bytes", wrongRange, 2],
  ["refuses Range", status(416), 2],
])("a mirror that %s is read from the start", async (_, behaviour, requests) => {
  const server = await mirror();
  server.behave(behaviour, honest);
  const request = await requestTo(server);
  await writeFile(join(request.folder, `${name}.part`), body.subarray(0, 1000));
  await fetchFile(request);
  await expectWhole(request);
  expect(server.requests.map(({ range }) => range)).toEqual(["bytes=1000-", undefined].slice(0, requests));
});

test.each([
  ["is damaged", randomBytes(1000)],
  ["is complete but damaged", randomBytes(body.length)],
  ["is too long", randomBytes(body.length + 1)],
])("a part that %s is thrown away", async (_, part) => {
  const request = await requestTo(await mirror());
  await writeFile(join(request.folder, `${name}.part`), part);
  await fetchFile(request);
  await expectWhole(request);
});

test("a complete part needs no download", async () => {
  const server = await mirror();
  const request = await requestTo(server);
  await writeFile(join(request.folder, `${name}.part`), body);
  await fetchFile(request);
  await expectWhole(request);
  expect(server.requests).toEqual([]);
});

test.each([
  ["lies", lies],
  ["has it not", status(404)],
  ["sends a login page", portal],
  ["goes on too long", unannounced(1)],
  ["ends too early", unannounced(-1)],
  ["stalls", stallsAt(0)],
  ["is broken", status(500)],
])("after a mirror that %s comes the next", async (_, behaviour) => {
  const [bad, good] = [await mirror(), await mirror()];
  bad.behave(behaviour);
  const request = await requestTo(bad, good);
  await fetchFile(request);
  await expectWhole(request);
  expect(bad.requests.length).toBe(1);
});

test("when no mirror delivers, the error says why for each, and what else there is", async () => {
  const behaviours = [lies, status(404), portal, unannounced(1), stallsAt(1000), status(503), closesAfter(0)];
  const mirrors = await Promise.all(behaviours.map(mirror));
  for (const [i, server] of mirrors.entries()) server.behave(behaviours[i]!);
  const gone = await startMirror({});
  await gone.close();
  const request = await requestTo(...mirrors, gone);
  const message = await failureOf(fetchFile(request));
  expect(
    message.replace(/sha256 \w{64}/, "sha256 WRONG").replace(request.file.sha256!, "RIGHT"),
  ).toMatchInlineSnapshot(`
    "failure: tiny/images.gz could not be downloaded:
      http://127.0.0.1:PORT/ sent other bytes than published: sha256 WRONG, expected RIGHT
      http://127.0.0.1:PORT/ answered 404 Not Found
      http://127.0.0.1:PORT/ offers 26 bytes instead of the published 300000
      http://127.0.0.1:PORT/ sends more than the published 300000 bytes
      http://127.0.0.1:PORT/ broke off at byte 1000 of 300000: nothing came for 0.3 s
      http://127.0.0.1:PORT/ answered 503 Service Unavailable
      http://127.0.0.1:PORT/ broke off at byte 1000 of 300000: terminated (other side closed)
      http://127.0.0.1:PORT/ did not answer: fetch failed (connect ECONNREFUSED 127.0.0.1:PORT)
    Try again later (what has arrived is kept), or set VAE_DATA_DIR to a folder that has the file as tiny/images.gz, with or without .gz, or HTTPS_PROXY to your proxy, or name a server that has it by vae data fetch tiny --mirror URL, or use --dataset digits, which needs no download."
  `);
  // What can pass is asked once more; what cannot, is not.
  expect(mirrors.map(({ requests }) => requests.length > 1)).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test("a disk that cannot be written is not blamed on the mirror", async () => {
  const request = await requestTo(await mirror());
  await mkdir(join(request.folder, name)); // a folder where the file should go
  expect((await failureOf(fetchFile(request), request.folder)).replace(/'.*'/, "'…'")).toMatchInlineSnapshot(
    `"failure: Cannot write TMP/images.gz: a folder of that name is in its place (EISDIR)."`,
  );
});
