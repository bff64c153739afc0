import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Before any test: threads and processes run what is built, which must be what the sources say. */
export default function build(): void {
  if (isCurrent()) return;
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (!isCurrent()) throw new Error("dist/ is older than src/ although it was just built");
}

/** Whether all of dist/ is younger than all that it is built of. */
function isCurrent(): boolean {
  const built = join(root, "dist");
  if (!existsSync(built)) return false;
  const sources = [
    ...filesIn(join(root, "src")),
    join(root, "tsconfig.json"),
    join(root, "tsconfig.build.json"),
  ];
  const time = (file: string) => statSync(file).mtimeMs;
  return Math.max(...sources.map(time)) <= Math.min(...filesIn(built).map(time));
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
