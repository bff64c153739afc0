import { closest, distance } from "fastest-levenshtein";

/** What kind of expected failure happened; `cli.ts` maps it to the exit code. */
export type ErrorCode = "failure" | "usage" | "diverged" | "interrupted";

/**
 * An expected failure, told to the user in one paragraph: what was given, what is accepted, what to do next.
 * Anything that is not a `VaeError` is a defect and keeps its stack trace.
 */
export class VaeError extends Error {
  override readonly name = "VaeError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `" Did you mean X?"` when `given` is close to one of `accepted`, otherwise an empty string. */
export function didYouMean(given: string, accepted: readonly string[]): string {
  if (accepted.length === 0) return "";
  const candidate = closest(given, accepted);
  const tolerance = Math.max(2, Math.ceil(candidate.length / 3));
  return distance(given, candidate) <= tolerance ? ` Did you mean ${candidate}?` : "";
}
