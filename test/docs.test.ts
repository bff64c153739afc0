import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { createProgram } from "../src/cli.ts";
import { loadConfig } from "../src/config/load.ts";
import { overridesFrom } from "../src/config/options.ts";
import { settingsTable } from "../src/config/settingsTable.ts";
import { likelihoodTable } from "../src/reporting/likelihoodTable.ts";
import { cellsOf } from "../src/sweeps/cells.ts";
import { readSweep } from "../src/sweeps/readSweep.ts";

const root = join(import.meta.dirname, "..");
const read = (page: string) => readFileSync(join(root, page), "utf8");
const pages = [
  "README.md",
  "bench/README.md",
  ...readdirSync(join(root, "docs"), { recursive: true })
    .map((file) => join("docs", file as string))
    .filter((file) => file.endsWith(".md")),
];

/** The shell lines of a page that start the tool, with a loop's variable filled in. */
const commandsOf = (page: string) =>
  [...read(page).matchAll(/```(?:sh|bash)\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => block!.split("\n"))
    .map((line) =>
      line
        .replace(/^for .* do /, "")
        .replace(/; done$/, "")
        .replaceAll("$b", "2")
        .replace(/ [#>].*$/, ""),
    )
    .flatMap((line) => line.split(" && "))
    .map((line) => line.trim())
    .filter((line) => line.startsWith("vae "));
const commands = [...new Set(pages.flatMap(commandsOf))];

describe("what the pages say to type", () => {
  test("is there to check", () => {
    expect(commandsOf("README.md").length).toBeGreaterThan(8);
  });

  test.each(commands)("%s", async (line) => {
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
    await program.parseAsync(line.replaceAll("'", "").split(/\s+/).slice(1), { from: "user" });
    expect(parsed).toBe(true);
  });
});

test.each([
  ["settings", "docs/settings.md", settingsTable],
  ["likelihoods", "README.md", likelihoodTable],
] as const)("the table of %s in %s is current (npm run docs writes it)", (name, page, table) => {
  expect(read(page)).toContain(`<!-- ${name} -->\n${table()}\n<!-- /${name} -->`);
});

/** The names by which GitHub links to the headings of a page. */
const anchorsOf = (page: string) =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-"),
  );

describe("links", () => {
  const linksOf = (page: string) =>
    [...read(page).matchAll(/\]\((?!\w+:)([^)\s]+)\)|src="(?!\w+:)([^"]+)"/g)].map((m) => m[1] ?? m[2]!);

  test.each(pages)("of %s lead somewhere", (page) => {
    for (const link of linksOf(page)) {
      const [path, anchor] = link.split("#");
      const target = path ? relative(root, join(root, dirname(page), path)) : page;
      expect(existsSync(join(root, target)), `${page}: ${link}`).toBe(true);
      if (anchor) expect(anchorsOf(target), `${page}: ${link}`).toContain(anchor);
    }
  });

  test("lead from README.md to every page", () => {
    const linked = linksOf("README.md").map((link) => link.replace(/#.*/, ""));
    for (const page of pages.slice(1)) expect(linked).toContain(page);
  });
});
