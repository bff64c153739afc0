import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

/**
 * The rooms of the house from the ground up, and which rooms below each may import from: types count like anything else.
 * An arrow that is not here is a decision, to be made in this table.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  tensors: [],
  backends: ["base", "tensors"],
  data: ["base", "tensors"],
  conditions: ["base", "tensors", "data"],
  model: ["base", "tensors", "data"],
  objectives: ["base", "tensors", "model"],
  evaluation: ["base", "tensors", "backends", "data", "conditions", "model", "objectives"],
  training: ["base", "tensors", "backends", "data", "model", "objectives", "evaluation"],
  config: ["base", "backends", "data", "conditions", "model", "objectives", "training"],
  figures: ["base", "tensors", "data", "model", "objectives", "evaluation"],
  runs: [
    ...["base", "tensors", "backends", "data", "model", "objectives", "evaluation", "training", "config"],
    ...["conditions", "figures"],
  ],
  diagnostics: ["base", "tensors", "backends", "data", "model", "objectives", "training", "config"],
  reporting: [
    ...["base", "backends", "data", "model", "objectives", "evaluation", "training", "runs", "diagnostics"],
  ],
  explain: [
    ...["base", "tensors", "data", "conditions", "model", "objectives", "evaluation", "training", "config"],
    ...["reporting"],
  ],
  comparison: ["base", "config", "evaluation", "figures", "reporting", "runs"],
  sweeps: ["base", "tensors", "data", "config", "runs", "reporting", "comparison"],
  exports: ["base", "tensors", "data", "model", "config", "runs"],
  // Its folder `page` is for browsers, which have no rooms with files and processes.
  explore: ["base", "tensors", "data", "model", "evaluation", "figures", "runs", "explain", "exports"],
  commands: [
    ...["base", "tensors", "backends", "data", "model", "evaluation", "training", "config", "figures"],
    ...["runs", "diagnostics", "reporting", "explain", "comparison", "sweeps"],
    "exports",
    "explore",
  ],
  cli: ["base", "commands", "reporting"],
  library: ["base", "tensors", "backends", "data", "evaluation", "model", "runs"],
  index: ["base", "library"],
};

const source = join(import.meta.dirname, "..", "src");

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

/** `model/vae.ts` lives in `model`, `cli.ts` in `cli`. */
const roomOf = (file: string) => file.split("/")[0]!.replace(/\.ts$/, "");

/** Of a file's own text: what it imports from us, by `import`, `export … from`, `import type` or `import()`. */
function importsIn(text: string): string[] {
  const statements = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^;"]*?from\s+"(\.[^"]+)"|(?:^|\n)\s*import\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g,
  );
  return [...statements].map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic)!);
}

const imports = new Map(
  files.map((file) => [
    file,
    importsIn(readFileSync(join(source, file), "utf8")).map((target) =>
      normalize(join(dirname(file), target)),
    ),
  ]),
);

test("every file has a room, every room has files, and every import is of a file", () => {
  expect([...new Set(files.map(roomOf))].toSorted()).toEqual(Object.keys(ROOMS).toSorted());
  expect([...imports.values()].flat().filter((target) => !imports.has(target))).toEqual([]);
  expect([...imports.values()].flat().length).toBeGreaterThan(500);
});

test("imports go to the rooms of the table, and each of its arrows is used", () => {
  const arrows = [...imports].flatMap(([file, targets]) =>
    targets
      .filter((target) => roomOf(target) !== roomOf(file))
      .map((target) => ({ arrow: `${roomOf(file)} -> ${roomOf(target)}`, what: `${file} -> ${target}` })),
  );
  const allowed = Object.entries(ROOMS).flatMap(([room, below]) => below.map((to) => `${room} -> ${to}`));
  expect(arrows.filter(({ arrow }) => !allowed.includes(arrow)).map(({ what }) => what)).toEqual([]);
  const used = new Set(arrows.map(({ arrow }) => arrow));
  expect(allowed.filter((arrow) => !used.has(arrow))).toEqual([]);
});

test("the rooms of the table only look down", () => {
  const order = Object.keys(ROOMS);
  const upward = order.filter((room, i) => ROOMS[room]!.some((to) => order.indexOf(to) >= i));
  expect(upward).toEqual([]);
});

test("no files import each other in a circle", () => {
  expect(circles(imports)).toEqual([]);
});

/** Paths that lead back to where they start, by depth-first search; one for each edge that closes one. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push([...path.slice(start), file].join(" -> "));
      return;
    }
    if (done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

describe("the checker itself", () => {
  test("sees every kind of import", () => {
    const text =
      'import { a } from "./a.ts";\nimport type { B } from "./b.ts";\nexport { c } from "./c.ts";\n' +
      'import {\n  type D,\n  d,\n} from "../d.ts";\nimport "./e.ts";\nconst f = await import("./f.ts");\nimport g from "g";\n';
    expect(importsIn(text)).toEqual(["./a.ts", "./b.ts", "./c.ts", "../d.ts", "./e.ts", "./f.ts"]);
  });

  test("finds circles", () => {
    const graph = new Map([
      ["a", ["b", "c"]],
      ["b", ["c"]],
      ["c", ["a"]],
      ["d", ["d"]],
    ]);
    expect(circles(graph)).toEqual(["a -> b -> c -> a", "d -> d"]);
  });
});

test("TensorFlow.js has one door", () => {
  const isDoor = (file: string) => /^tensors\/tf\.ts$|^explore\/page\/player\.ts$|^backends\//.test(file);
  const others = files.filter((file) => !isDoor(file));
  const around = others.filter((file) =>
    /from "@tensorflow\/(?!tfjs-backend)/.test(readFileSync(join(source, file), "utf8")),
  );
  expect(around).toEqual([]);
});

test("the trainer knows no console, no file system, and no name of a term", () => {
  const banned = /console\.|process\.std|node:fs|"(distortion|rate|beta)"|\.(distortion|rate|beta)\b/;
  const ofTrainer = files.filter((file) => roomOf(file) === "training");
  expect(ofTrainer.length).toBeGreaterThan(5);
  const code = (file: string) =>
    readFileSync(join(source, file), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  expect(ofTrainer.filter((file) => banned.test(code(file)))).toEqual([]);
});
