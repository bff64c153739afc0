/** A name or a number in WGSL, and the depth of the block that the name belongs to. */
export interface Expr {
  readonly code: string;
  readonly level: number;
}

export const u32 = (value: number): Expr => ({ code: `${value}u`, level: 0 });

/** Writes the arithmetic of places in a tensor; what it gives has a name. */
export interface IndexWriter {
  add(a: Expr, b: Expr): Expr;
  /** a less a number of the host. */
  minus(a: Expr, b: number): Expr;
  modulo(a: Expr, size: number): Expr;
  name(code: string, of: readonly Expr[]): Expr;
}
