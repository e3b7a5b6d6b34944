import { type Cursor, type Limits, type RoomEvent, type RoomId, type ServerPayloads } from "@parley/protocol";
import { ClientClosedError } from "./client-errors.ts";
import type { Cursors } from "./cursors.ts";
import type { Emitter } from "./emitter.ts";
import type { JoinQueue } from "./join-queue.ts";
import { type Room } from "./room.ts";
import { type FeedContext, RoomFeed } from "./room-feed.ts";

export interface RoomsOptions {
  readonly feedContext: Omit<FeedContext, "saveCursor" | "rejoin">;
  readonly queue: JoinQueue;
  readonly cursors: Cursors;
  readonly makeRoom: (feed: RoomFeed, rooms: Rooms) => Room;
  readonly onEvent: (room: RoomId, event: RoomEvent) => void;
}

interface OpenRoom {
  readonly room: Room;
  readonly feed: RoomFeed;
}

/** The rooms of a client: hands each what arrives for it, and joins the wanted ones on every connection. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<RoomId, OpenRoom>();
  readonly #wanted = new Set<RoomFeed>();
  #closed = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get(id: RoomId): Room {
    return (this.#rooms.get(id) ?? this.#open(id)).room;
  }

  lastSeqs(): Record<RoomId, number> {
    const seqs: Record<RoomId, number> = {};
    for (const feed of this.#wanted) seqs[feed.room] = feed.cursor?.seq ?? 0;
    return seqs;
  }

  /** Subscribes to what a server sends of rooms. */
  listenTo(server: Emitter<ServerPayloads>): void {
    server.on("events", (payload) => this.#feedOf(payload.room)?.received(payload));
    server.on("head", (payload) => this.#feedOf(payload.room)?.headTold(payload));
    server.on("resync", ({ room, reason }) => this.#feedOf(room)?.resync(reason));
    // The notice does not say at which seq its state holds; the answer to a join does.
    server.on("typing", ({ room, user, on }) => this.#rooms.get(room)?.room.typingHeard(user, on));
  }

  up(limits: Limits): void {
    const feeds = [...this.#wanted];
    for (const feed of feeds) feed.joining();
    this.#options.queue.up(limits, feeds);
  }

  down(): void {
    this.#options.queue.down();
    for (const feed of this.#wanted) feed.joining();
  }

  /** `from` as `Room.join` says. Throws `ClientClosedError`. */
  want(feed: RoomFeed, from: Cursor | "head" | undefined): void {
    if (this.#closed) throw new ClientClosedError();
    if (from !== undefined) feed.startFrom(from === "head" ? undefined : from);
    else if (feed.cursor === undefined) feed.startFrom(this.#options.cursors.get(feed.room));
    this.#wanted.add(feed);
    this.#options.queue.add(feed);
  }

  unwant(feed: RoomFeed): void {
    this.#wanted.delete(feed);
    this.#options.queue.forget(feed);
    feed.close();
  }

  close(): void {
    this.#closed = true;
    this.#options.queue.down();
    for (const feed of this.#wanted) feed.close();
    this.#wanted.clear();
  }

  #feedOf(id: RoomId): RoomFeed | undefined {
    const feed = this.#rooms.get(id)?.feed;
    return feed !== undefined && this.#wanted.has(feed) ? feed : undefined;
  }

  #open(id: RoomId): OpenRoom {
    const { feedContext, queue, cursors, makeRoom, onEvent } = this.#options;
    const feed = new RoomFeed(id, {
      ...feedContext,
      saveCursor: (room, cursor) => {
        cursors.set(room, cursor);
      },
      rejoin: (again) => {
        queue.putOff(again);
      },
    });
    const open = { feed, room: makeRoom(feed, this) };
    this.#rooms.set(id, open);
    feed.events.on("event", (event) => {
      onEvent(id, event);
    });
    feed.events.on("state", ({ kind }) => {
      if (kind === "refused") this.#wanted.delete(feed);
    });
    return open;
  }
}
