// Bundles the page of `vae explore` for browsers. Part of the build.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const source = join(root, "src", "explore", "page");
const target = join(root, "dist", "explore", "page");

await build({
  entryPoints: [join(source, "page.ts"), join(source, "page.css")],
  outdir: target,
  bundle: true,
  minify: true,
  target: ["es2022"],
  charset: "utf8",
  define: { global: "globalThis" }, // TensorFlow.js looks for it
  legalComments: "eof",
  logLevel: "warning",
});
cpSync(join(source, "index.html"), join(target, "index.html"));
