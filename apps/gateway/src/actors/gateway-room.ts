import type { Clock, Owners } from "@parley/bus";
import {
  type Cursor,
  type JoinedRoom,
  type Limits,
  partitionOf,
  type ResyncReason,
  type RoomEvent,
  type RoomId,
  type UserId,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { PlantedFault } from "../domain/faults.ts";
import { removals } from "../domain/run-chunks.ts";
import { HeldSeats } from "./held-seats.ts";
import type { Audience, Listener, Seat } from "./listener.ts";
import type { Delivery, RoomFollower } from "./room-follower.ts";
import type { RoomFollowers } from "./room-followers.ts";

/** An answer that something has passed by is asked for again, this often. */
const joinAttemptsMax = 3;
/** A session told `more: true` that has not caught up by then is told the head instead. */
const holdMs = 30_000;

export interface GatewayRoomParts {
  readonly owners: Pick<Owners, "ask">;
  readonly partitions: number;
  readonly followers: Pick<RoomFollowers, "follow" | "release">;
  readonly limits: Pick<Limits, "commandDeadlineMs" | "sessionLaggingBytes">;
  readonly clock: Clock;
  /** `skipped` is called when entries were not written to anybody for lack of room: seats are dirty then. */
  readonly openAudience: (skipped: () => void) => Audience;
  /** One frame that carries a payload as the event `events`. */
  readonly encodeFrame: (payload: Uint8Array) => Uint8Array;
  readonly faults: ReadonlySet<PlantedFault>;
}

export interface JoinWish {
  readonly cursor: Cursor | undefined;
  /** Bytes of events that the answer may hold. */
  readonly bytesMax: number;
}

/** The answer for one room. The seat waits until `acknowledged` says that the answer is out. */
export type RoomJoin =
  | { readonly answer: OkJoin; readonly seat: Seat }
  | { readonly answer: JoinedRoom & { readonly ok: false }; readonly seat: undefined };
type OkJoin = JoinedRoom & { readonly ok: true };

/** Events up to seq `last`, read when the room's head was `head`. */
export interface PulledRun {
  readonly epoch: number;
  readonly last: number;
  readonly head: number;
}

/** A join whose answer is not here yet. */
interface PendingJoin {
  readonly user: UserId;
  /** Seq of the newest removal of the user that passed here meanwhile; 0 for none. */
  removedAt: number;
}

/**
 * One room as this node's sessions have it: who sits in it, and how far they were served.
 *
 * A join is a snapshot and the stream after it, without a hole: the room is followed before the owner is asked, entries
 * that pass meanwhile are kept, and a session's seat begins at the head that its answer names.
 *
 * A removal is the last entry that the removed one gets. It also beats every older answer: say the owner answers a join at
 * seq 7, the user's ban is 8, and 8 passes here before the answer does. The answer is true of 7 and must not seat anybody now.
 */
export class GatewayRoom {
  readonly room: RoomId;
  readonly #parts: GatewayRoomParts;
  readonly #audience: Audience;
  readonly #pending = new Set<PendingJoin>();
  readonly #holds: HeldSeats;
  #opening: Promise<RoomFollower> | undefined;
  #follower: RoomFollower | undefined;
  /** Of the newest delivery, as long as its message count was not needed. */
  #payload: Uint8Array | undefined;
  #n = 0;
  readonly #vacated: () => void;
  #closed = false;

  /** `vacated`: the room has taken a seat away by itself, and may be idle now. */
  constructor(room: RoomId, parts: GatewayRoomParts, vacated: () => void = () => {}) {
    this.room = room;
    this.#parts = parts;
    this.#vacated = vacated;
    this.#audience = parts.openAudience(() => this.#tellHeads());
    this.#holds = new HeldSeats(parts.limits.sessionLaggingBytes);
  }

  /** Whether nobody sits here, is about to, or is yet to hear that they do not any more. */
  get idle(): boolean {
    return this.#audience.size === 0 && !this.#holds.wanted;
  }

  get cursor(): Cursor | undefined {
    return this.#follower?.cursor;
  }

  /** Never rejects. */
  async join(listener: Listener, wish: JoinWish): Promise<RoomJoin> {
    const pending: PendingJoin = { user: listener.userId, removedAt: 0 };
    this.#pending.add(pending);
    const over = this.#holds.await();
    try {
      for (let attempt = 0; attempt < joinAttemptsMax; attempt += 1) {
        const follower = await this.#following();
        const answer = await this.#ask(listener.userId, wish);
        if (!answer.ok) return { answer, seat: undefined };
        if (!listener.open) return this.#refused(wireError("unavailable", "the session has ended"));
        if (pending.removedAt > answer.head || !this.#starts(follower, answer)) continue;
        return { answer, seat: this.#seat(listener, answer) };
      }
      return this.#refused(wireError("unavailable", "the room changes too fast to join now"));
    } catch {
      return this.#refused(wireError("unavailable", "the room cannot be followed now"));
    } finally {
      this.#pending.delete(pending);
      over();
    }
  }

  /** Membership is unchanged: only nothing more is written. */
  leave(seat: Seat): void {
    this.#holds.letGo(seat);
    this.#audience.leave(seat);
  }

  /** The answer that seated the session is out: live entries follow, at once or when it has pulled the rest. */
  acknowledged(seat: Seat): void {
    const hold = this.#holds.of(seat);
    if (hold === undefined) return;
    hold.acknowledged = true;
    if (hold.ending !== undefined) hold.ending();
    else if (hold.more) hold.cancelExpiry = this.#parts.clock.after(holdMs, () => this.#release(seat));
    else this.#release(seat);
  }

  /** The session was answered with events of its own asking. */
  pulled(seat: Seat, { epoch, last, head }: PulledRun): void {
    const hold = this.#holds.of(seat);
    if (hold?.acknowledged !== true) return;
    this.#follower?.start({ epoch, seq: head });
    // Another epoch has sent it away.
    if (this.#holds.of(seat) !== hold) return;
    // Nobody has what is not there yet, whatever they asked for.
    seat.after = Math.max(seat.after, Math.min(last, head));
    if (last >= head) this.#release(seat);
  }

  /** The session's socket takes entries again: what it missed becomes visible to it as a head. */
  drained(seat: Seat): void {
    if (seat.dirty && !seat.held) this.#tellHead(seat);
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    this.#unfollow();
  }

  #unfollow(): void {
    const follower = this.#follower;
    this.#follower = undefined;
    this.#opening = undefined;
    if (follower !== undefined) this.#parts.followers.release(follower);
  }

  #following(): Promise<RoomFollower> {
    if (this.#opening !== undefined) return this.#opening;
    if (this.#closed) return Promise.reject(new Error("the room is closed"));
    const opening = this.#parts.followers.follow(this.room, {
      deliver: (delivery) => this.#deliver(delivery),
      resync: (reason) => this.#resync(reason),
    });
    this.#opening = opening;
    opening.then(
      (follower) => {
        if (this.#opening === opening) this.#follower = follower;
        else this.#parts.followers.release(follower);
      },
      () => {
        if (this.#opening === opening) this.#opening = undefined;
      },
    );
    return opening;
  }

  async #ask(user: UserId, { cursor, bytesMax }: JoinWish): Promise<JoinedRoom> {
    const { owners, partitions, limits } = this.#parts;
    const { room } = this;
    const seen = this.cursor;
    const optional = {
      ...(cursor !== undefined && { cursor }),
      ...(seen !== undefined && { atLeast: seen }),
    };
    const answer = await owners.ask(
      partitionOf(room, partitions),
      { op: "join", ask: { room, user, bytesMax, ...optional } },
      { deadlineMs: limits.commandDeadlineMs },
    );
    return answer.ok ? answer.body : { room, ok: false, error: answer.error };
  }

  #refused(error: WireError): RoomJoin {
    return { answer: { room: this.room, ok: false, error }, seat: undefined };
  }

  /** Whether the stream goes on from `answer`. Not if continuity has ended meanwhile, or ends by it (another epoch). */
  #starts(follower: RoomFollower, answer: OkJoin): boolean {
    if (this.#follower !== follower) return false;
    follower.start({ epoch: answer.epoch, seq: answer.head });
    return follower.following && follower.cursor?.epoch === answer.epoch;
  }

  #seat(listener: Listener, answer: OkJoin): Seat {
    if (this.#payload === undefined && answer.head >= (this.cursor?.seq ?? 0)) this.#n = answer.n;
    const seat = this.#audience.join(listener, servedUpTo(answer));
    this.#holds.hold(seat, { more: answer.more === true, head: answer.head });
    return seat;
  }

  #release(seat: Seat): void {
    this.#holds.catchUp(seat, Number.POSITIVE_INFINITY);
    this.#holds.letGo(seat);
    if (seat.after < (this.cursor?.seq ?? 0)) this.#tellHead(seat);
  }

  #deliver(delivery: Delivery): void {
    this.#payload = delivery.payload;
    const removed = removals(delivery.control);
    for (const { user, seq } of removed) {
      for (const join of this.#pending) if (join.user === user) join.removedAt = seq;
    }
    if (this.#audience.size === 0 && !this.#holds.wanted) return;
    const frame = this.#parts.encodeFrame(delivery.payload);
    if (this.#holds.wanted) this.#holds.keep({ frame, first: delivery.first, last: delivery.last });
    // Chosen now: who takes a seat before the frame is written everywhere has an answer that is newer than it.
    const leaving = this.#seatsOf(removed);
    this.#audience.write(frame, delivery.last, () => {
      for (const seat of leaving) if (this.#audience.has(seat)) this.#dismiss(seat, delivery.last);
    });
  }

  #seatsOf(removed: ReturnType<typeof removals>): readonly Seat[] {
    if (removed.length === 0 || this.#parts.faults.has("deliver-after-removal")) return [];
    const takesOut = (seat: Seat) =>
      removed.some(({ user, seq }) => user === seat.target.userId && seq > this.#memberAt(seat));
    return [...this.#audience.seats()].filter(takesOut);
  }

  /**
   * Up to here the session is known to be a member, whatever comes late: say 5 was lost here, bob's ban, and 6 too, which
   * let him in again; his join was answered at 6, and then 5 is repaired. It takes no seat from him.
   */
  #memberAt(seat: Seat): number {
    return Math.max(seat.after, this.#holds.of(seat)?.head ?? 0);
  }

  /** Takes the seat of somebody who was removed at `seq`: nothing after it is written. */
  #dismiss(seat: Seat, seq: number): void {
    if (this.#answersFirst(seat, () => this.#dismiss(seat, seq))) return;
    if (this.#holds.of(seat) !== undefined) this.#holds.catchUp(seat, seq);
    this.#take(seat);
    // One that could not be shown its removal learns of it by joining again.
    if (seat.after < seq) seat.target.emit("resync", { room: this.room, reason: "repair_failed" });
  }

  #resync(reason: ResyncReason): void {
    this.#payload = undefined;
    this.#unfollow();
    for (const seat of this.#audience.seats()) this.#sendAway(seat, reason);
  }

  #sendAway(seat: Seat, reason: ResyncReason): void {
    if (this.#answersFirst(seat, () => this.#sendAway(seat, reason))) return;
    this.#take(seat);
    seat.target.emit("resync", { room: this.room, reason });
  }

  /** Puts `ending` off until the answer is out, or the client would take the seat for its own after it. */
  #answersFirst(seat: Seat, ending: () => void): boolean {
    const hold = this.#holds.of(seat);
    if (hold === undefined || hold.acknowledged) return false;
    hold.ending ??= ending;
    this.#audience.leave(seat);
    return true;
  }

  #take(seat: Seat): void {
    this.leave(seat);
    seat.target.unseated(this.room);
    this.#vacated();
  }

  #tellHeads(): void {
    for (const seat of this.#audience.seats()) this.drained(seat);
  }

  #tellHead(seat: Seat): void {
    const { cursor } = this;
    seat.dirty = false;
    if (cursor === undefined) return;
    const { epoch, seq } = cursor;
    seat.target.emit("head", { room: this.room, epoch, seq, n: this.#messageCount() });
  }

  /** Read from the newest payload only when asked for: heads are rare, deliveries are not. */
  #messageCount(): number {
    if (this.#payload === undefined) return this.#n;
    const { events } = JSON.parse(Buffer.from(this.#payload).toString()) as { readonly events: RoomEvent[] };
    this.#payload = undefined;
    this.#n = events.at(-1)?.n ?? this.#n;
    return this.#n;
  }
}

/** A prefix ends at its last event; a whole answer, or one without events, at the head. */
function servedUpTo(answer: OkJoin): number {
  return answer.more === true ? (answer.events?.at(-1)?.seq ?? answer.head) : answer.head;
}
