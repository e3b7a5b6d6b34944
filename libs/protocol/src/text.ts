/** Whether `text` has at most `max` code points. */
export function fitsCodePoints(text: string, max: number): boolean {
  // Code units are never fewer than code points: a short string needs no walk.
  if (text.length <= max) return true;
  let count = 0;
  for (const _ of text) {
    count += 1;
    if (count > max) return false;
  }
  return true;
}

const encoder = new TextEncoder();
/** Bytes of `text` as UTF-8. */
export const utf8Bytes = (text: string): number => encoder.encode(text).length;

/**
 * Whether a parsed JSON value can be said again as it was: every string in it is well-formed UTF-16 (no lone surrogate),
 * keys included, and every number finite (`1e400` parses as Infinity, which becomes null).
 */
export function isWellFormedDeep(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isWellFormedDeep);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).every(([name, inner]) => name.isWellFormed() && isWellFormedDeep(inner));
  }
  return true;
}

/** How deep a JSON value nests, counted no further than `stopAt + 1`: a scalar is 0. */
export function depthOf(value: unknown, stopAt: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (stopAt <= 0) return 1;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, stopAt - 1));
  return deepest + 1;
}

const mentionToken = /<@([A-Za-z0-9_-]{1,64})>/gu;
/** Ids named in `text` as `<@id>`, in order, without repeats. */
export const mentionTokens = (text: string): readonly string[] => [
  ...new Set(Array.from(text.matchAll(mentionToken), (match) => match[1] ?? "")),
];
