import type { Owners } from "@parley/bus";
import {
  type Cursor,
  type EventRun,
  fnv1a32,
  type Limits,
  type MarkView,
  type MemberView,
  type MessageView,
  type OwnerAnswerBody,
  type OwnerAsk,
  type OwnerOp,
  type Page,
  type PageQuery,
  partitionOf,
  type RoomId,
  type RoomOverview,
  type RoomView,
  utf8Bytes,
  type WireError,
} from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { type Asker, reservedFault, scopeFault } from "./asker.ts";
import { encodeMessagePlace } from "./page-cursor.ts";
import { type RateStatus, RequestLimits } from "./request-limits.ts";
import type { Notifier, SeenCursors } from "./seams.ts";

export type ReadOutcome<Body> = (
  | { readonly ok: true; readonly body: Body }
  | { readonly ok: false; readonly error: WireError }
) & { readonly rate: RateStatus | undefined };

export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface ReadDeskParts {
  readonly owners: Pick<Owners, "ask">;
  readonly partitions: number;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  readonly notifier: Notifier;
  readonly seen: SeenCursors;
}

/** What a room is asked beside who asks and the place that the answer must have reached. */
type RoomQuestion<Op extends OwnerOp> = Omit<OwnerAsk<Op>, "user" | "atLeast"> & { readonly room: RoomId };
type RoomReadOp = "messages" | "message" | "events" | "room" | "members" | "read";

/**
 * The one way in for reads. Every question about a room names the newest place that this node, or the asker, has seen
 * of it, so no answer is older than what somebody here was already shown. Nothing here rejects.
 */
export class ReadDesk {
  readonly #parts: ReadDeskParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: ReadDeskParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /** Items ascend by seq; `nextCursor` goes on the way the page went, from the newest backwards. */
  async messages(asker: Asker, room: RoomId, page: PageQuery): Promise<ReadOutcome<Page<MessageView>>> {
    const limit = Math.min(page.limit, this.#parts.limits.pageItemsMax);
    const outcome = await this.#read({ asker }, "messages", { room, page: { ...page, limit } });
    return mapped(outcome, ({ items, more }) => {
      const nextCursor = more ? nextPlace(page, items) : undefined;
      return nextCursor === undefined ? { items } : { items, nextCursor };
    });
  }

  /** `after`: a place that the answer must have reached, such as that of the asker's own change. */
  async message(
    asker: Asker,
    question: { readonly room: RoomId; readonly seq: number },
    after?: Cursor,
  ): Promise<ReadOutcome<MessageView>> {
    return mapped(await this.#read({ asker, after }, "message", question), ({ message }) => message);
  }

  events(
    asker: Asker,
    room: RoomId,
    run: { readonly after: number; readonly limit: number },
  ): Promise<ReadOutcome<EventRun>> {
    const limit = Math.min(run.limit, this.#parts.limits.catchUpEventsMax);
    return this.#read({ asker }, "events", { room, after: run.after, limit });
  }

  /** `after`: as for `message`. */
  async room(asker: Asker, room: RoomId, after?: Cursor): Promise<ReadOutcome<RoomView>> {
    return mapped(await this.#read({ asker, after }, "room", { room }), ({ view }) => view);
  }

  members(asker: Asker, room: RoomId, page: PageRequest): Promise<ReadOutcome<Page<MemberView>>> {
    return this.#read({ asker }, "members", { room, ...this.#paging(page) });
  }

  /** Moves the asker's mark; their sessions hear of it, and in small rooms everybody does. */
  async markRead(
    asker: Asker,
    room: RoomId,
    seq: number,
  ): Promise<ReadOutcome<{ readonly seq: number; readonly unread: number }>> {
    const outcome = await this.#read({ asker }, "read", { room, seq });
    if (!outcome.ok) return outcome;
    const { memberCount, ...marked } = outcome.body;
    const mark: MarkView = { room, user: asker.identity.userId, ...marked };
    this.#parts.notifier.marks([mark.user], [mark]);
    if (memberCount <= this.#parts.limits.marksRoomMembersMax) this.#parts.notifier.roomMarks(room, mark);
    return { ok: true, body: marked, rate: outcome.rate };
  }

  /** The asker's rooms in the order of the index; all of the page's or an error, never some of them. */
  async overview(asker: Asker, page: PageRequest): Promise<ReadOutcome<Page<RoomOverview>>> {
    const { userId: user } = asker.identity;
    const ask = { user, ...this.#paging(page) };
    const index = await this.#admitted(asker, () => this.#ask(this.#anyFor(user), "roomsOf", ask));
    if (!index.ok) return index;
    const { items: rooms, nextCursor } = index.body;
    const answers = await Promise.all(
      [...this.#byPartition(rooms)].map(([partition, some]) =>
        this.#ask(partition, "overview", { rooms: some, user }),
      ),
    );
    const views = new Map<RoomId, RoomOverview>();
    for (const answer of answers) {
      if (!answer.ok) return { ok: false, error: answer.error, rate: index.rate };
      for (const view of answer.body.items) views.set(view.room, view);
    }
    const items = rooms.map((room) => views.get(room)).filter((view) => view !== undefined);
    return {
      ok: true,
      body: pageWithin(this.#parts.limits.pageBytesMax, items, nextCursor),
      rate: index.rate,
    };
  }

  publicRooms(
    asker: Asker,
    { query, ...page }: PageRequest & { readonly query?: string | undefined },
  ): Promise<ReadOutcome<Page<RoomView>>> {
    const ask = { ...this.#paging(page), ...(query !== undefined && { query }) };
    const partition = this.#anyFor(query ?? "");
    return this.#admitted(asker, () => this.#ask(partition, "publicRooms", ask));
  }

  async #read<Op extends RoomReadOp>(
    { asker, after }: { readonly asker: Asker; readonly after?: Cursor | undefined },
    op: Op,
    question: RoomQuestion<Op>,
  ): Promise<ReadOutcome<OwnerAnswerBody<Op>>> {
    const { room } = question;
    const fault = reservedFault(room);
    if (fault !== undefined) return { ok: false, error: fault, rate: undefined };
    const atLeast = newest(this.#parts.seen.cursor(room), after);
    const ask = {
      ...question,
      user: asker.identity.userId,
      ...(atLeast !== undefined && { atLeast }),
    } as unknown as OwnerAsk<Op>;
    const partition = partitionOf(room, this.#parts.partitions);
    return this.#admitted(asker, () => this.#ask(partition, op, ask));
  }

  async #admitted<Body>(
    asker: Asker,
    ask: () => Promise<{ ok: true; body: Body } | { ok: false; error: WireError }>,
  ): Promise<ReadOutcome<Body>> {
    const fault = scopeFault(asker, "rooms:read");
    if (fault !== undefined) return { ok: false, error: fault, rate: undefined };
    const { status, error } = await this.#requestLimits.read(asker.identity.userId);
    if (error !== undefined) return { ok: false, error, rate: status };
    return { ...(await ask()), rate: status };
  }

  #ask<Op extends OwnerOp>(partition: number, op: Op, ask: OwnerAsk<Op>) {
    const { owners, limits } = this.#parts;
    return owners.ask(partition, { op, ask }, { deadlineMs: limits.commandDeadlineMs });
  }

  /** Questions that any instance answers still go to the same one for the same text, for its caches' sake. */
  #anyFor(text: string): number {
    return fnv1a32(text) % this.#parts.partitions;
  }

  #byPartition(rooms: readonly RoomId[]): ReadonlyMap<number, readonly RoomId[]> {
    return Map.groupBy(rooms, (room) => partitionOf(room, this.#parts.partitions));
  }

  #paging({ cursor, limit }: PageRequest): { readonly cursor?: string; readonly limit: number } {
    const bounded = Math.min(limit, this.#parts.limits.pageItemsMax);
    return cursor === undefined ? { limit: bounded } : { cursor, limit: bounded };
  }
}

/**
 * As many of the items as fit, at least one: their last messages may be long. A page that was cut goes on after its last
 * item, as the index does.
 */
function pageWithin(
  bytesMax: number,
  items: readonly RoomOverview[],
  nextCursor: string | undefined,
): Page<RoomOverview> {
  let bytes = 0;
  const over = items.findIndex((item, index) => {
    bytes += utf8Bytes(JSON.stringify(item));
    return index > 0 && bytes > bytesMax;
  });
  const shown = over === -1 ? items : items.slice(0, over);
  const next = over === -1 ? nextCursor : shown.at(-1)?.room;
  return next === undefined ? { items: shown } : { items: shown, nextCursor: next };
}

/** An `around` page goes on backwards, as a page of the newest does: that is the way to older messages. */
function nextPlace(page: PageQuery, items: readonly MessageView[]): string | undefined {
  const first = items.at(0);
  const last = items.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return encodeMessagePlace(page.after === undefined ? { before: first.seq } : { after: last.seq });
}

function newest(seen: Cursor | undefined, own: Cursor | undefined): Cursor | undefined {
  if (own === undefined) return seen;
  const { epoch, seq } = own;
  if (seen === undefined || epoch > seen.epoch) return { epoch, seq };
  return epoch === seen.epoch && seq > seen.seq ? { epoch, seq } : seen;
}

function mapped<Body, Shown>(outcome: ReadOutcome<Body>, show: (body: Body) => Shown): ReadOutcome<Shown> {
  return outcome.ok ? { ...outcome, body: show(outcome.body) } : outcome;
}
