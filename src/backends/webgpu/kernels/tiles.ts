/** Threads of a workgroup, and vectors of four numbers in its shared memory, that every WebGPU device can do. */
export const THREADS = 256;
export const SHARED = 1024;

/** How a workgroup shares the work of a part of a product, `rows` by `columns`. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Each thread computes a square with this side: 4, or 8, which takes half as many reads for a multiplication. */
  readonly side: 4 | 8;
  /** Numbers of the inner dimension in shared memory at a time. */
  readonly depth: number;
  /** Parts of the inner dimension, each with threads of its own, whose sums are added up in the end. */
  readonly slices: number;
}

/** From small to large: a smaller one is preferred where it is as fast. */
export const shapes: readonly (readonly [rows: number, columns: number, side: 4 | 8])[] = [
  [8, 8, 4],
  [16, 16, 4],
  [64, 8, 4],
  [32, 32, 4],
  [64, 16, 4],
  [64, 32, 4],
  [64, 64, 8],
  [128, 64, 8],
  [128, 128, 8],
];

/** The tile for an inner dimension of `depth`. */
export function tileOf([rows, columns, side]: (typeof shapes)[number], depth: number): Tile {
  const slices = (THREADS * side * side) / (rows * columns);
  const most = powerOfTwo((4 * SHARED) / (rows + columns));
  return {
    rows,
    columns,
    side,
    depth: Math.max(4, slices, Math.min(most, 2 * powerOfTwo(depth - 1))),
    slices,
  };
}

/** A tile, and into how many shares, which different workgroups compute, the inner dimension is divided. */
export interface Plan {
  readonly tile: Tile;
  readonly shares: number;
}

/** A card of the size that tiles are chosen for: a large one of 2023. Others do well with the same choice. */
const CARD = {
  processors: 128,
  /** Multiplications of a processor per cycle, and what of them a workgroup reaches by the side of its threads' squares. */
  multiplications: 128,
  efficiency: { 4: 0.4, 8: 0.7 },
  /** Bytes per cycle and processor from the cache that all share, and cycles until they come. */
  bytes: 24,
  latency: 600,
  /** Cycles that a command more takes, and that a workgroup takes to begin and end, and to halve its slices. */
  command: 3000,
  start: 1500,
  busy: 300,
  halving: 100,
};

/** The fastest way to a product [M, K]·[K, N] on such a card, in one command, or two if it `maySplit`. */
export function plan(M: number, N: number, K: number, maySplit: boolean): Plan {
  let best: Plan | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const shape of shapes) {
    const tile = tileOf(shape, K);
    const tiles = Math.ceil(M / tile.rows) * Math.ceil(N / tile.columns);
    const most = Math.min(Math.ceil(K / tile.depth), Math.floor((2 * CARD.processors) / tiles));
    for (const shares of maySplit && most > 1 ? [1, most] : [1]) {
      const share = shareOf(K, shares, tile);
      const used = Math.ceil(K / share);
      const cycles = cyclesOf(tile, tiles * used, share) + (used > 1 ? CARD.command : 0);
      if (cycles < least) [best, least] = [{ tile, shares: used }, cycles];
    }
  }
  return best!;
}

/** The length of a share: whole tiles. */
export const shareOf = (K: number, shares: number, { depth }: Tile) =>
  Math.ceil(Math.ceil(K / shares) / depth) * depth;

function cyclesOf({ rows, columns, side, depth, slices }: Tile, workgroups: number, K: number): number {
  const { processors, multiplications, efficiency, bytes, latency, start, busy, halving } = CARD;
  const steps = Math.ceil(K / depth);
  const arithmetic = (rows * columns * steps * depth) / (multiplications * efficiency[side]);
  const traffic = (4 * (rows + columns) * K) / bytes;
  const writing = (4 * rows * columns) / bytes;
  const own = Math.max(arithmetic, traffic) + writing + busy + halving * Math.log2(slices);
  const share = workgroups / processors;
  const waiting = Math.ceil(share / 4) * (steps * latency + start); // four at a time hide it from each other
  // With a little for the work in all, as it decides on smaller cards and where others want the card too.
  return Math.max(Math.ceil(share) * own, waiting) + 0.1 * share * own;
}

/** The largest that is not above x, at least 1. */
const powerOfTwo = (x: number) => 2 ** Math.floor(Math.log2(Math.max(1, x)));
