import {
  type Cursor,
  type EventsPayload,
  isFinal,
  type JoinedRoom,
  removedBy,
  type ResyncReason,
  type RoomEvent,
  type RoomId,
  type ServerPayloads,
  type UserId,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RoomReset } from "./client-errors.ts";
import { Emitter } from "./emitter.ts";
import { RoomRepair, type RepairContext } from "./room-repair.ts";
import { type Offered, RoomWindow } from "./room-window.ts";

/** `closed`: not wanted, or not asked for yet; `refused`: the server said no for good (not a member, banned …). */
export type RoomState =
  | { readonly kind: "closed" }
  | { readonly kind: "joining" }
  | { readonly kind: "live" }
  | { readonly kind: "refused"; readonly error: WireError };

export interface RoomFeedEvents {
  /** One change of the room, in order, without holes. */
  readonly event: RoomEvent;
  /** More exists than was applied. It is being fetched, unless the client repairs on demand only. */
  readonly head: { readonly epoch: number; readonly seq: number; readonly n: number };
  /** Continuity could not be proved: what was known of the room is replaced by this. */
  readonly reset: RoomReset;
  /** The server could not keep the order complete; the room is joined again with its cursor. */
  readonly resync: { readonly reason: ResyncReason };
  readonly state: RoomState;
  readonly typing: { readonly user: RoomEvent["author"]; readonly on: boolean };
  /** The answer to a join, after what it held was applied. */
  readonly joined: JoinedOk;
}

export type JoinedOk = Extract<JoinedRoom, { readonly ok: true }>;

export interface FeedContext extends RepairContext {
  readonly me: () => UserId | undefined;
  readonly saveCursor: (room: RoomId, cursor: Cursor) => void;
  /** Asks for another join of the room, after a pause of its own. */
  readonly rejoin: (feed: RoomFeed) => void;
  /** Whether a hole that only a `head` showed is closed at once. */
  readonly repairOnHead: boolean;
  /** TEST ONLY: applies what lies past a hole as if there were none. */
  readonly skipRepair: boolean;
}

/** What arrives of one room: put in order, repaired, and handed on. */
export class RoomFeed {
  readonly room: RoomId;
  readonly events = new Emitter<RoomFeedEvents>();
  readonly #context: FeedContext;
  #window: RoomWindow;
  readonly #repair: RoomRepair;
  #state: RoomState = { kind: "closed" };
  /** Where the next join starts from; the window's place once there is one. */
  #start: Cursor | undefined;
  /** Whether the newest applied event about this user's membership took them out. */
  #removed = false;

  constructor(room: RoomId, context: FeedContext) {
    this.room = room;
    this.#context = context;
    this.#window = new RoomWindow(context.limits.heldEventsMax);
    this.#repair = new RoomRepair(this, context);
  }

  get state(): RoomState {
    return this.#state;
  }

  /** The last applied place, or the one to start from. */
  get cursor(): Cursor | undefined {
    return this.#window.cursor ?? this.#start;
  }

  get behind(): boolean {
    return this.#window.behind;
  }

  /** The next join starts anew: after `cursor`, or without one at the head. */
  startFrom(cursor: Cursor | undefined): void {
    this.#repair.stop();
    this.#window = new RoomWindow(this.#context.limits.heldEventsMax);
    this.#start = cursor;
  }

  /** A join is on its way, or the connection is being replaced. */
  joining(): void {
    this.#repair.stop();
    this.#become({ kind: "joining" });
  }

  close(): void {
    this.#repair.stop();
    this.#become({ kind: "closed" });
  }

  refuse(error: WireError): void {
    this.#repair.stop();
    this.#become({ kind: "refused", error });
  }

  /** The answer to a join with `cursor`. */
  joined(answer: JoinedOk): void {
    const { epoch, head, events, reset } = answer;
    const cursor = this.cursor;
    // Whatever the run says that follows: at its head they are a member.
    this.#removed = false;
    if (reset !== undefined || cursor === undefined || cursor.epoch !== epoch) {
      this.#replace(answer);
    } else {
      if (this.#window.cursor === undefined) this.#take(this.#window.place(cursor));
      this.#window.noteHead(epoch, head);
      if (events !== undefined && events.length > 0) this.takeRun({ epoch, first: firstOf(events), events });
    }
    // Left by a listener, or removed by what came after the answer.
    if (this.#state.kind !== "joining") return;
    this.#become({ kind: "live" });
    this.events.emit("joined", answer);
    if (this.#window.behind) void this.#repair.start();
  }

  received(payload: EventsPayload): void {
    const wasBehind = this.#window.behind;
    if (this.#context.skipRepair) this.#take(this.#window.skipTo(payload.first - 1));
    const { laterEpoch } = this.takeRun(payload);
    if (laterEpoch) this.#joinAgain("epoch");
    else if (this.#window.behind && this.#state.kind === "live")
      void this.#repair.start({ live: !wasBehind });
  }

  headTold({ epoch, seq, n }: ServerPayloads["head"]): void {
    this.#window.noteHead(epoch, seq);
    if (!this.#window.behind) return;
    this.events.emit("head", { epoch, seq, n });
    if (this.#context.repairOnHead && this.#state.kind === "live") void this.#repair.start({ live: true });
  }

  /** The server lost continuity; a `reset` it announces comes with the answer to the join that follows. */
  resync(reason: ResyncReason): void {
    this.#joinAgain(reason);
  }

  /** Closes the hole to the newest known event, now. Resolves when it is closed, or the room is no longer live. */
  catchUp(): Promise<void> {
    if (!this.#window.behind || this.#state.kind !== "live") return Promise.resolve();
    return this.#repair.start();
  }

  /** A fetched run after `after`. Returns whether it brought the window forward. */
  takeFetched(after: number, run: EventsPayload & { readonly head: number }): boolean {
    if (run.epoch !== this.#window.cursor?.epoch) {
      this.#joinAgain("epoch");
      return false;
    }
    // Older events than `run.first` exist but are hidden from this user: the server says so by its answer.
    if (run.first > after + 1) this.#take(this.#window.skipTo(run.first - 1));
    this.#window.noteHead(run.epoch, run.head);
    this.takeRun(run);
    return (this.#window.cursor?.seq ?? 0) > after;
  }

  takeRun(run: Omit<EventsPayload, "room">): Offered {
    const offered = this.#window.offer(run);
    this.#take(offered);
    return offered;
  }

  #take({ apply, duplicates, heldDropped }: Offered): void {
    const { counters, saveCursor } = this.#context;
    counters.duplicatesDropped += duplicates;
    counters.heldDropped += heldDropped;
    counters.eventsApplied += apply.length;
    if (apply.length === 0) return;
    if (this.#window.cursor !== undefined) saveCursor(this.room, this.#window.cursor);
    for (const event of apply) {
      this.#followMembership(event);
      this.events.emit("event", event);
    }
    // Behind a removal that is not the end there may be the event that let them in again.
    const open = this.#state.kind === "live" || this.#state.kind === "joining";
    if (this.#removed && open && !this.#window.behind) {
      this.refuse(wireError("not_member", `removed from room ${this.room}`));
    }
  }

  #followMembership(event: RoomEvent): void {
    const me = this.#context.me();
    if (me === undefined) return;
    if (removedBy(event) === me) this.#removed = true;
    else if (enteredBy(event) === me) this.#removed = false;
  }

  /** The room starts anew at the answer's head: there was no cursor, or it is worth nothing any more. */
  #replace({ epoch, head, reset }: JoinedOk): void {
    const cursor = { epoch, seq: head };
    const held = this.#window.place(cursor);
    this.#context.saveCursor(this.room, cursor);
    if (reset !== undefined) {
      this.#context.counters.resets += 1;
      this.events.emit("reset", { ...reset, cursor });
    }
    this.#take(held);
  }

  #joinAgain(reason: ResyncReason): void {
    if (this.#state.kind !== "live") return;
    this.#context.counters.resyncs += 1;
    this.joining();
    this.events.emit("resync", { reason });
    this.#context.rejoin(this);
  }

  #become(state: RoomState): void {
    if (state.kind === this.#state.kind) return;
    this.#state = state;
    this.events.emit("state", state);
  }
}

const firstOf = (events: readonly RoomEvent[]): number => events[0]?.seq ?? 0;

function enteredBy(event: RoomEvent): UserId | undefined {
  if (event.kind === "member.joined") return event.author;
  return event.kind === "member.added" ? event.user : undefined;
}

/** Whether a room's refusal may change by itself. */
export const isPassing = (error: WireError): boolean => !isFinal(error.code);
