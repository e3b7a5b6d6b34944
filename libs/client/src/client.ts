import {
  type AckBodies,
  type ClientPayload,
  type Hello,
  mustParse,
  type Notice,
  parseRoomId,
  type ServerPayloads,
  type UserId,
} from "@parley/protocol";
import { ClientClosedError, StoppedError } from "./client-errors.ts";
import { type Clock, pause } from "./clock.ts";
import type { Cursors } from "./cursors.ts";
import { Emitter } from "./emitter.ts";
import type { CommandInput, Outbox, SubmitOptions } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import type { ReadMarks } from "./read-marks.ts";
import { ask, type PatientOptions } from "./request.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Session, SessionState } from "./session.ts";
import type { ClientStats, Counters } from "./stats.ts";
import type { ClientStorage } from "./storage.ts";
import type { StorageOwner } from "./storage-owner.ts";
import type { Stream } from "./stream.ts";
import type { Submission } from "./submission.ts";
import type { Unread } from "./unread.ts";

export interface ClientEvents {
  readonly state: SessionState;
  readonly notice: Notice;
  /** Read marks: those of one's own other devices and, in small rooms, of everybody. */
  readonly marks: ServerPayloads["marks"];
}

/** What a client is made of; `createClient` makes and joins the parts. */
export interface ClientParts {
  readonly session: Session;
  readonly rooms: Rooms;
  readonly outbox: Outbox;
  readonly presence: Presence;
  readonly unread: Unread;
  readonly readMarks: ReadMarks;
  readonly cursors: Cursors;
  readonly storage: ClientStorage;
  readonly owner: StorageOwner;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly patient: PatientOptions;
  /** Aborted when the client is closed. */
  readonly closing: AbortController;
  readonly streamItemsMax: number;
}

/** One user's connection to a server, over all its reconnects. */
export class Client implements AsyncDisposable {
  readonly #parts: ClientParts;
  readonly #events = new Emitter<ClientEvents>();
  #hello: Hello | undefined;
  #loaded: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const { session } = parts;
    session.events.on("up", (hello) => {
      this.#hello = hello;
      this.#up(hello);
    });
    session.events.on("down", () => {
      this.#down();
    });
    session.events.on("state", (state) => {
      this.#events.emit("state", state);
    });
    this.#listen();
  }

  /** How the client is connected, and why. */
  get state(): SessionState {
    return this.#parts.session.state;
  }

  /** What the server said when the newest socket came up; `undefined` before the first did. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** Whom the token is of; `undefined` before the first connection. */
  get userId(): UserId | undefined {
    return this.#hello?.userId;
  }

  /** Commands that wait for their answers. */
  get outbox(): Pick<Outbox, "pending" | "size" | "events"> {
    return this.#parts.outbox;
  }

  get presence(): Presence {
    return this.#parts.presence;
  }

  /** My rooms and what is unread in them. */
  get unread(): Unread {
    return this.#parts.unread;
  }

  readonly on: Emitter<ClientEvents>["on"] = (name, listener) => this.#events.on(name, listener);

  /** What `name` emits from now on. A reader who falls too far behind gets a `StreamOverflowError`. */
  stream<Name extends keyof ClientEvents>(name: Name): Stream<ClientEvents[Name]> {
    return this.#events.stream(name, this.#parts.streamItemsMax);
  }

  /**
   * Connects, or retries at once instead of waiting: for a page that is online again. Resolves when online.
   * Rejects with `StoppedError`, `ClientClosedError`, or as the storage does.
   */
  async connect(): Promise<void> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    await this.#loaded;
    if (this.#closed !== undefined) throw new ClientClosedError();
    const { session } = this.#parts;
    session.connect();
    await new Promise<void>((resolve, reject) => {
      const check = (state: SessionState) => {
        if (state.kind === "online" || state.kind === "draining") resolve();
        else if (state.kind === "stopped") reject(new StoppedError(state.reason));
        else if (state.kind === "offline") reject(new ClientClosedError());
        else return;
        unsubscribe();
      };
      const unsubscribe = session.events.on("state", check);
      check(session.state);
    });
  }

  /** The room with this id; the same object each time. Throws `TypeError` when `id` is no id. */
  room(id: string): Room {
    return this.#parts.rooms.get(mustParse(parseRoomId, id));
  }

  /** Creates a room; its id comes with the answer. */
  createRoom(input: CommandInput<"create">, options?: SubmitOptions): Submission<"create"> {
    return this.#parts.outbox.submit("create", input, options);
  }

  /** A page of my rooms, most wanted for bots; pages use `unread`. Rejects with `ParleyError`. */
  listRooms(query: ClientPayload<"rooms"> = {}): Promise<AckBodies["rooms"]> {
    const { session, patient } = this.#parts;
    return ask([session.request, "rooms", query], patient);
  }

  /** This moment's figures. */
  stats(): ClientStats {
    const { counters, outbox, rooms } = this.#parts;
    const reconnects = Math.max(0, counters.connects - 1);
    return { ...counters, reconnects, outboxItems: outbox.size, lastSeq: rooms.lastSeqs() };
  }

  /** Waits until every command is answered, at most `timeoutMs`. Resolves whether they all were. */
  async flush({ timeoutMs }: { readonly timeoutMs: number }): Promise<boolean> {
    const { outbox, readMarks, cursors, clock } = this.#parts;
    const given = new AbortController();
    // Cursors that cannot be written only make the next client's catch-up longer.
    const stored = cursors.flush().catch(() => undefined);
    await Promise.race([
      Promise.all([outbox.empty(), readMarks.flush(), stored]),
      pause(clock, timeoutMs, given.signal),
    ]);
    given.abort();
    return outbox.size === 0;
  }

  /**
   * Ends everything the client holds. Cursors are written and waiting read marks sent; commands are not waited for
   * (`flush` does that): those in a lasting storage are submitted again by the next client on it.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #load(): Promise<void> {
    const { owner, cursors, outbox } = this.#parts;
    await owner.load();
    await cursors.load();
    await outbox.load();
  }

  #up(hello: Hello): void {
    const { rooms, outbox, presence, unread, readMarks } = this.#parts;
    // Joins first: on the wire they go before the commands that waited.
    rooms.up(hello.limits);
    outbox.up(hello.limits.sessionCommandsMax);
    presence.up(hello.limits);
    unread.up();
    void readMarks.flush();
  }

  #down(): void {
    const { rooms, outbox, unread } = this.#parts;
    rooms.down();
    outbox.down();
    unread.down();
  }

  #listen(): void {
    const { session, rooms, presence, unread } = this.#parts;
    rooms.listenTo(session.server);
    session.server.on("presence", (views) => {
      presence.received(views);
    });
    session.server.on("notice", (notice) => {
      unread.noticed(notice);
      this.#events.emit("notice", notice);
    });
    session.server.on("marks", (payload) => {
      for (const mark of payload.marks) if (mark.user === this.userId) unread.marked(mark.room, mark);
      this.#events.emit("marks", payload);
    });
  }

  async #close(): Promise<void> {
    const { closing, readMarks, session, rooms, outbox, cursors, storage } = this.#parts;
    closing.abort();
    void readMarks.close();
    outbox.close();
    rooms.close();
    session.close();
    await this.#loaded?.catch(() => undefined);
    await outbox.stored();
    try {
      await cursors.flush();
    } finally {
      await storage.close();
    }
  }
}
