import { readFileSync } from "node:fs";
import type { PageData } from "./pageData.ts";

/** The page as it is built, from `src/explore/page`. */
const BUILT = ["index.html", "page.css", "page.js"] as const;

/** All files of the page of a run, by name; `index.html` first. It loads them alone, and works from a `file:` URL too. */
export function siteOf(data: PageData): ReadonlyMap<string, string> {
  const built = BUILT.map(
    (name) => [name, readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8")] as const,
  );
  return new Map([...built, ["run.js", `globalThis.vaeRun = ${JSON.stringify(data)};\n`]]);
}
