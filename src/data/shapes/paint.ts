import type { Outline } from "./outlines.ts";

/** What an image of a shape is made of, besides the shape. Lengths are shares of the image's side. */
export interface Factors {
  /** Place on the circle of colours, 0 to 1: red, yellow, green, cyan, blue, magenta and red again. */
  readonly hue: number;
  /** Root of the area: the side of a square as large. */
  readonly size: number;
  /** The centre of mass from the left edge, and from the upper edge. */
  readonly positionX: number;
  readonly positionY: number;
  /** Degrees clockwise, −90 to 90. */
  readonly angle: number;
}

/** Points of a pixel that are looked at, in a row and in a column. */
const POINTS = 4;

/** Of the darkest channel of a colour; the brightest has 255. Without it blue is hard to see on black. */
const DARKEST = 51;

/**
 * Paints a shape in one colour into `out`, black bytes [side, side, 3]. A pixel at its edge has as much of the colour as
 * of its points lie inside.
 */
export function paint(outline: Outline, factors: Factors, side: number, out: Uint8Array): void {
  const colour = colourOf(factors.hue);
  const [x, y] = [factors.positionX * side, factors.positionY * side];
  const unit = (factors.size * side) / Math.sqrt(outline.area);
  const reach = outline.reach * unit;
  const sine = sineOf(factors.angle);
  const cosine = Math.sqrt(1 - sine * sine);
  const [right, down] = [cosine / unit, sine / unit];
  const bottom = Math.min(side, Math.ceil(y + reach));
  const end = Math.min(side, Math.ceil(x + reach));
  for (let row = Math.max(0, Math.floor(y - reach)); row < bottom; row++) {
    for (let column = Math.max(0, Math.floor(x - reach)); column < end; column++) {
      let inside = 0;
      for (let i = 0; i < POINTS; i++) {
        const toY = row + (i + 0.5) / POINTS - y;
        for (let j = 0; j < POINTS; j++) {
          const toX = column + (j + 0.5) / POINTS - x;
          if (outline.isInside(right * toX + down * toY, right * toY - down * toX)) inside++;
        }
      }
      if (inside === 0) continue;
      const pixel = 3 * (row * side + column);
      for (let c = 0; c < 3; c++) out[pixel + c] = Math.round((colour[c]! * inside) / (POINTS * POINTS));
    }
  }
}

/** Red, green and blue, of which one is brightest and one darkest. */
function colourOf(hue: number): [red: number, green: number, blue: number] {
  const channel = (brightest: number) => {
    const away = Math.abs(6 * hue - brightest);
    const share = Math.max(0, Math.min(1, 2 - Math.min(away, 6 - away)));
    return Math.round(DARKEST + (255 - DARKEST) * share);
  };
  return [channel(0), channel(2), channel(4)];
}

/** Its series, since the last digit of `Math.sin` is up to the engine. */
function sineOf(degrees: number): number {
  const a = (degrees * Math.PI) / 180;
  const square = a * a;
  let sum = 1;
  for (let n = 18; n > 0; n -= 2) sum = 1 - (square / (n * (n + 1))) * sum;
  return a * sum;
}
