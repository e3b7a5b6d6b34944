import type {
  EntryHeader,
  OwnerAnswer,
  OwnerAsk,
  OwnerOp,
  OwnerRequest,
  Pulse,
  RoomId,
} from "@parley/protocol";

export interface AskOptions {
  /** From the asking to the last moment an answer is of use. */
  readonly deadlineMs: number;
}

/** What a history instance does with a request. Never rejects: whatever fails is a catalogue error. */
export type OwnerHandler = (request: OwnerRequest, deadlineMs: number) => Promise<OwnerAnswer<OwnerOp>>;

/** A serving history instance, as the bus sees it. */
export interface OwnerSeat extends AsyncDisposable {
  readonly instance: string;
  /** Whether this instance ranks first for `partition` among those heard lately. Never needed for safety. */
  mine(partition: number): boolean;
  /** Calls `listener` when `mine` may have changed. Returns how to stop. */
  onChange(listener: () => void): () => void;
}

/**
 * Asking the history instance that serves a partition now.
 *
 * Instances that were heard lately are ranked by rendezvous hashing of (instance, partition); the first is asked. Nobody
 * locks anything: two instances may both be asked about one room, and the log's compare-and-set decides.
 *
 * `ask` never rejects. It answers `unavailable` at once when nobody serves, and when the asked one is gone before it
 * answered it asks the next, for as long as the deadline allows; then `unknown` for a command that may have been
 * decided, `unavailable` for all else.
 */
export interface Owners {
  ask<Op extends OwnerOp>(
    partition: number,
    request: { readonly op: Op; readonly ask: OwnerAsk<Op> },
    options: AskOptions,
  ): Promise<OwnerAnswer<Op>>;

  /** Begins to serve as `instance`. Closing says goodbye first: nobody asks it again, and what it was asked it answers. */
  serve(instance: string, handler: OwnerHandler): Promise<OwnerSeat>;
}

/** What gateways get of a stored entry: its header less what is the service's own, and the bytes for the clients. */
export interface LiveEntry {
  readonly header: Pick<EntryHeader, "id" | "room" | "epoch" | "first" | "last" | "control">;
  readonly payload: Uint8Array;
}

/**
 * Entries as the log stored them.
 *
 * At most once: an entry may be lost, never doubled by this feed, and in order within a room. Losses show by arithmetic
 * (`first` is not the last seq + 1) or by the pulse, which travels the same path: a cut of one is a cut of both.
 */
export interface LiveFeed {
  /** Resolves when every entry stored from now on will come, unless lost. Handlers must not throw. */
  subscribe(room: RoomId, handler: (entry: LiveEntry) => void): Promise<AsyncDisposable>;
  subscribePulses(partition: number, handler: (pulse: Pulse) => void): Promise<AsyncDisposable>;
  publishPulse(pulse: Pulse): void;
}
