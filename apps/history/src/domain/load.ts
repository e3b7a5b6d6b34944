import {
  type ArchivedRoom,
  decodeEvents,
  PoisonedEntryError,
  type RoomEvent,
  type RoomId,
  type RoomRecord,
  systemUser,
} from "@parley/protocol";
import type { StoredEntry } from "@parley/room-log";
import { emptyRoom, evolve } from "@parley/rooms";
import { heldBytes, Tail, type TailEntry } from "./tail.ts";

/** A room's confirmed state as its owner holds it. */
export interface LoadedRoom {
  readonly record: RoomRecord;
  readonly epoch: number;
  /** Position of the room's newest held entry; 0 when the log holds none. */
  readonly position: number;
  readonly keyTimeMaxMs: number;
  readonly tail: Tail;
}

export interface LoadInput {
  readonly room: RoomId;
  readonly epoch: number;
  readonly archived: ArchivedRoom | undefined;
  /** The archive's floor: entries are read from above it. */
  readonly floor: number;
  /** The room's entries above the floor, ascending. */
  readonly entries: readonly StoredEntry[];
  /** Position of the room's newest held entry, above the floor or not; 0 when the log holds none. */
  readonly position: number;
}

/** Archive and log do not join: an event between them is missing, or the last entry is not the log's last. */
export class RoomGapError extends Error {
  override readonly name = "RoomGapError";
  readonly retryable = true;
}

/**
 * Joins the archive's row and the log's entries into one state.
 *
 * The archive may be ahead of its own floor, so entries up to the row's head overlap; they still give their keys. The
 * first event above the row's head must be the next one, and the newest entry must be the log's newest: what cannot be
 * proved complete is not served.
 */
export function assemble(input: LoadInput): LoadedRoom {
  const { room, epoch, archived, floor, entries, position } = input;
  let record = archived?.record ?? emptyRoom(room);
  const firstSeq = entries[0]?.entry.header.first ?? record.head + 1;
  if (firstSeq > record.head + 1) {
    throw new RoomGapError(`${room}: the archive ends at ${record.head}, the log begins at ${firstSeq}`);
  }
  const tail = new Tail({ firstSeq, keyFloorMs: archived?.keyTimeMaxMs ?? 0 });
  let keyTimeMaxMs = tail.keyFloorMs;
  for (const stored of entries) {
    const entry = tailEntry(stored);
    for (const event of entry.events) record = evolve(record, event);
    tail.append(entry);
    keyTimeMaxMs = Math.max(keyTimeMaxMs, entry.keyTimeMaxMs);
  }
  const newest = entries.at(-1)?.position;
  // At or below the floor it is archived; above it must have been read, or it was stored after the reading.
  if (newest === undefined ? position > floor : position !== newest) {
    throw new RoomGapError(`${room}: the log's last entry is at ${position}, the last one read at ${newest}`);
  }
  return { record, epoch, position, keyTimeMaxMs, tail };
}

/** A stored entry as a tail holds it. A poisoned one keeps its place with `invalid` events. */
export function tailEntry(stored: StoredEntry): TailEntry {
  const { header } = stored.entry;
  const { events } = readEntry(stored);
  return {
    position: stored.position,
    first: header.first,
    last: header.last,
    bytes: heldBytes(stored.entry),
    events,
    answers: header.answers,
    keyTimeMaxMs: header.keyTimeMaxMs,
  };
}

/** The events of an entry; for one that cannot be read, an `invalid` event for each seq it claims. */
export function readEntry(stored: StoredEntry): {
  readonly events: readonly RoomEvent[];
  readonly poisoned: boolean;
} {
  try {
    return { events: decodeEvents(stored.entry), poisoned: false };
  } catch (error) {
    if (!(error instanceof PoisonedEntryError)) throw error;
    return { events: placeholders(stored), poisoned: true };
  }
}

function placeholders({ entry: { header }, storedAtMs }: StoredEntry): readonly RoomEvent[] {
  const ts = new Date(storedAtMs).toISOString();
  const length = Math.max(0, header.last - header.first + 1);
  return Array.from({ length }, (_, index) => ({
    kind: "invalid" as const,
    seq: header.first + index,
    n: 0,
    ts,
    author: systemUser,
  }));
}
