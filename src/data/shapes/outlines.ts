/** A plane figure about its centre of mass, upright: u points right and v down, in whatever unit tells it best. */
export interface Outline {
  readonly name: string;
  readonly area: number;
  /** From its centre of mass to its farthest point. */
  readonly reach: number;
  isInside(u: number, v: number): boolean;
}

// Cosine and sine of a fifth of a turn, and of two fifths.
const C1 = (Math.sqrt(5) - 1) / 4;
const S1 = Math.sqrt(1 - C1 * C1);
const C2 = 2 * C1 * C1 - 1;
const S2 = 2 * S1 * C1;

/** 1 for a point beyond a side of the pentagon in a pentagram. Their normals are (0, −1), (±S1, −C1) and (±S2, −C2). */
const beyond = (distance: number) => (distance > C1 ? 1 : 0);

/** From the centre of a heart's square to its centre of mass, along both sides: 4 of area there, π/2 farther out on each. */
const HEART = (Math.PI / 2 + 2 / 3) / (4 + Math.PI);

/** None is like another, nor like itself after a turn of 60 degrees or less: both shape and angle can be seen. */
export const OUTLINES: readonly Outline[] = [
  {
    name: "ellipse", // twice as wide as high
    area: Math.PI / 2,
    reach: 1,
    isInside: (u, v) => u * u + 4 * v * v <= 1,
  },
  {
    name: "triangle", // equilateral
    area: (3 * Math.sqrt(3)) / 4,
    reach: 1,
    isInside: (u, v) => v <= 1 / 2 && Math.sqrt(3) * Math.abs(u) <= v + 1,
  },
  {
    name: "square",
    area: 4,
    reach: Math.sqrt(2),
    isInside: (u, v) => Math.max(Math.abs(u), Math.abs(v)) <= 1,
  },
  {
    name: "cross", // five squares
    area: 20 / 9,
    reach: Math.sqrt(10) / 3,
    isInside: (u, v) =>
      Math.max(Math.abs(u), Math.abs(v)) <= 1 && Math.min(Math.abs(u), Math.abs(v)) <= 1 / 3,
  },
  {
    name: "star", // a pentagram: its points lie beyond one side of the pentagon inside it, what is between them beyond two
    area: (5 * S2 * C1) / -C2,
    reach: 1,
    isInside: (u, v) =>
      beyond(-v) +
        beyond(S1 * u - C1 * v) +
        beyond(-S1 * u - C1 * v) +
        beyond(S2 * u - C2 * v) +
        beyond(-S2 * u - C2 * v) <=
      1,
  },
  {
    name: "heart", // a square on its corner, and half a disc on each of its upper sides
    area: 4 + Math.PI,
    reach: Math.sqrt(2) * (1 + HEART),
    isInside: (u, v) => {
      const p = (v + u) / Math.sqrt(2) - HEART;
      const q = (v - u) / Math.sqrt(2) - HEART;
      return (
        Math.max(Math.abs(p), Math.abs(q)) <= 1 ||
        (p + 1) * (p + 1) + q * q <= 1 ||
        p * p + (q + 1) * (q + 1) <= 1
      );
    },
  },
];
