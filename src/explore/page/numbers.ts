/** A number as people read it, with a minus sign. */
export const fixed = (value: number, digits = 2): string => value.toFixed(digits).replace("-", "−");

/** The same with so many significant digits. */
export const significant = (value: number, digits = 3): string =>
  String(Number(value.toPrecision(digits))).replace("-", "−");

/** As it is printed, so that what is printed adds up. */
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const mean = (values: ArrayLike<number>): number => sum(Array.from(values)) / values.length;

/** Numbers that `base64Of` has written. */
export function floatsOf(text: string): Float32Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));
