#!/usr/bin/env node
import { main } from "../dist/cli.js";

// Leaves at once, whatever threads a backend still holds; what was written is flushed first.
const code = await main(process.argv.slice(2));
process.stdout.write("", (error) =>
  process.stderr.write("", () => process.exit(error && code === 0 ? 1 : code)),
);
