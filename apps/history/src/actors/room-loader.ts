import { type ArchivedRoom, partitionOf, type RoomId } from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import type { RoomLog, StoredEntry } from "@parley/room-log";
import { evolve } from "@parley/rooms";
import { assemble, type LoadedRoom, RoomGapError } from "../domain/load.ts";

const entriesPerRead = 256;
const eventsPerRead = 1_000;
/** Tries before a room that changes faster than it can be loaded is given up for now. */
const triesMax = 5;

export interface LoaderPorts {
  readonly log: RoomLog;
  readonly store: HistoryStore;
}

/**
 * Loads a room as the log and the archive have it together: the archive's floor and row, then the log above the floor.
 *
 * The order matters. The floor is read first, so that every entry above it is still in the log. When the log holds
 * nothing of the room, the row is read again *after* that was seen: an append after position 0 is safe only then.
 * Throws `RoomGapError` when the two do not join, and what the ports throw.
 */
export async function loadRoom(ports: LoaderPorts, room: RoomId): Promise<LoadedRoom> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const loaded = await tryLoad(ports, room);
      if (loaded !== undefined) return loaded;
    } catch (error) {
      // The archive may have moved between the reads: only a gap that stays is one.
      if (!(error instanceof RoomGapError) || attempt >= triesMax) throw error;
    }
    if (attempt >= triesMax) throw new RoomGapError(`${room}: it changes faster than it can be loaded`);
  }
}

async function tryLoad({ log, store }: LoaderPorts, room: RoomId): Promise<LoadedRoom | undefined> {
  const partition = partitionOf(room, log.partitions);
  const epoch = log.epoch(partition);
  const archivedTo = await store.floor(partition);
  const floor = archivedTo?.epoch === epoch ? archivedTo.position : 0;
  const archived = await archivedRoom(store, room, epoch);
  const entries = await readAll(log, room, floor);
  const last = await log.last(room);
  if (last === undefined) {
    const again = await archivedRoom(store, room, epoch);
    if ((again?.record.head ?? 0) !== (archived?.record.head ?? 0)) return undefined;
  }
  return assemble({ room, epoch, archived, floor, entries, position: last?.position ?? 0 });
}

/** The archive's row; in a new epoch, brought up to the events archived of the old one. */
export async function archivedRoom(
  store: HistoryStore,
  room: RoomId,
  epoch: number,
): Promise<ArchivedRoom | undefined> {
  const row = await store.room(room);
  if (row === undefined || row.epoch === epoch) return row;
  let { record } = row;
  for (;;) {
    const events = await store.events(room, record.head, eventsPerRead);
    for (const event of events) record = evolve(record, event);
    if (events.length < eventsPerRead) return { ...row, record };
  }
}

async function readAll(log: RoomLog, room: RoomId, from: number): Promise<readonly StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for (;;) {
    const page = await log.readRoom(room, entries.at(-1)?.position ?? from, entriesPerRead);
    entries.push(...page);
    if (page.length < entriesPerRead) return entries;
  }
}
