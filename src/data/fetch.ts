import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";
import type { OnDataProgress } from "./dataset.ts";
import { fetchByProxy } from "./proxy.ts";

export interface NetworkSettings {
  /** Give up on a connection when no byte comes for so long. Default 20. */
  readonly stallSeconds?: number;
  /** Rounds over all mirrors without a new byte before giving up. Default 3. */
  readonly rounds?: number;
  /** Wait between rounds; doubles with each round that brings nothing. Default 1. */
  readonly pauseSeconds?: number;
}

export interface FetchRequest {
  readonly dataset: string;
  /** Size and hash are checked where they are known. */
  readonly file: {
    readonly name: string;
    readonly bytes?: number | undefined;
    readonly sha256?: string | undefined;
  };
  /** Folders that have the file, each with a trailing slash. */
  readonly mirrors: readonly string[];
  /** Where the file is wanted. It must exist. */
  readonly folder: string;
  readonly onProgress: OnDataProgress;
  readonly signal?: AbortSignal | undefined;
  readonly network?: NetworkSettings | undefined;
}

/** Why one mirror did not deliver. `final`: there is no point in asking it again. */
class MirrorError extends Error {
  readonly final: boolean;
  constructor(message: string, final = false) {
    super(message);
    this.final = final;
  }
}

/**
 * Downloads a file and returns its path. What has arrived is kept in a `.part` file when the download breaks off or is
 * interrupted, and continued by a Range request, at whichever mirror. The file gets its name only after its sha256 is
 * right, so under that name it is whole.
 */
export async function fetchFile(request: FetchRequest): Promise<string> {
  const path = join(request.folder, request.file.name);
  const part = await claimPart(path);
  try {
    await fetchFromMirrors(request, part);
    await onDisk(path, rename(part, path));
    for (const leftover of await abandonedParts(path)) await rm(leftover, { force: true });
    return path;
  } finally {
    await releasePart(part, path);
  }
}

async function fetchFromMirrors(request: FetchRequest, part: string): Promise<void> {
  const { dataset, file, mirrors, network = {} } = request;
  const { rounds = 3, pauseSeconds = 1 } = network;
  const reasons = new Map(mirrors.map((mirror) => [mirror, ""]));
  let open = [...mirrors];
  let mostBytes = await sizeOf(part);
  for (let idle = 0; idle < rounds && open.length > 0; ) {
    const before = mostBytes;
    for (const mirror of open) {
      try {
        return await fetchFromMirror(request, mirror, part);
      } catch (error) {
        if (!(error instanceof MirrorError)) throw error;
        reasons.set(mirror, error.message);
        if (error.final) open = open.filter((other) => other !== mirror);
        mostBytes = Math.max(mostBytes, await sizeOf(part));
      }
    }
    // A connection that breaks off again and again still gets there, as long as each attempt brings some bytes.
    idle = mostBytes > before ? 0 : idle + 1;
    if (idle < rounds && open.length > 0) await wait(request, pauseSeconds * 2 ** idle, mostBytes);
  }
  throw new VaeError(
    "failure",
    [
      `${dataset}/${file.name} could not be downloaded:`,
      ...[...reasons].map(([mirror, reason]) => `  ${withoutPassword(mirror)} ${reason}`),
      `Try again later (what has arrived is kept), or set VAE_DATA_DIR to a folder that has the file as ` +
        `${dataset}/${file.name}, with or without .gz, or HTTPS_PROXY to your proxy, or name a server that has it by ` +
        `vae data fetch ${dataset} --mirror URL, or use --dataset digits, which needs no download.`,
    ].join("\n"),
  );
}

/** One attempt at one mirror: continue the part, check its sha256. */
async function fetchFromMirror(request: FetchRequest, mirror: string, part: string): Promise<void> {
  const { file } = request;
  const have = await sizeOf(part);
  const isTooLong = file.bytes !== undefined && have > file.bytes;
  const continued = have > 0 && !isTooLong;
  if (isTooLong) await rm(part);
  if (have !== file.bytes) await transfer(request, new URL(file.name, mirror), part, continued ? have : 0);
  const hash = await hashOf(part);
  if (file.sha256 === undefined || hash === file.sha256) return;
  await rm(part);
  // After a continued download the wrong bytes may be older than this mirror, which then gets another chance.
  throw new MirrorError(
    `sent other bytes than published: sha256 ${hash}, expected ${file.sha256}`,
    !continued,
  );
}

/** Appends to `part` what the mirror has from byte `start` on. */
async function transfer(request: FetchRequest, url: URL, part: string, start: number): Promise<void> {
  const { file, signal, onProgress } = request;
  const stallSeconds = request.network?.stallSeconds ?? 20;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallSeconds * 1000);
  let done = start;
  let handle: FileHandle | undefined;
  let response: Response | undefined;
  try {
    response = await fetchByProxy(new URL(withoutPassword(url)), {
      // Servers that compress on the fly, or call the .gz itself an encoding, would have `fetch` change the bytes.
      headers: {
        "accept-encoding": "identity",
        ...(start > 0 && { range: `bytes=${start}-` }),
        ...authorization(url),
      },
      signal: signal === undefined ? stalled.signal : AbortSignal.any([stalled.signal, signal]),
    });
    checkNoPage(response);
    if (start > 0 && response.status === 200) done = 0; // it ignores Range and sends all of it
    if (done === 0) checkWhole(response, file.bytes);
    else if (!continues(response, start, file.bytes)) {
      if (response.status !== 206 && response.status !== 416) throw statusError(response);
      await rm(part); // whatever this mirror takes the part for, from byte 0 there is no doubt
      throw new MirrorError(`cannot continue at byte ${start}: answered ${response.status}`);
    }

    handle = await onDisk(part, open(part, done === 0 ? "w" : "a"));
    onProgress(progress(request, done));
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      if (file.bytes !== undefined && done + chunk.length > file.bytes) {
        await handle.truncate(0);
        throw new MirrorError(`sends more than the published ${file.bytes} bytes`, true);
      }
      await onDisk(part, handle.appendFile(chunk));
      done += chunk.length;
      onProgress(progress(request, done));
    }
    if (file.bytes !== undefined && done < file.bytes)
      throw new MirrorError(`ended at byte ${done} of ${file.bytes}`);
    await onDisk(part, handle.sync());
  } catch (error) {
    if (error instanceof MirrorError || error instanceof VaeError) throw error;
    if (signal?.aborted) throw interrupted(request, done);
    const what = response === undefined ? "did not answer" : `broke off at byte ${done}${ofAll(file)}`;
    throw new MirrorError(
      `${what}: ${stalled.signal.aborted ? `nothing came for ${stallSeconds} s` : reasonOf(error)}`,
    );
  } finally {
    clearTimeout(timer);
    await handle?.close();
    if (response?.body?.locked === false) await response.body.cancel().catch(() => {}); // or it broke off before
  }
}

/** Whether the answer to a Range request is what was asked for. */
function continues(response: Response, start: number, bytes: number | undefined): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (response.status !== 206 || range === null) return false;
  return (
    Number(range[1]) === start && (range[3] === "*" || bytes === undefined || Number(range[3]) === bytes)
  );
}

/** An address without the name and password that may be in it, which `fetch` does not take and nobody should read. */
export function withoutPassword(address: string | URL): string {
  const url = new URL(address);
  [url.username, url.password] = ["", ""];
  return url.href;
}

function authorization({ username, password }: URL): { authorization?: string } {
  if (username === "" && password === "") return {};
  const told = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { authorization: `Basic ${told.toString("base64")}` };
}

/** Portals that want a login, and servers without the file, may answer 200 with a page of text. */
function checkNoPage({ status, headers }: Response): void {
  if (status >= 300 || !headers.get("content-type")?.startsWith("text/html")) return;
  throw new MirrorError("sent a web page in place of the file", true);
}

function checkWhole(response: Response, bytes: number | undefined): void {
  if (response.status !== 200) throw statusError(response);
  if (bytes === undefined) return;
  const length = response.headers.get("content-length");
  if (length !== null && !response.headers.has("content-encoding") && Number(length) !== bytes) {
    throw new MirrorError(`offers ${length} bytes instead of the published ${bytes}`, true);
  }
}

function statusError({ status, statusText }: Response): MirrorError {
  const passing = status === 408 || status === 429 || status >= 500;
  return new MirrorError(`answered ${status}${statusText && ` ${statusText}`}`, !passing);
}

function progress({ dataset, file }: FetchRequest, done: number) {
  return { label: `${dataset}/${file.name}`, done, total: file.bytes ?? 0, unit: "bytes" as const };
}

const ofAll = ({ bytes }: FetchRequest["file"]) => (bytes === undefined ? "" : ` of ${bytes}`);

function interrupted({ dataset, file }: FetchRequest, done: number): VaeError {
  return new VaeError(
    "interrupted",
    `Interrupted at byte ${done}${ofAll(file)} of ${dataset}/${file.name}. The same command continues from there.`,
  );
}

async function wait(request: FetchRequest, seconds: number, done: number): Promise<void> {
  try {
    await pause(seconds * 1000, undefined, { ...(request.signal && { signal: request.signal }) });
  } catch {
    throw interrupted(request, done);
  }
}

/** Disk full or gone is not the mirror's doing. */
async function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error: Error) => {
    throw fileError(`Cannot write ${path}`, error);
  });
}

/** `fetch failed` and `terminated` say little; their cause does, or the cause of that. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  let last = cause;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  const detail = last instanceof Error ? last.message || (last as NodeJS.ErrnoException).code : undefined;
  return detail ? `${message} (${detail})` : message;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

// Two processes may want the same file at once. An abandoned part is `<file>.part`; a part in use carries the name of
// its process and is nobody else's. Taking one over is a rename, which only one of them can win.

const host = hostname().replace(/[^\w-]/g, "_");
let claims = 0;

async function claimPart(path: string): Promise<string> {
  const mine = `${path}.${host}-${process.pid}-${claims++}.part`;
  for (const abandoned of await abandonedParts(path)) {
    try {
      await rename(abandoned, mine);
      return mine;
    } catch {
      // Somebody was faster.
    }
  }
  return mine;
}

async function releasePart(mine: string, path: string): Promise<void> {
  if ((await sizeOf(mine)) > 0) await rename(mine, `${path}.part`);
  else await rm(mine, { force: true });
}

/** `<file>.part`, and the parts of processes of this machine that were killed. */
async function abandonedParts(path: string): Promise<string[]> {
  const ours = `${basename(path)}.${host}-`;
  const isAbandoned = (name: string) => {
    if (name === `${basename(path)}.part`) return true;
    const pid = name.startsWith(ours) && /^(\d+)-\d+\.part$/.exec(name.slice(ours.length))?.[1];
    return pid ? !isAlive(Number(pid)) : false;
  };
  return (await readdir(dirname(path))).filter(isAbandoned).map((name) => join(dirname(path), name));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
