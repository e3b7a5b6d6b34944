import type { RoomId } from "@parley/protocol";

/** What a client has counted since it was made. */
export interface Counters {
  /** Sockets that came up. */
  connects: number;
  /** Holes in a room's order that were closed by asking for the missing run. */
  gapsRepaired: number;
  /** Events that came again and were dropped. */
  duplicatesDropped: number;
  /** Events past a hole dropped because too many were held; they are fetched again. */
  heldDropped: number;
  resets: number;
  resyncs: number;
  eventsApplied: number;
  commandsRetried: number;
  /** How long the newest answer took. */
  rttMs: number | undefined;
}

export const newCounters = (): Counters => ({
  connects: 0,
  gapsRepaired: 0,
  duplicatesDropped: 0,
  heldDropped: 0,
  resets: 0,
  resyncs: 0,
  eventsApplied: 0,
  commandsRetried: 0,
  rttMs: undefined,
});

/** A moment's figures, for a details panel. */
export interface ClientStats extends Readonly<Counters> {
  readonly reconnects: number;
  /** Commands without a final answer. */
  readonly outboxItems: number;
  readonly lastSeq: Readonly<Record<RoomId, number>>;
}
