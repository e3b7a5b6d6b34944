import type { Cursor, ResetReason, ResetState, RoomId } from "@parley/protocol";
import type { StopReason } from "./reconnect-plan.ts";

/** As many commands wait as may. Nothing was queued. */
export class OutboxFullError extends Error {
  override readonly name = "OutboxFullError";
  readonly retryable = true;

  constructor(itemsMax: number) {
    super(`${itemsMax} commands wait for their answers`);
  }
}

/** The client was closed first. A stored command is submitted again, under its key, by the next client on the storage. */
export class ClientClosedError extends Error {
  override readonly name = "ClientClosedError";
  readonly retryable = false;

  constructor() {
    super("the client is closed");
  }
}

/** The room was left, or the client closed, before it was joined. */
export class RoomLeftError extends Error {
  override readonly name = "RoomLeftError";
  readonly retryable = false;

  constructor(room: RoomId) {
    super(`room ${room} was left before it was joined`);
  }
}

/** The caller withdrew a command. One that had been sent may still be applied. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
  readonly retryable = false;

  constructor() {
    super("the command was withdrawn");
  }
}

/** The session ended for good; `reason` says why. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
  readonly retryable = false;
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`the session stopped: ${reason}`);
    this.reason = reason;
  }
}

/** Continuity of a room could not be proved while its events were iterated. Go on from `state` and iterate anew. */
export class RoomResetError extends Error {
  override readonly name = "RoomResetError";
  readonly reset: RoomReset;

  constructor(room: RoomId, reset: RoomReset) {
    super(`room ${room} was reset: ${reset.reason}`);
    this.reset = reset;
  }
}

/** Where a room stands now; events after `cursor` follow. */
export interface RoomReset {
  readonly reason: ResetReason;
  readonly state: ResetState;
  readonly cursor: Cursor;
}
