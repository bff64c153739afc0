import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

/**
 * The rooms of the house, from the ground up. A file imports from its own room and from rooms below, and families of
 * one floor do not see each other.
 */
const FLOORS: readonly (readonly string[])[] = [
  ["errors", "tf", "random", "support", "family", "ahead"],
  ["parameters", "fusedKernel", "tensors"],
  ["backends", "data", "networks", "distributions"],
  ["likelihoods"],
  ["model"],
  ["objectives"],
  ["evaluation"],
  ["training"],
  ["artifacts"],
  ["config"],
  ["diagnostics"],
  ["experiment"],
  ["run"],
  ["planRun", "reporting"],
  ["explain"],
  ["commands"],
  ["cli"],
];

const source = join(import.meta.dirname, "..", "src");

/** `likelihoods/gaussian.ts` lives in `likelihoods`, `family.ts` in `family`. */
const room = (file: string) => file.split("/")[0]!.replace(/\.ts$/, "");
const floorOf = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(room(file)));

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

/** What a file imports from us; `types` where only the types are wanted, which costs nothing and binds nothing. */
function imports(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(join(source, file), "utf8");
  const statements = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g,
  );
  return [...statements].map(([, type, from, dynamic]) => ({
    target: normalize(join(dirname(file), (from ?? dynamic)!)),
    typeOnly: type !== undefined,
  }));
}

test("every file has a room", () => {
  expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
  expect(files.length).toBeGreaterThan(40);
});

test("imports point downwards", () => {
  const upwards = files.flatMap((file) =>
    imports(file)
      .filter(
        ({ target, typeOnly }) => !typeOnly && (floorOf(target) > floorOf(file) || isNeighbour(file, target)),
      )
      .map(({ target }) => `${file} -> ${target}`),
  );
  expect(upwards).toEqual([]);
});

test("only tf.ts and the backends name a TensorFlow.js package", () => {
  const others = files.filter(
    (file) =>
      file !== "tf.ts" &&
      room(file) !== "backends" &&
      /from "@tensorflow\//.test(readFileSync(join(source, file), "utf8")),
  );
  expect(others).toEqual([]);
});

test("the trainer knows no console and no file system", () => {
  const banned = /console\.|process\.std|node:fs|artifacts|reporting/;
  const guilty = files.filter(
    (file) =>
      room(file) === "training" &&
      banned.test(readFileSync(join(source, file), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "")),
  );
  expect(guilty).toEqual([]);
});

function isNeighbour(file: string, target: string): boolean {
  return floorOf(file) === floorOf(target) && room(file) !== room(target);
}
