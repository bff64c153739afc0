/** What is made of strings, arrays and plain objects, with each string in other symbols. */
export function throughout<T>(value: T, rename: (text: string) => string): T {
  const renamed = (value: unknown): unknown => {
    if (typeof value === "string") return rename(value);
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, renamed(inner)]));
  };
  return renamed(value) as T;
}
