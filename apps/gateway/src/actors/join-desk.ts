import {
  type ClientPayload,
  type JoinedRoom,
  type Limits,
  type RoomId,
  utf8Bytes,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { resetWithin } from "../domain/reset-within.ts";
import { reservedFault, scopeFault } from "./asker.ts";
import type { GatewayRoom, PulledRun, RoomJoin } from "./gateway-room.ts";
import type { Seat } from "./listener.ts";
import { RequestLimits } from "./request-limits.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Session } from "./session.ts";

/** Rooms of one join that are asked for at once; so many are worth one read. */
const roomsTogetherMax = 16;

export interface JoinDeskParts {
  readonly rooms: RoomDirectory;
  readonly rateLimiter: RateLimiter;
  readonly limits: Limits;
}

type Wish = ClientPayload<"join">["rooms"][number];

/** `acknowledged` is to be called once the answer is out: until then nothing of these rooms is sent. */
export type JoinOutcome =
  | { readonly ok: true; readonly rooms: readonly JoinedRoom[]; readonly acknowledged: () => void }
  | { readonly ok: false; readonly error: WireError };

/** Opens rooms for sessions, and closes them. Membership is the owner's business and does not change here. */
export class JoinDesk {
  readonly #parts: JoinDeskParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: JoinDeskParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /** One answer a room, in the order asked. */
  async join(session: Session, wishes: readonly Wish[]): Promise<JoinOutcome> {
    const { limits } = this.#parts;
    if (wishes.length > limits.joinRoomsMax) return { ok: false, error: over(limits.joinRoomsMax) };
    const fault = scopeFault(session, "rooms:read");
    if (fault !== undefined) return { ok: false, error: fault };
    const turns = Math.ceil(wishes.length / roomsTogetherMax);
    const { error } = await this.#requestLimits.read(session.userId, turns);
    if (error !== undefined) return { ok: false, error };
    const rooms: JoinedRoom[] = [];
    const seats: (readonly [RoomId, Seat])[] = [];
    const faults = this.#faults(session, wishes);
    let bytesLeft = limits.joinBytesMax;
    for (let start = 0; start < wishes.length; start += roomsTogetherMax) {
      const some = wishes.slice(start, start + roomsTogetherMax);
      const bytesMax = Math.max(1, Math.floor(bytesLeft / (wishes.length - start)));
      const joins = await Promise.all(
        some.map((wish) => this.#joinOne(session, wish, { bytesMax, fault: faults.get(wish) })),
      );
      for (const { answer: whole, seat } of joins) {
        const answer = resetWithin(whole, bytesMax);
        rooms.push(answer);
        if (seat !== undefined) seats.push([answer.room, seat]);
        bytesLeft -= bytesOf(answer);
      }
    }
    return { ok: true, rooms, acknowledged: () => this.#acknowledged(seats) };
  }

  leave(session: Session, room: RoomId): void {
    const seat = session.rooms.get(room);
    // Whoever leaves the room has given up what they were about to say in it.
    session.latch.release(room);
    if (seat === undefined) return;
    session.unseated(room);
    this.#parts.rooms.get(room)?.leave(seat);
    this.#parts.rooms.used(room);
  }

  /** The session was answered by the `events` request. */
  pulled(session: Session, room: RoomId, run: PulledRun): void {
    const seat = session.rooms.get(room);
    if (seat !== undefined) this.#parts.rooms.get(room)?.pulled(seat, run);
  }

  /** The session's socket takes entries again. */
  drained(session: Session): void {
    for (const [room, seat] of session.rooms) this.#parts.rooms.get(room)?.drained(seat);
  }

  /** What keeps wishes from being asked at all: two answers for one room would be two beginnings of it. */
  #faults(session: Session, wishes: readonly Wish[]): ReadonlyMap<Wish, WireError> {
    const errors = new Map<Wish, WireError>();
    const named = new Set<RoomId>();
    let left = this.#parts.limits.sessionRoomsMax - session.rooms.size;
    for (const wish of wishes) {
      const { room } = wish;
      if (named.has(room)) errors.set(wish, wireError("bad_request", "the room is named twice"));
      else if (!session.rooms.has(room) && left <= 0) errors.set(wish, wireError("too_many_rooms"));
      else if (!session.rooms.has(room)) left -= 1;
      named.add(room);
    }
    return errors;
  }

  async #joinOne(
    session: Session,
    { room, cursor }: Wish,
    { bytesMax, fault }: { readonly bytesMax: number; readonly fault: WireError | undefined },
  ): Promise<RoomJoin> {
    const error = fault ?? reservedFault(room);
    if (error !== undefined) return refused(room, error);
    const { rooms } = this.#parts;
    const opened = rooms.open(room);
    const join = await opened.join(session, { cursor, bytesMax });
    if (join.seat !== undefined) this.#replace(session, opened, join.seat);
    rooms.used(room);
    return join;
  }

  #replace(session: Session, opened: GatewayRoom, seat: Seat): void {
    const former = session.rooms.get(opened.room);
    if (former !== undefined) opened.leave(former);
    // It may have ended since the seat was given, and then nobody would take the seat away.
    if (session.open) session.seated(opened.room, seat);
    else opened.leave(seat);
  }

  #acknowledged(seats: readonly (readonly [RoomId, Seat])[]): void {
    for (const [room, seat] of seats) this.#parts.rooms.get(room)?.acknowledged(seat);
  }
}

const refused = (room: RoomId, error: WireError): RoomJoin => ({
  answer: { room, ok: false, error },
  seat: undefined,
});

const over = (max: number): WireError =>
  wireError("too_large", `at most ${max} rooms in one join`, { detail: { limit: "joinRoomsMax", max } });

/** Of what an answer may hold much of. */
function bytesOf(answer: JoinedRoom): number {
  if (!answer.ok) return 0;
  const content = [...(answer.events ?? []), ...(answer.reset?.state.messages ?? [])];
  return content.length === 0 ? 0 : utf8Bytes(JSON.stringify(content));
}
