// Counts what a process does to the files below FAULT_FOLDER, and at number FAULT_AT lets the world end: see `faulty` in ../command.ts.
//   node --require faults.cjs …
//   FAULT_LOG      a file that gets a line for each operation
//   FAULT_AT       the operation before which the process is killed
//   FAULT_HALF=1   in the midst of it rather than before it
//   FAULT_ERROR    the code of the error that it fails with, instead of a kill
//   FAULT_LASTING=1  and so do all that follow
const fs = require("node:fs");
const { join, resolve, relative, sep } = require("node:path");
const { syncBuiltinESMExports } = require("node:module");
const { fileURLToPath } = require("node:url");
const { constants } = require("node:os");
const { isMainThread } = require("node:worker_threads");

const { FAULT_FOLDER, FAULT_LOG, FAULT_AT, FAULT_HALF, FAULT_ERROR, FAULT_LASTING } = process.env;

// As they were, since what stands in their places counts.
const real = { ...fs };
const promises = { ...fs.promises };

/** What fails for want of space, or of handles; any other error strikes every operation. */
const STRUCK = {
  ENOSPC: [
    "open",
    "write",
    "writev",
    "writeFile",
    "appendFile",
    "mkdir",
    "mkdtemp",
    "copyFile",
    "cp",
    "link",
  ],
  EMFILE: ["open", "writeFile", "appendFile", "copyFile", "cp"],
};

let counted = 0;
let spent = false;

/** Called before each operation, with what half of it would be; throws, kills or returns. */
function reach(name, path, half) {
  counted++;
  if (FAULT_LOG) real.appendFileSync(FAULT_LOG, `${counted} ${name} ${relative(FAULT_FOLDER, path)}\n`);
  if (!FAULT_AT || counted < Number(FAULT_AT)) return;
  if (!FAULT_ERROR) {
    if (FAULT_HALF) half();
    process.kill(process.pid, "SIGKILL");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  if (spent || !(STRUCK[FAULT_ERROR] ?? [name]).includes(name)) return;
  spent = !FAULT_LASTING;
  if (FAULT_HALF) half();
  throw Object.assign(new Error(`${FAULT_ERROR}: made to fail, ${name} '${path}'`), {
    code: FAULT_ERROR,
    errno: -constants.errno[FAULT_ERROR],
    syscall: name,
    path,
  });
}

const pathOf = (path) =>
  path instanceof URL ? fileURLToPath(path) : Buffer.isBuffer(path) ? String(path) : path;

/** The path, if it is the folder or below it. */
function inside(given) {
  const path = pathOf(given);
  if (typeof path !== "string") return undefined;
  const whole = resolve(path);
  return whole === FAULT_FOLDER || whole.startsWith(FAULT_FOLDER + sep) ? whole : undefined;
}

/** Paths of the files below the folder that are open, by descriptor. */
const opened = new Map();

const isWriting = (flags = "r") =>
  typeof flags === "number"
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
    : /[wa+]/.test(flags);

function halfOf(data, encoding) {
  const bytes = typeof data === "string" ? Buffer.from(data, encoding) : data;
  if (!ArrayBuffer.isView(bytes)) return Buffer.alloc(0); // of a stream
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
}

/** Of the arguments of `write`: a text with its encoding last, or bytes with where they begin and how many they are. */
function halfOfWrite([data, ...more]) {
  if (typeof data === "string") return halfOf(data, more.at(-1));
  const [from, length] = typeof more[0] === "object" && more[0] ? [more[0].offset, more[0].length] : more;
  const begin = from ?? 0;
  return halfOf(data.subarray(begin, begin + (length ?? data.byteLength - begin)));
}

/** A folder loses the first of what is in it. */
function halfOfRemoval(path) {
  const names = real.existsSync(path) && real.statSync(path).isDirectory() ? real.readdirSync(path) : [];
  real.rmSync(names.length > 0 ? join(path, names[0]) : path, { recursive: true, force: true });
}

const attempt = (work) => () => {
  try {
    work();
  } catch {} // what would have failed anyhow
};

/**
 * Operations by their names: of the arguments, which path they change, or the handle of a file; and half of each. Without
 * a half, half of it is all of it.
 */
const byPath = {
  open: { at: ([path, flags]) => isWriting(flags) && path },
  writeFile: {
    at: ([path]) => path,
    half: ([path, data, options]) => real.writeFileSync(path, halfOf(data), options),
  },
  appendFile: { at: ([path]) => path, half: ([path, data]) => real.appendFileSync(path, halfOf(data)) },
  mkdir: { at: ([path]) => path },
  mkdtemp: { at: ([prefix]) => prefix },
  rmdir: { at: ([path]) => path },
  rm: { at: ([path]) => path, half: ([path]) => halfOfRemoval(path) },
  unlink: { at: ([path]) => path },
  rename: { at: ([from, to]) => (inside(to) ? to : from) },
  link: { at: ([, to]) => to },
  symlink: { at: ([, to]) => to },
  copyFile: { at: ([, to]) => to },
  cp: { at: ([, to]) => to },
  truncate: { at: ([path]) => path },
  chmod: { at: ([path]) => path },
  utimes: { at: ([path]) => path },
};
const byDescriptor = {
  write: { half: ([fd, ...written]) => real.writeSync(fd, halfOfWrite(written)) },
  writev: { half: ([fd, [data]]) => real.writeSync(fd, halfOf(data)) },
  fsync: {},
  fdatasync: {},
  ftruncate: {},
  futimes: {},
};

/** Functions of `node:fs` are made of one another: only the outermost counts. */
let depth = 0;
function outermost(work) {
  depth++;
  try {
    return work();
  } finally {
    depth--;
  }
}

/** The path that a call changes, undefined where none of ours. */
const target = (name, args) =>
  name in byPath ? inside(byPath[name].at(args)) : (opened.get(args[0]) ?? undefined);

function reachCall(name, args) {
  const path = target(name, args);
  if (path === undefined || depth > 0) return undefined;
  const { half } = byPath[name] ?? byDescriptor[name];
  const withoutCallback = args.filter((argument) => typeof argument !== "function");
  outermost(() =>
    reach(
      name,
      path,
      attempt(() => (half ?? ((given) => real[`${name}Sync`](...given)))(withoutCallback)),
    ),
  );
  return path;
}

function patch(name) {
  fs[`${name}Sync`] = (...args) => {
    const path = reachCall(name, args);
    const value = outermost(() => real[`${name}Sync`](...args));
    if (name === "open" && path) opened.set(value, path);
    return value;
  };
  fs[name] = (...args) => {
    const callback = args.at(-1);
    let path;
    try {
      path = reachCall(name, args);
    } catch (error) {
      process.nextTick(callback, error);
      return;
    }
    if (name === "open" && path) {
      args[args.length - 1] = (error, fd) => {
        if (!error) opened.set(fd, path);
        callback(error, fd);
      };
    }
    outermost(() => real[name](...args));
  };
}

function patchPromise(name) {
  fs.promises[name] = async (...args) => {
    const path = args[0]?.fd === undefined ? reachCall(name, args) : undefined;
    const value = await promises[name](...args);
    if (name === "open") watchHandle(value, path ?? inside(args[0]));
    return value;
  };
}

/** Of a handle from `node:fs/promises`, whose functions are its own. */
function watchHandle(handle, path) {
  if (path === undefined) return;
  const { fd, close } = handle;
  opened.set(fd, path);
  handle.close = () => {
    opened.delete(fd);
    return close.call(handle);
  };
  const halves = {
    write: (written) => real.writeSync(fd, halfOfWrite(written)),
    writev: ([[data]]) => real.writeSync(fd, halfOf(data)),
    writeFile: ([data]) => real.writeSync(fd, halfOf(data)),
    appendFile: ([data]) => real.writeSync(fd, halfOf(data)),
    sync: () => real.fsyncSync(fd),
    datasync: () => real.fdatasyncSync(fd),
    truncate: ([length]) => real.ftruncateSync(fd, length),
  };
  for (const [name, half] of Object.entries(halves)) {
    const method = handle[name];
    handle[name] = async (...args) => {
      reach(
        name,
        path,
        attempt(() => half(args)),
      );
      return method.apply(handle, args);
    };
  }
}

if (isMainThread && FAULT_FOLDER) {
  for (const name of [...Object.keys(byPath), ...Object.keys(byDescriptor)]) patch(name);
  for (const name of Object.keys(byPath)) patchPromise(name);
  fs.closeSync = (fd) => {
    opened.delete(fd);
    real.closeSync(fd);
  };
  fs.close = (fd, ...callback) => {
    opened.delete(fd);
    real.close(fd, ...callback);
  };
  syncBuiltinESMExports();
}
