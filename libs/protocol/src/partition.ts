import type { RoomId } from "./ids.ts";

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/**
 * FNV-1a, 32 bits, over the ASCII bytes of `text`; the hash NATS uses for `partition()` in subject mappings.
 * Source: RFC draft-eastlake-fnv.
 */
export function fnv1a32(text: string): number {
  let hash = offsetBasis;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  }
  return hash >>> 0;
}

/** The partition that holds `room`. `partitions` is fixed for the life of a deployment. */
export const partitionOf = (room: RoomId, partitions: number): number => fnv1a32(room) % partitions;
