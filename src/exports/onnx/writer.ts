import { type Constant, isConstant, type Value } from "../graph.ts";
import { attribute, floats, integers } from "./protocol.ts";

type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** The nodes and the constants of a graph while it is written. */
export class Writer {
  readonly nodes: object[] = [];
  readonly #constants = new Map<string, object>();
  readonly #names = new Map<Value, string>();

  get initializers(): object[] {
    return [...this.#constants.values()];
  }

  /** From now on the value has this name. */
  name(value: Value, name: string): void {
    this.#names.set(value, name);
  }

  /** The name of a value; a constant gets one with its numbers. */
  of(value: Value): string {
    const name = this.#names.get(value);
    if (name !== undefined) return name;
    if (!isConstant(value)) throw new Error("a value is used before it is computed");
    return this.constant(value);
  }

  /** Numbers; those of a parameter have its name, and are written once. */
  constant({ name, shape, data }: Constant): string {
    const own = name ?? `constant_${this.#constants.size}`;
    if (!this.#constants.has(own)) this.#constants.set(own, floats(own, shape, data));
    return own;
  }

  integers(values: readonly number[]): string {
    const name = `integers_${values.join("_").replaceAll("-", "minus")}`;
    this.#constants.set(name, integers(name, values));
    return name;
  }

  /** Adds an operator; returns the name of what it gives. */
  add(opType: string, input: readonly string[], attributes: Attributes = {}): string {
    return this.addAll(opType, input, 1, attributes)[0]!;
  }

  /** The same of one that gives several. */
  addAll(opType: string, input: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    const name = `${opType}_${this.nodes.length}`;
    const output = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? name : `${name}_${i}`));
    const all = Object.entries(attributes).map(([key, value]) => attribute(key, value));
    this.nodes.push({ opType, name, input, output, attribute: all });
    return output;
  }
}
