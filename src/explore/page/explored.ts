import { codePixels } from "../../data/codings.ts";
import { RandomStream } from "../../tensors/random.ts";
import type { PageData } from "../pageData.ts";
import { floatsOf, mean } from "./numbers.ts";
import type { Play } from "./player.ts";

/** What an image costs, in nats where the run has a density: means over draws of z. */
export interface Score {
  /** Of the parts of −log p(x|z), in the order of `PageData.terms`. */
  readonly terms: readonly number[];
  readonly rate: number;
}

/** The run that the page is of, as functions. */
export interface Explored {
  readonly data: PageData;
  /** z, [d] -> E[x|z], [D]; of a run that is given classes, here and below, with the class y. */
  decode(z: Float32Array, y: number): Float32Array;
  /** x, [D] -> E[z|x], [d]. */
  encode(x: Float32Array, y: number): Float32Array;
  score(x: Float32Array, y: number): Score;
  /** Levels 0 … 255, [D] -> x as the run's likelihood is a density for. What a coding draws is the same each time. */
  coded(levels: Uint8ClampedArray): Float32Array;
  /** A z of independent normals with the mean and deviation of each unit: a draw from the prior where that is N(0, I). */
  drawn(): Float32Array;
  readonly origin: Float32Array;
}

export function exploredOf(data: PageData, play: Play): Explored {
  const { latentDim: d, programs, units, coding, white, given } = data;
  const [, noiseInput] = programs.score.inputs;
  const noise = Float32Array.from(new RandomStream("explore").normals(noiseInput!.shape[0]! * d));
  const oneHot = (y: number) => (given ? [Float32Array.from(given.names, (_, i) => Number(i === y))] : []);
  const draws = new RandomStream(`${Math.random()}`);
  return {
    data,
    origin: floatsOf(data.origin),
    decode: (z, y) => play("decode", z, ...oneHot(y))[0]!,
    encode: (x, y) => Float32Array.from(play("encode", x, ...oneHot(y))[0]!),
    score(x, y) {
      const means = play("score", x, noise, ...oneHot(y)).map(mean);
      return { terms: means.slice(0, -1), rate: means.at(-1)! };
    },
    coded(levels) {
      const x = new Float32Array(levels.length);
      const values = Uint16Array.from(levels, (level) => (level * white) / 255);
      codePixels(coding, values, new RandomStream("pixels"), x, 0, white);
      return x;
    },
    drawn() {
      const z = new Float32Array(d);
      for (const { unit, mean, deviation } of units) z[unit] = mean + deviation * draws.normal();
      return z;
    },
  };
}

/** The place in latent space, and the class, that everything on the page shows; and what is told when they change. */
export class Place {
  #z: Float32Array;
  #y = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(z: Float32Array) {
    this.#z = z;
  }

  get z(): Float32Array {
    return this.#z;
  }

  get y(): number {
    return this.#y;
  }

  /** Tells of this place and of each later one. */
  follow(listener: () => void): void {
    this.#listeners.push(listener);
    listener();
  }

  move(z: Float32Array, y = this.#y): void {
    this.#z = z;
    this.#y = y;
    for (const listener of this.#listeners) listener();
  }
}

/** Calls that come faster than the screen is drawn are one. */
export function onceAFrame(draw: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
