import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** A disk of its own, of so many bytes, at a path. Throws where one may not mount. */
export function mountDisk(path: string, options = "size=64m") {
  mkdirSync(path, { recursive: true });
  const mount = (args: string[]) => execFileSync("mount", [...args, path], { stdio: "ignore" });
  mount(["-t", "tmpfs", "-o", options, "tmpfs"]);
  return {
    /** Changes its size, or makes it `ro` or `rw`. */
    remount: (options: string) => mount(["-o", `remount,${options}`]),
    unmount: () => execFileSync("umount", ["--lazy", path]),
  };
}

/** Why there are no disks here; undefined where there are. */
export function whyNoDisks(path: string): string | undefined {
  try {
    mountDisk(path).unmount();
    return undefined;
  } catch {
    return "no small disk can be mounted here";
  }
}
