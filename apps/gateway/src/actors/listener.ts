import type { RoomId, ServerEventName, ServerPayloads, SessionId, UserId } from "@parley/protocol";

/** One session, as rooms see it. */
export interface Listener {
  readonly sessionId: SessionId;
  readonly userId: UserId;
  /** False once its socket is gone: it gets no seat any more. */
  readonly open: boolean;
  /** `false`: nothing was written, since it lags or is gone. */
  writeFrame(frame: Uint8Array): boolean;
  emit<Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]): void;
  /** The room has taken its seat away: by a removal, or since continuity ended. */
  unseated(room: RoomId): void;
}

/** A session's place in one room. */
export interface Seat {
  readonly target: Listener;
  /** The newest seq that the session has of the room, as far as known here. */
  after: number;
  /** Entries pass it by until it is let go: its answer is not out, or it is pulling what it missed. */
  held: boolean;
  /** An entry was not written to it: it is owed the room's head. */
  dirty: boolean;
}

/** The local sessions in one room. Keeps order per session; may be written over several turns of the event loop. */
export interface Audience {
  readonly size: number;
  join(listener: Listener, after: number): Seat;
  leave(seat: Seat): void;
  has(seat: Seat): boolean;
  seats(): Iterable<Seat>;
  /** To every seat that is not held and below `last`. `written` is called after the last one, before any later frame. */
  write(frame: Uint8Array, last: number, written: () => void): void;
}
