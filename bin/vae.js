#!/usr/bin/env node
import { listenToSignals } from "../dist/commands/signals.js";

listenToSignals(); // before the rest is loaded, which takes its time
const { main } = await import("../dist/cli.js");
process.exit(await main(process.argv.slice(2))); // at once, whatever threads a backend still holds
