/**
 * Named random streams. Every random number of the project is a pure function of (seed, names, position), so it is
 * the same on each backend, a new consumer leaves the other streams unchanged, and a checkpoint needs no generator
 * state: the noise of step 17 is `random.fork("posterior").fork(17)`, whoever asks and whenever.
 */
export class RandomStream {
  /** Its name below the seed: `new RandomStream(key)` is this stream from its start. */
  readonly key: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare = Number.NaN;

  constructor(key: string | number) {
    this.key = String(key);
    [this.#a, this.#b, this.#c, this.#d] = hash128(this.key);
  }

  /** An independent stream, named below this one. Takes nothing from this stream. */
  fork(name: string | number): RandomStream {
    return new RandomStream(`${this.key}/${name}`);
  }

  /** 32 random bits as an unsigned integer; xoshiro128** (Blackman and Vigna 2021, https://prng.di.unimi.it). */
  uint32(): number {
    const x = Math.imul(this.#b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** Uniform on [0, 1), with 32 random bits. */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Standard normal by Marsaglia's polar method: needs no sine, whose last digit differs between engines. */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const r = Math.sqrt((-2 * Math.log(s)) / s);
        this.#spare = v * r;
        return u * r;
      }
    }
  }

  /** `count` standard normals as float32. */
  normals(count: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(count);
    this.fillNormals(out, 0, count);
    return out;
  }

  /** Writes the next standard normals to `out`, from `start` to before `end`: those of `normal`, in a loop of its own. */
  fillNormals(out: Float32Array, start: number, end: number): void {
    let i = start;
    if (i < end && !Number.isNaN(this.#spare)) out[i++] = this.normal();
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d]; // fields are slower by a third
    const uint32 = () => {
      const x = Math.imul(b, 5);
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = (d << 11) | (d >>> 21);
      return Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    };
    while (i < end) {
      const u = 2 * (uint32() / 2 ** 32) - 1;
      const v = 2 * (uint32() / 2 ** 32) - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const r = Math.sqrt((-2 * Math.log(s)) / s);
        out[i++] = u * r;
        if (i < end) out[i++] = v * r;
        else this.#spare = v * r;
      }
    }
    [this.#a, this.#b, this.#c, this.#d] = [a, b, c, d];
  }

  /** `count` uniforms on [0, 1) as float32 (rounding may give 1 itself once in 2^25). */
  uniforms(count: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = this.uniform();
    return out;
  }

  /** An integer in [0, n), by Lemire's multiplication; the bias is at most n / 2^32. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** A random order of 0 … n-1 (Fisher and Yates). */
  permutation(n: number): Uint32Array<ArrayBuffer> {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = order[i]!;
      order[i] = order[j]!;
      order[j] = swap;
    }
    return order;
  }
}

/** Four well-mixed words from a string (FNV-1a with four offsets, each finished by MurmurHash3's avalanche). */
function hash128(key: string): [number, number, number, number] {
  const words: [number, number, number, number] = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35];
  for (let lane = 0; lane < 4; lane++) {
    let h = words[lane]!;
    for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193 + 2 * lane * lane);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    words[lane] = (h ^ (h >>> 16)) | 0;
  }
  if (words.every((w) => w === 0)) words[0] = 1; // the one state that xoshiro cannot leave
  return words;
}
