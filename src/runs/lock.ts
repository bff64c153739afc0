import { randomUUID } from "node:crypto";
import {
  existsSync,
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { LEFTOVER } from "../base/atomicFile.ts";
import { VaeError } from "../base/errors.ts";
import { fileError } from "../base/fileErrors.ts";

/** The name of the file in a run's folder that says who writes there. */
export const LOCK = "run.lock";

const ownerSchema = z.strictObject({
  host: z.string(),
  pid: z.int().positive(),
  since: z.string(),
  /** Tells this process from another that gets its number after it, where the system can tell; else empty. */
  incarnation: z.string(),
  /** Tells processes that see each other's numbers from those in another container or after a reboot. */
  world: z.string(),
  token: z.string(),
});

type Owner = z.infer<typeof ownerSchema>;

/** The owner's sign of life. */
const HEARTBEAT_MS = 20_000;

/** Of an owner that cannot be looked up from here, the silence after which it counts as gone. */
const SILENT_MS = 9 * HEARTBEAT_MS;

/**
 * The right to write into a run's folder, which one process has at a time. It is a file that says whose it is. The process
 * of that number on this machine is looked up; what another machine writes on a network disk is believed as long as its
 * sign of life, the time of the file, is fresh by the clock of that disk.
 */
export class Lock {
  readonly #file: string;
  readonly #owner: Owner;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #onExit = () => this.release();

  private constructor(file: string, owner: Owner) {
    this.#file = file;
    this.#owner = owner;
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
    process.on("exit", this.#onExit);
  }

  /** Fails where another process has the folder, and says which. */
  static acquire(folder: string): Lock {
    const file = join(folder, LOCK);
    const owner = ourselves();
    const own = join(folder, `.${LOCK}.${owner.token}${LEFTOVER}`);
    try {
      writeFileSync(own, `${JSON.stringify(owner, null, 2)}\n`, { flag: "wx" });
      try {
        while (!take(own, file)) {
          const other = read(file);
          if (other === "gone") continue;
          if (isAlive(other, file, own)) throw new VaeError("failure", inUse(folder, other));
          putAside(file, other, own);
        }
      } finally {
        rmSync(own, { force: true });
      }
    } catch (error) {
      throw fileError(`Cannot write into ${folder}`, error);
    }
    return new Lock(file, owner);
  }

  /** Fails where the folder has become another's, as after a sleep that was longer than the silence that others wait for. */
  assertOwned(): void {
    const other = read(this.#file);
    if (other !== "gone" && other?.token === this.#owner.token) return;
    const who = other !== "gone" && other ? ` process ${other.pid} on ${other.host}` : " another process";
    throw new VaeError("failure", `${this.#file} was taken over by${who}, so this one writes no more.`);
  }

  release(): void {
    clearInterval(this.#heartbeat);
    process.off("exit", this.#onExit);
    try {
      const found = read(this.#file);
      if (found !== "gone" && found?.token === this.#owner.token) rmSync(this.#file, { force: true });
    } catch {
      // Out of reach. It says whose it was, and so is taken over.
    }
  }

  #beat(): void {
    try {
      const now = new Date();
      utimesSync(this.#file, now, now);
    } catch {
      // Gone or out of reach: `assertOwned` tells before the next checkpoint.
    }
  }
}

/** Fails where a live process has the folder; takes nothing. */
export function refuseIfOwned(folder: string): void {
  const owner = liveOwner(folder);
  if (owner !== "none") throw new VaeError("failure", inUse(folder, owner));
}

/** Whether a live process writes into the folder. */
export const isOwned = (folder: string): boolean => liveOwner(folder) !== "none";

function liveOwner(folder: string): Owner | undefined | "none" {
  const file = join(folder, LOCK);
  if (!existsSync(file)) return "none"; // nor where it cannot be seen, which whoever opens the folder tells
  const owner = read(file);
  return owner !== "gone" && isAlive(owner, file) ? owner : "none";
}

const inUse = (folder: string, owner: Owner | undefined) =>
  `${folder} is being written by ${owner ? `process ${owner.pid} on ${owner.host}, since ${owner.since}` : "another process"}. ` +
  "Two would mix their results: wait for it, stop it, or give another --out.";

/** The boot of the machine, and the container. */
const world = () =>
  [
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ");

/** When the process was started, in the machine's own ticks. The name before it may hold spaces and parentheses. */
const incarnationOf = (pid: number | "self") =>
  attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19]!);

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

const ourselves = (): Owner => ({
  host: hostname(),
  pid: process.pid,
  since: new Date().toISOString(),
  incarnation: incarnationOf("self"),
  world: world(),
  token: randomUUID(),
});

/** Whether the lock is ours now. A network disk may say no where it means yes, but then it counts two names. */
function take(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return statSync(own).nlink === 2;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK") throw error;
  }
  // A disk without links.
  try {
    writeFileSync(file, readFileSync(own), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined where what it says cannot be read. */
function read(file: string): Owner | undefined | "gone" {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "gone";
    throw fileError(`Cannot read ${file}`, error);
  }
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** `fresh` is a file beside it that was just written: its time is now by the clock of the disk. */
function isAlive(owner: Owner | undefined, file: string, fresh?: string): boolean {
  if (owner && owner.host === hostname() && owner.world === world()) {
    return isRunning(owner.pid) && owner.incarnation === incarnationOf(owner.pid);
  }
  const now = fresh === undefined ? Date.now() : statSync(fresh).mtimeMs;
  const beat = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return beat !== undefined && now - beat < SILENT_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's
  }
}

/** Takes a dead owner's lock away. Where another process was quicker, what it has put there goes back. */
function putAside(file: string, dead: Owner | undefined, own: string): void {
  const aside = `${own}.dead${LEFTOVER}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = read(aside);
  if (moved !== "gone" && moved?.token !== dead?.token) {
    try {
      linkSync(aside, file);
    } catch {
      // A third has it; the second will see that before it saves.
    }
  }
  rmSync(aside, { force: true });
}
