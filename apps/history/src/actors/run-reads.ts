import {
  type Cursor,
  type EventRun,
  type JoinedRoom,
  type Limits,
  type OwnerAsk,
  ParleyError,
  type ResetReason,
  type ResetState,
  type RoomEvent,
  utf8Bytes,
  wireError,
} from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import { readAs, type Reader } from "./asker.ts";
import type { MessageReads } from "./message-reads.ts";
import type { RoomImage } from "./room-image.ts";
import type { UnreadCounts } from "./unread-counts.ts";

const pieceEventsMin = 32;
const pieceEventsMax = 128;

/** What the archive has of a run; `limit` events are to be had of the whole run, archive and tail together. */
interface ArchivedRun {
  readonly events: readonly RoomEvent[];
  readonly limit: number;
}

/** Reads runs of a room's events: what closes a hole, and what a joining client gets. */
export class RunReads {
  readonly #store: HistoryStore;
  readonly #messages: MessageReads;
  readonly #unread: UnreadCounts;
  readonly #limits: Limits;

  constructor(parts: {
    readonly store: HistoryStore;
    readonly messages: MessageReads;
    readonly unread: UnreadCounts;
    readonly limits: Limits;
  }) {
    this.#store = parts.store;
    this.#messages = parts.messages;
    this.#unread = parts.unread;
    this.#limits = parts.limits;
  }

  /** For gateways: the run as the log has it, whoever may see it. */
  async run(image: RoomImage, { after, limit }: OwnerAsk<"run">): Promise<EventRun> {
    const events = await image.withArchive(async () => {
      return joinRun(image, after, await this.#archivedRun(image, after, limit));
    });
    const { head } = image.record;
    return { epoch: image.epoch, first: after + 1, ...this.#cut(events, head), head };
  }

  async events(image: RoomImage, { user, after, limit }: OwnerAsk<"events">): Promise<EventRun> {
    return readAs(
      { store: this.#store, image, user },
      async ({ fromSeq }) => {
        const start = Math.max(after, fromSeq - 1);
        return { start, archived: await this.#archivedRun(image, start, limit) };
      },
      ({ fromSeq }, { start, archived }) => {
        const run = joinRun(image, start, archived);
        const { head } = image.record;
        // Who left and came in again meanwhile sees less.
        const first = Math.max(start + 1, fromSeq);
        const visible = run.filter(({ seq }) => seq >= first);
        return { epoch: image.epoch, first, ...this.#cut(visible, head), head };
      },
    );
  }

  /** A snapshot of the room for one who begins to receive it, and the run after their cursor. */
  async join(image: RoomImage, ask: OwnerAsk<"join">): Promise<JoinedRoom> {
    const { user, cursor, bytesMax } = ask;
    const limit = this.#limits.catchUpEventsMax;
    const { reset, joined } = await readAs(
      { store: this.#store, image, user },
      async () => ({
        archived: await this.#catchUp(image, cursor, limit),
        storedMark: await this.#unread.storedMark(image, user),
      }),
      (reader, { archived, storedMark }) => {
        const mark = this.#unread.mark(image, reader.member, storedMark);
        const { head, n } = image.record;
        const snapshot = {
          room: image.room,
          ok: true,
          epoch: image.epoch,
          head,
          n,
          mark,
          role: reader.member.role,
        } as const;
        if (cursor === undefined) return { reset: undefined, joined: snapshot };
        const broken = discontinuity(image, { cursor, reader, limit });
        if (broken !== undefined) return { reset: broken, joined: snapshot };
        const run = joinRun(image, cursor.seq, archived);
        return { reset: undefined, joined: { ...snapshot, ...prefix(run, bytesMax, head) } };
      },
    );
    return reset === undefined ? joined : this.#reset(image, { ask, joined, reason: reset });
  }

  /** What one answer may hold: the asker sees by `head` that there is more, and asks on. */
  #cut(run: readonly RoomEvent[], head: number): { readonly events: readonly RoomEvent[] } {
    return { events: prefix(run, this.#limits.joinBytesMax, head).events };
  }

  async #catchUp(image: RoomImage, cursor: Cursor | undefined, limit: number): Promise<ArchivedRun> {
    const near = cursor?.epoch === image.epoch && image.record.head - cursor.seq <= limit;
    return near ? this.#archivedRun(image, cursor.seq, limit) : { events: [], limit };
  }

  /**
   * The archived part of a run, in pieces until it is more than an answer may hold: the rest would be cut off all the same,
   * and a thousand of the largest events are tens of megabytes. Pieces grow, but not so far that one could be as bad.
   */
  async #archivedRun(image: RoomImage, after: number, limit: number): Promise<ArchivedRun> {
    if (image.tail.run(after, 0) !== undefined) return { events: [], limit };
    const wanted = Math.min(limit, image.tail.firstSeq - 1 - after);
    const events: RoomEvent[] = [];
    let bytes = 0;
    for (let piece = pieceEventsMin; events.length < wanted; piece = Math.min(2 * piece, pieceEventsMax)) {
      const size = Math.min(piece, wanted - events.length);
      const from = after + events.length;
      const ask = async () => this.#store.events(image.room, from, size);
      const some = await image.shared(`events ${from} ${size}`, ask);
      events.push(...some);
      if (some.length === 0) break;
      bytes += some.reduce((sum, event) => sum + JSON.stringify(event).length, 0);
      if (bytes > this.#limits.joinBytesMax && events.length < wanted)
        return { events, limit: events.length };
    }
    return { events, limit };
  }

  /** Continuity cannot be proved: the current state instead, with the messages as they are at its head. */
  async #reset(
    image: RoomImage,
    {
      ask,
      joined,
      reason,
    }: {
      readonly ask: OwnerAsk<"join">;
      readonly joined: JoinedRoom & { ok: true };
      readonly reason: ResetReason;
    },
  ): Promise<JoinedRoom> {
    const { items: messages, record } = await this.#messages.newest(image, ask.user, {
      limit: this.#limits.resetMessagesMax,
      bytesMax: ask.bytesMax,
    });
    const { settings, kind, name, n, memberCount, head } = record;
    const state: ResetState = {
      settings,
      kind,
      ...(name === undefined ? {} : { name }),
      role: joined.role,
      mark: joined.mark,
      n,
      memberCount,
      messages: [...messages],
    };
    return { ...joined, head, n, reset: { reason, state } };
  }
}

/** Why the run after the cursor is not to be had. */
function discontinuity(
  image: RoomImage,
  { cursor, reader, limit }: { readonly cursor: Cursor; readonly reader: Reader; readonly limit: number },
): ResetReason | undefined {
  const { head } = image.record;
  if (cursor.epoch !== image.epoch) return "epoch";
  if (cursor.seq > head) return "ahead";
  if (cursor.seq < reader.fromSeq - 1) return "history_hidden";
  return head - cursor.seq > limit ? "too_far_behind" : undefined;
}

/** Archived events and the tail's, as one dense run after `after`. */
function joinRun(image: RoomImage, after: number, { events, limit }: ArchivedRun): readonly RoomEvent[] {
  const end = events.at(-1)?.seq ?? after;
  const tail = image.tail.run(end, limit - events.length);
  const run = [...events, ...(tail ?? [])].slice(0, limit);
  const dense = run.every(({ seq }, index) => seq === after + 1 + index);
  const whole = run.length === limit || (run.at(-1)?.seq ?? after) >= image.record.head;
  if (!dense || !whole) {
    throw new ParleyError(
      wireError("unavailable", `the run of ${image.room} after ${after} is not to be had whole now`),
    );
  }
  return run;
}

/** As much of the run as fits, at least one event; `more` when the head is not reached. */
function prefix(
  run: readonly RoomEvent[],
  bytesMax: number,
  head: number,
): { readonly events: readonly RoomEvent[]; readonly more?: boolean } {
  let bytes = 0;
  let count = 0;
  for (const event of run) {
    bytes += utf8Bytes(JSON.stringify(event));
    if (count > 0 && bytes > bytesMax) break;
    count += 1;
  }
  const events = run.slice(0, count);
  const last = events.at(-1);
  return last === undefined || last.seq === head ? { events } : { events, more: true };
}
