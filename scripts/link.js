// Lets `npx vae` run inside the project: npm links the programs of its dependencies there, but not its own.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

const bin = new URL("../node_modules/.bin/", import.meta.url);
mkdirSync(bin, { recursive: true });
if (process.platform === "win32") {
  writeFileSync(new URL("vae.cmd", bin), '@node "%~dp0\\..\\..\\bin\\vae.js" %*\r\n');
} else {
  rmSync(new URL("vae", bin), { force: true });
  symlinkSync("../../bin/vae.js", new URL("vae", bin));
}
