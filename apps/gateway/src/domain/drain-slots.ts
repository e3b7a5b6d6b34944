/** The last part of a drain is kept for closing those who did not go. */
const noticeShare = 0.7;

/**
 * When each of `count` sessions is to come back: evenly spread over the first 70 % of `drainMs`, so that the nodes that take
 * them see a steady stream instead of a crowd. The i-th number is the i-th session's `afterMs`.
 */
export function drainSlots(count: number, drainMs: number): readonly number[] {
  const spreadMs = drainMs * noticeShare;
  return Array.from({ length: count }, (_, index) => Math.floor((spreadMs * index) / count));
}

/** Cuts `items` into slices of at most `size`, in order. */
export function slices<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
