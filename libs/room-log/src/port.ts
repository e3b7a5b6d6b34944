import type { Entry, RoomId } from "@parley/protocol";

/**
 * An entry's place in its partition's stream: positive, rising, never used twice, also after everything was purged.
 * 0 is before the first.
 */
export type Position = number;

export interface StoredEntry {
  readonly position: Position;
  /** When the log stored it, ms since 1970 by the log's clock: for age, never for order. */
  readonly storedAtMs: number;
  readonly entry: Entry;
}

export type AppendOutcome =
  | { readonly kind: "confirmed"; readonly position: Position }
  /** The room's last entry is at `actual` (0: none is held), not where the append expected it. Nothing was stored. */
  | { readonly kind: "conflict"; readonly actual: Position }
  /** The log has no room and refuses rather than forgets. Nothing was stored. */
  | { readonly kind: "full" }
  /** It may be stored, now or later: ask again with the same entry and the same `after`. */
  | { readonly kind: "unknown" };

export interface AppendOptions {
  /** How long to wait for the log's answer, from now; then the outcome is `unknown`. */
  readonly deadlineMs: number;
}

/** The log cannot be read or written now. Ask again later. */
export class LogUnavailableError extends Error {
  override readonly name = "LogUnavailableError";
  readonly retryable = true;
}

/**
 * The log of record: the one place where a change of a room has happened or has not.
 *
 * Order: every reader sees a room's entries, and a partition's, in the order of their positions.
 * Durability: `confirmed` means stored on disk, by a majority of the log's replicas where it has several.
 * Live: whoever wires the log sees to it that stored entries reach the live feed, after they are stored, at most once.
 */
export interface RoomLog {
  /** How many partitions rooms are spread over; fixed for the life of the data. */
  readonly partitions: number;

  /** The partition's epoch: changes only when its log was lost or rebuilt. */
  epoch(partition: number): number;

  /**
   * Stores `entry` if the room's last entry is still at `after`, else nothing.
   *
   * Two owners may both believe they serve a room. Say A and B both saw position 7. A appends and gets 8. B's append
   * after 7 is a `conflict`, so B learns of A's entry before it answers anybody.
   *
   * `after` 0 matches a room without held entries, also one whose entries were all purged: who appends after 0 must
   * have seen what the archive says of the room *after* it saw that the log holds nothing.
   *
   * Appending an entry whose id is already stored is a `conflict` like any other; its asker finds its own id in `last`.
   *
   * Throws `LogUnavailableError` when this call was not attempted: it has stored nothing. What an earlier `unknown` of the
   * same entry did stays as open as it was.
   */
  append(entry: Entry, after: Position, options: AppendOptions): Promise<AppendOutcome>;

  /** The room's newest held entry, as the log's leader has it. */
  last(room: RoomId): Promise<StoredEntry | undefined>;

  /** The newest position of the partition's stream, also when what it held is purged; 0 when it never held any. */
  lastPosition(partition: number): Promise<Position>;

  /** The room's entries above `after`, ascending, at most `limit`. */
  readRoom(room: RoomId, after: Position, limit: number): Promise<readonly StoredEntry[]>;

  /** The partition's entries above `after`, ascending, at most `limit`. */
  read(partition: number, after: Position, limit: number): Promise<readonly StoredEntry[]>;

  /**
   * The partition's entries above `after`, for ever, in order, without a hole, in batches as they come. Ends when
   * `signal` aborts; throws `LogUnavailableError` when it cannot go on: begin again after the last one seen.
   */
  follow(partition: number, after: Position, signal: AbortSignal): AsyncIterable<readonly StoredEntry[]>;

  /**
   * Forgets the partition's oldest entries: those at or below `upTo`, up to the first that was not stored before
   * `storedBeforeMs`. Returns how many. None behind a kept one goes, or a clock gone back could move a room back.
   */
  purge(partition: number, upTo: Position, storedBeforeMs: number): Promise<number>;
}
