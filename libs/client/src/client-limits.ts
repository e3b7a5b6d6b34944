/** Bounds and pauses of a client. Every one may be set in `ClientOptions.limits`. */
export interface ClientLimits {
  /** Events of one room held past a hole; later ones are dropped and fetched again. */
  readonly heldEventsMax: number;
  /** Commands that wait for their answer, in all rooms; one more is an `OutboxFullError`. */
  readonly outboxItemsMax: number;
  /** Items that wait for the reader of one async iteration. */
  readonly streamItemsMax: number;
  /** Rooms listed for the unread view. */
  readonly listedRoomsMax: number;
  /** Events asked for at once when a hole is closed. */
  readonly repairEventsMax: number;
  /** From opening a socket to its `hello`. */
  readonly connectMs: number;
  /** From asking to the answer; a command without one is asked again with its key. */
  readonly requestMs: number;
  /** The first pause before a retry is below this; each further window is twice as long. */
  readonly backOffBaseMs: number;
  /** The longest window of a pause. */
  readonly backOffMaxMs: number;
  /** Online for so long, a connection counts as a good one: the next loss starts with short pauses. */
  readonly stableMs: number;
  /** Cursors are written to the storage at most this much later. */
  readonly cursorWriteMs: number;
  /** Read marks are sent this much after the first unsent one. */
  readonly markReadMs: number;
  /** While a user types, `typing` is sent no more often. */
  readonly typingEveryMs: number;
  /** Unread counts are listed again this often. */
  readonly unreadEveryMs: number;
}

export const defaultClientLimits: ClientLimits = Object.freeze({
  heldEventsMax: 1_000,
  outboxItemsMax: 1_000,
  streamItemsMax: 1_000,
  listedRoomsMax: 2_000,
  repairEventsMax: 200,
  connectMs: 10_000,
  requestMs: 7_000,
  backOffBaseMs: 1_000,
  backOffMaxMs: 30_000,
  stableMs: 10_000,
  cursorWriteMs: 500,
  markReadMs: 300,
  typingEveryMs: 3_000,
  unreadEveryMs: 60_000,
});
