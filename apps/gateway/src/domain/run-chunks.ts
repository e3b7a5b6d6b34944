import { isControlEvent, removedBy, type RoomEvent, type UserId } from "@parley/protocol";

const chunkBytesMax = 64 * 1_024;

/**
 * Cuts a fetched run into pieces to send: none much over 64 KiB unless one event alone is, and, as in stored entries,
 * whatever takes a member out is the last of its piece, so that nothing after it travels in the same frame. So is each of
 * the seqs `ends`.
 */
export function chunkRun(
  events: readonly RoomEvent[],
  ends: ReadonlySet<number> = new Set(),
): readonly (readonly RoomEvent[])[] {
  const chunks: RoomEvent[][] = [];
  let current: RoomEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    if (current.length > 0 && bytes + size > chunkBytesMax) {
      chunks.push(current);
      current = [];
      bytes = 0;
    }
    current.push(event);
    bytes += size;
    if (removedBy(event) !== undefined || ends.has(event.seq)) {
      chunks.push(current);
      current = [];
      bytes = 0;
    }
  }
  if (current.length > 0) chunks.push(current);
  return chunks;
}

/** Who is out of the room after `events`, each with the seq of the removal. */
export function removals(
  events: readonly RoomEvent[],
): readonly { readonly user: UserId; readonly seq: number }[] {
  return events.filter(isControlEvent).flatMap((event) => {
    const user = removedBy(event);
    return user === undefined ? [] : [{ user, seq: event.seq }];
  });
}
