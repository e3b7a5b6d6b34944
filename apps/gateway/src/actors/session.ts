import type { Identity } from "@parley/auth";
import type { Clock } from "@parley/bus";
import type {
  CloseCode,
  Key,
  Limits,
  RoomId,
  ServerEventName,
  ServerPayloads,
  SessionId,
} from "@parley/protocol";
import { CommandLatch } from "../domain/command-latch.ts";
import type { Listener, Seat } from "./listener.ts";
import { WorkQueue } from "./work-queue.ts";

/** The longest that a timer can be set for; a longer wait is set again. */
const timerMaxMs = 2 ** 31 - 1;
/** Reads of one session that are asked at once; the others wait in line. */
const readsTogetherMax = 4;

/** What of a session is the transport's. */
export interface SessionLink {
  readonly open: boolean;
  /** Resolves when there is room for a further answer, or the socket is gone. */
  writable(): Promise<void>;
  writeFrame(frame: Uint8Array): boolean;
  emit<Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]): void;
  /** The session has a seat in `room` now, and so gets what is ephemeral there. */
  entered(room: RoomId): void;
  left(room: RoomId): void;
  /** Tells the client why, and ends the connection. */
  close(code: CloseCode): void;
}

/** A command that waits for its turn. */
export interface WaitingTurn {
  go(): void;
  /** An earlier one, `key`, has to be retried first. */
  passOver(key: Key): void;
}

export interface SessionParts {
  readonly sessionId: SessionId;
  readonly identity: Identity;
  readonly link: SessionLink;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "sessionCommandsMax" | "commandDeadlineMs">;
}

/** One authenticated socket's life: who it is, which rooms it has open, and what of it waits. */
export class Session implements Listener {
  readonly sessionId: SessionId;
  readonly link: SessionLink;
  readonly rooms = new Map<RoomId, Seat>();
  readonly latch: CommandLatch<WaitingTurn>;
  /** Joining and leaving, one after the other. */
  readonly seating: WorkQueue;
  readonly reads: WorkQueue;
  readonly #clock: Clock;
  #identity: Identity;
  #cancelExpiry: (() => void) | undefined;
  #ended = false;
  #revoked = false;

  constructor({ sessionId, identity, link, clock, limits }: SessionParts) {
    this.sessionId = sessionId;
    this.link = link;
    this.#clock = clock;
    this.#identity = identity;
    this.latch = new CommandLatch({
      waitingMax: limits.sessionCommandsMax,
      giveUpMs: limits.commandDeadlineMs,
    });
    const ready = () => link.writable();
    this.seating = new WorkQueue({ together: 1, waitingMax: limits.sessionCommandsMax, ready });
    this.reads = new WorkQueue({ together: readsTogetherMax, waitingMax: limits.sessionCommandsMax, ready });
    this.#armExpiry();
  }

  get identity(): Identity {
    return this.#identity;
  }

  get userId(): Identity["userId"] {
    return this.#identity.userId;
  }

  get open(): boolean {
    return this.link.open;
  }

  writeFrame(frame: Uint8Array): boolean {
    return this.link.writeFrame(frame);
  }

  emit<Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]): void {
    this.link.emit(name, payload);
  }

  seated(room: RoomId, seat: Seat): void {
    this.rooms.set(room, seat);
    this.link.entered(room);
  }

  unseated(room: RoomId): void {
    if (this.rooms.delete(room)) this.link.left(room);
  }

  /** A fresh token of the same user: the session lives as long as it does. */
  refresh(identity: Identity): void {
    this.#identity = identity;
    this.#armExpiry();
  }

  /** Its access was taken away: what of it waits is not done any more. */
  revoke(): void {
    this.#revoked = true;
    this.link.emit("revoked", { reason: "token_revoked" });
    this.link.close("token_revoked");
  }

  get revoked(): boolean {
    return this.#revoked;
  }

  /** Stops what the session has running. Its seats are the rooms' to take. */
  end(): void {
    this.#ended = true;
    this.seating.close();
    this.reads.close();
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
  }

  #armExpiry(): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    if (this.#ended) return;
    const { expiresAtMs } = this.#identity;
    if (expiresAtMs === undefined) return;
    const leftMs = expiresAtMs - this.#clock.nowMs();
    this.#cancelExpiry = this.#clock.after(Math.min(Math.max(leftMs, 0), timerMaxMs), () => {
      if (leftMs > timerMaxMs) this.#armExpiry();
      else this.#expire();
    });
  }

  #expire(): void {
    this.link.emit("revoked", { reason: "token_expired" });
    this.link.close("token_expired");
  }
}
