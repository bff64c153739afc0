import { readFileSync } from "node:fs";

/** One leaf of the configuration, as people meet it in flags, help and tables. */
export interface Setting {
  /** Its path in the YAML, such as `training.batchSize`. */
  readonly path: string;
  /** Its short flag without the dashes, if it has one: `batch-size`. */
  readonly flag?: string;
  /** What it takes, in words: `integer > 0`, `gaussian | bernoulli`. */
  readonly accepts: string;
  readonly isList: boolean;
  /** Whether it chooses the kind of its section, on which the section's other settings depend. */
  readonly isChoice: boolean;
  readonly default?: unknown;
  readonly description: string;
  /** The kinds of its section that have it; empty where every kind does. */
  readonly kinds: readonly string[];
}

/** The part of JSON Schema that `z.toJSONSchema` writes for our schema. */
interface Node {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Node[];
  oneOf?: Node[];
  items?: Node;
  minItems?: number;
  properties?: Record<string, Node>;
  required?: string[];
  default?: unknown;
  description?: string;
  /** Of text of a certain form, which its description then names. */
  pattern?: string;
  flag?: string;
  /** Of a likelihood. */
  formula?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  maxItems?: number;
  exclusiveMaximum?: number;
}

let schema: Node | undefined;
let known: readonly Setting[] | undefined;

/** The JSON schema of a configuration file, as the build wrote it. */
function readSchema(): Node {
  schema ??= JSON.parse(readFileSync(schemaFile, "utf8")) as Node;
  return schema;
}

/**
 * Every setting, in the order of the schema. Read from the JSON schema that the build writes of it, because flags and help
 * are to be there at once, and the schema itself brings all that can be configured.
 */
export function settings(): readonly Setting[] {
  known ??= leaves(readSchema(), "");
  return known;
}

/** The words among what a setting takes, such as `gaussian` or `auto`. */
export const wordsOf = ({ accepts }: Setting): string[] =>
  accepts
    .split(" | ")
    .flatMap((word) => (word === "boolean" ? ["true", "false"] : [word]))
    .filter((word) => /^[\w.-]+$/.test(word) && !["string", "number", "integer", "anything"].includes(word));

/** A setting as a command line has it: `--lr (training.learningRate)`, or `--training.clipNorm`. */
export function flagOf(path: string): string {
  const flag = settings().find((setting) => setting.path === path)?.flag;
  return flag && flag !== path ? `--${flag} (${path})` : `--${path}`;
}

/** The likelihoods with the density of each, for help. */
export const likelihoodFormulas = (): { readonly kind: string; readonly formula: string }[] =>
  variantsOf(readSchema().properties!["likelihood"]!).map(({ properties, formula }) => ({
    kind: String(properties["kind"]!.const),
    formula: formula!,
  }));

/** Of this package, for editors too. */
export const schemaFile = new URL("../../configs/schema.json", import.meta.url);

function leaves(node: Node, path: string): Setting[] {
  const at = (key: string) => (path ? `${path}.${key}` : key);
  if (node.properties)
    return Object.entries(node.properties).flatMap(([key, child]) => leaves(child, at(key)));
  if (variantsOf(node).length > 0) return unionLeaves(node, at);
  const isList = [node, ...(node.anyOf ?? [])].some(({ type }) => type === "array");
  return [
    {
      path,
      ...(node.flag ? { flag: node.flag } : {}),
      accepts: accepts(node),
      isList,
      isChoice: false,
      ...("default" in node ? { default: node.default } : {}),
      description: node.description ?? "",
      kinds: [],
    },
  ];
}

/** A section with a `kind` (or `name`): one leaf chooses it, the others belong to the kinds that have them. */
function unionLeaves(node: Node, at: (key: string) => string): Setting[] {
  const variants = variantsOf(node);
  const tag = discriminator(variants[0]!);
  const names = variants.map((v) => String(v.properties[tag]!.const));
  const chosen = (node.default as Record<string, unknown> | undefined)?.[tag];
  const byPath = new Map<string, Setting & { kinds: string[] }>();
  /** What is deeper in a section of several kinds has those, and what chooses them none. */
  const isOwn = ({ path, kinds, isChoice }: Setting) =>
    path === at(path.split(".").at(-1)!) || (kinds.length === 0 && !isChoice);
  const own = new Set<string>();
  variants.forEach((variant, i) => {
    for (const [key, child] of Object.entries(variant.properties)) {
      if (key === tag) continue;
      for (const leaf of leaves(child, at(key))) {
        const known = byPath.get(leaf.path);
        if (!known) byPath.set(leaf.path, { ...leaf, kinds: isOwn(leaf) ? [names[i]!] : [...leaf.kinds] });
        else if (isOwn(leaf)) {
          known.kinds.push(names[i]!);
          if (known.accepts !== leaf.accepts)
            byPath.set(leaf.path, { ...known, accepts: joined(known, leaf) });
        }
        if (isOwn(leaf)) own.add(leaf.path);
      }
    }
  });
  return [
    {
      path: at(tag),
      ...(node.flag ? { flag: node.flag } : {}),
      accepts: names.join(" | "),
      isList: false,
      isChoice: true,
      ...(chosen === undefined ? {} : { default: chosen }),
      description: node.description ?? "",
      kinds: [],
    },
    ...[...byPath.values()].map((leaf) => ({
      ...leaf,
      kinds: own.has(leaf.path) && leaf.kinds.length === variants.length ? [] : leaf.kinds,
    })),
  ];
}

/** What one kind or another takes. */
const joined = (one: Setting, other: Setting) =>
  [...new Set([...one.accepts.split(" | "), ...other.accepts.split(" | ")])].join(" | ");

type Variant = Node & { readonly properties: Record<string, Node> };

/** The kinds of a section that has several; beside them the schema takes the name of one. */
const variantsOf = ({ oneOf = [] }: Node) =>
  oneOf.filter((variant): variant is Variant => !!variant.properties);

/** The key whose constant tells the variants of a union apart. */
const discriminator = ({ properties }: Variant) =>
  Object.entries(properties).find(([, child]) => child.const !== undefined)![0];

function accepts(node: Node): string {
  if (node.enum) return node.enum.join(" | ");
  if (node.const !== undefined) return String(node.const);
  if (node.pattern && node.description) return node.description;
  if (node.anyOf) return node.anyOf.map(accepts).join(" | ");
  if (node.properties) return `{ ${Object.keys(node.properties).join(", ")} }`;
  if (node.type === "array") {
    const { minItems, maxItems } = node;
    const most = maxItems === undefined ? "" : ` (${minItems === maxItems ? "" : "up to "}${maxItems})`;
    return `list of ${accepts(node.items ?? {})}${most}`;
  }
  const bounds = [
    node.exclusiveMinimum !== undefined && `> ${node.exclusiveMinimum}`,
    node.minimum !== undefined && node.minimum > Number.MIN_SAFE_INTEGER && `>= ${node.minimum}`,
    node.exclusiveMaximum !== undefined && `< ${node.exclusiveMaximum}`,
    node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER && `<= ${node.maximum}`,
  ].filter(Boolean);
  return [node.type ?? "anything", ...bounds].join(" ");
}

/** What a configuration has at a setting's path; undefined where that belongs to another kind. */
export const valueAt = (config: object, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);
