import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import envPaths from "env-paths";
import { VaeError } from "../../base/errors.ts";

/** A package of tfjs-node on this machine, with its native part. */
export interface Installation {
  readonly name: string;
  readonly version: string;
  /** The folder of the package. */
  readonly folder: string;
  /** `tfjs_binding.node` */
  readonly binding: string;
}

/** Both have the same JavaScript; the GPU's is preferred, since it runs on the CPU as well. */
const PACKAGES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];

/** Where `vae setup tensorflow` builds, and where it is looked for first: `VAE_TENSORFLOW`, or the user's data folder. */
export function tensorflowFolder(env: NodeJS.ProcessEnv = process.env): string {
  const named = env["VAE_TENSORFLOW"];
  return named ? resolve(named) : join(envPaths("vae", { suffix: "" }).data, "tensorflow");
}

/**
 * The TensorFlow to run: the one in `VAE_TENSORFLOW` and no other if that is set, otherwise what `vae setup tensorflow`
 * made, otherwise tfjs-node-gpu or tfjs-node if it is installed beside this program.
 */
export function findInstallation(): Installation {
  const folder = tensorflowFolder();
  const named = process.env["VAE_TENSORFLOW"];
  const candidates = named
    ? [...packagesIn(folder), folder]
    : [...packagesIn(folder), ...installedPackages()];
  const problems: string[] = [];
  for (const candidate of candidates) {
    const found = inspect(candidate);
    if (typeof found === "object") return found;
    if (found) problems.push(found);
  }
  const missing = named
    ? `VAE_TENSORFLOW is ${named}, and no TensorFlow for Node is there`
    : "TensorFlow is not installed";
  throw new VaeError(
    "failure",
    `${[missing, ...problems].join("; ")}. \`vae setup tensorflow\` installs it.`,
  );
}

/** What `vae setup tensorflow` has put into `folder`. */
export function installationIn(folder: string): Installation | undefined {
  return packagesIn(folder)
    .map(inspect)
    .find((found) => typeof found === "object");
}

const packagesIn = (folder: string) => PACKAGES.map((name) => join(folder, "node_modules", name));

/** The package at `folder`, or what is wrong with it; undefined where there is none. */
function inspect(folder: string): Installation | string | undefined {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return undefined;
  const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name: string; version: string };
  if (!PACKAGES.includes(name)) return undefined;
  const binding = newestBinding(join(folder, "lib"));
  if (!binding) return `${folder} has no native part (its install script did not run, or failed)`;
  return { name, version, folder, binding };
}

/** Addons are compiled for a version of Node-API; each Node runs those of its own version and before. */
function newestBinding(lib: string): string | undefined {
  const versions = existsSync(lib)
    ? readdirSync(lib).flatMap((name) => Number(/^napi-v(\d+)$/.exec(name)?.[1] ?? []))
    : [];
  return versions
    .filter((version) => version <= Number(process.versions.napi))
    .sort((a, b) => b - a)
    .map((version) => join(lib, `napi-v${version}`, "tfjs_binding.node"))
    .find((path) => existsSync(path));
}

function installedPackages(): string[] {
  const require = createRequire(import.meta.url);
  return PACKAGES.flatMap((name) => {
    try {
      return dirname(require.resolve(`${name}/package.json`));
    } catch {
      return [];
    }
  });
}
