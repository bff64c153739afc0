import type { Plain } from "../config/load.ts";
import type { Distribution } from "./distributions.ts";

/** Settings by path. */
export type Settings = ReadonlyMap<string, unknown>;

/** What varies, and on top of what: the cells are all combinations of an entry of the list, a draw, and a value of each axis. */
export interface Sweep {
  /** Of the sweep's own folder. */
  readonly name: string;
  readonly base: Plain;
  /** Settings on top of the base that all cells share. */
  readonly fixed: Settings;
  /** The values of each axis, by path. */
  readonly grid: ReadonlyMap<string, readonly unknown[]>;
  /** Settings that go together. */
  readonly list: readonly Settings[];
  readonly random?: RandomSearch;
}

export interface RandomSearch {
  readonly count: number;
  readonly seed: number;
  readonly settings: ReadonlyMap<string, Distribution>;
}
