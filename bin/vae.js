#!/usr/bin/env node
import { listenToSignals } from "../dist/commands/signals.js";

listenToSignals(); // before the rest is loaded, which takes its time
const { main } = await import("../dist/cli.js").catch((error) => {
  if (error.code !== "EMFILE" && error.code !== "ENFILE") throw error;
  console.error(
    `Error: vae cannot be loaded: ${error.message}. Raise the limit of open files, for example by ulimit -n 256.`,
  );
  process.exit(1);
});
process.exit(await main(process.argv.slice(2))); // at once, whatever threads a backend still holds
