import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProgram } from "../src/cli.ts";
import { loadConfig } from "../src/config/load.ts";
import { overridesFrom } from "../src/config/options.ts";
import { settingsTable } from "../src/config/settingsTable.ts";
import { cellsOf } from "../src/sweeps/cells.ts";
import { readSweep } from "../src/sweeps/readSweep.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The shell lines of the README that start the tool, with a loop's variable filled in. */
const commands = [...readme.matchAll(/```(?:sh|bash)\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => block!.split("\n"))
  .map((line) =>
    line
      .replace(/^for .* do /, "")
      .replace(/; done$/, "")
      .replaceAll("$b", "2")
      .replace(/ #.*$/, ""),
  )
  .flatMap((line) => line.split(" && "))
  .filter((line) => /^(npx )?vae /.test(line.trim()))
  .map((line) =>
    line
      .trim()
      .replace(/^(npx )?vae /, "")
      .split(/\s+/),
  );

describe("README", () => {
  test("has commands to check", () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  test.each(commands.map((args) => ({ args, line: args.join(" ") })))("vae $line", async ({ args }) => {
    const program = createProgram();
    // Everything but the work itself: the arguments are parsed and the settings checked.
    let parsed = false;
    for (const command of program.commands.flatMap((c) => [c, ...c.commands])) {
      if (command.commands.length > 0 && command.registeredArguments.length === 0) continue;
      command.action((...values: unknown[]) => {
        parsed = true;
        if (command.name() !== "train" && command.name() !== "sweep") return;
        const [name, options] = values as [string | undefined, Record<string, unknown>];
        if (options["resume"]) return;
        const file = name === undefined ? undefined : join(root, name);
        if (command.name() === "train") loadConfig(file, overridesFrom(options));
        else expect(cellsOf(readSweep(file, overridesFrom(options))).cells.length).toBeGreaterThan(1);
      });
    }
    await program.parseAsync(args, { from: "user" });
    expect(parsed).toBe(true);
  });

  test("its settings table is current (npm run docs writes it)", () => {
    expect(readme).toContain(`<!-- settings -->\n${settingsTable()}\n<!-- /settings -->`);
  });

  test("its pictures and files are there", () => {
    const links = [...readme.matchAll(/\]\((?!http|#)([^)\s]+)\)|src="(?!http)([^"]+)"/g)].map(
      (m) => m[1] ?? m[2]!,
    );
    expect(links.length).toBeGreaterThan(1);
    for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
  });
});
