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
  /** z, [d] -> E[x|z], [D]. */
  decode(z: Float32Array): Float32Array;
  /** x, [D] -> E[z|x], [d]. */
  encode(x: Float32Array): Float32Array;
  score(x: Float32Array): Score;
  /** Levels 0 … 255, [D] -> x as the run's likelihood is a density for. What a coding draws is the same each time. */
  coded(levels: Uint8ClampedArray): Float32Array;
  /** A z of independent normals with the mean and deviation of each unit: a draw from the prior where that is N(0, I). */
  drawn(): Float32Array;
  readonly origin: Float32Array;
}

export function exploredOf(data: PageData, play: Play): Explored {
  const { latentDim: d, programs, units, coding, white } = data;
  const [, noiseInput] = programs.score.inputs;
  const noise = Float32Array.from(new RandomStream("explore").normals(noiseInput!.shape[0]! * d));
  const draws = new RandomStream(`${Math.random()}`);
  return {
    data,
    origin: floatsOf(data.origin),
    decode: (z) => play("decode", z)[0]!,
    encode: (x) => Float32Array.from(play("encode", x)[0]!),
    score(x) {
      const means = play("score", x, noise).map(mean);
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

/** The place in latent space that everything on the page shows, and what is told when it moves. */
export class Place {
  #z: Float32Array;
  readonly #listeners: ((z: Float32Array) => void)[] = [];

  constructor(z: Float32Array) {
    this.#z = z;
  }

  get z(): Float32Array {
    return this.#z;
  }

  /** Tells of this move and of later ones. */
  follow(listener: (z: Float32Array) => void): void {
    this.#listeners.push(listener);
    listener(this.#z);
  }

  move(z: Float32Array): void {
    this.#z = z;
    for (const listener of this.#listeners) listener(z);
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
