import {
  type Client,
  CancelledError,
  ClientClosedError,
  createClient,
  type Submission,
} from "@parley/client";
import { type Action, isFinal, ParleyError, type RoomEvent, type RoomId } from "@parley/protocol";
import type { HistoryRecorder } from "@parley/testing";
import type { Person } from "./world.ts";

/** Short pauses: a test has many reconnects and no crowd that has to be spread. */
const limits = { backOffBaseMs: 50, backOffMaxMs: 500, connectMs: 5_000, requestMs: 5_000 };

export interface DeviceOptions {
  readonly name: string;
  readonly url: string;
  readonly person: Person;
  readonly recorder: HistoryRecorder;
  readonly faults?: { readonly skipRepair?: boolean };
}

/** A change of a room through the SDK; `key` and `room` are added on the way. */
export type Change = Extract<Action, { readonly kind: "send" | "edit" | "delete" | "react" | "unreact" }>;

interface Awaited {
  readonly room: RoomId;
  readonly seq: number;
  readonly done: () => void;
}

/** One device of a user: an SDK client that takes down what it asks, gets, applies and shows. */
export class Device implements AsyncDisposable {
  readonly name: string;
  readonly person: Person;
  readonly client: Client;
  readonly #recorder: HistoryRecorder;
  readonly #applied = new Map<RoomId, number>();
  readonly #awaited = new Set<Awaited>();
  /** The newest mark of each room that was taken down: what did not change since says nothing. */
  readonly #marks = new Map<RoomId, number>();
  /** Acknowledgements of what an earlier try had done already. */
  replayed = 0;
  readonly #messages = new Map<RoomId, { readonly seq: number; readonly own: boolean }[]>();

  constructor({ name, url, person, recorder, faults = {} }: DeviceOptions) {
    this.name = name;
    this.person = person;
    this.#recorder = recorder;
    this.client = createClient({ url, getToken: () => Promise.resolve(person.token), limits, faults });
    this.client.unread.events.on("change", (rooms) => {
      for (const { room, mark } of rooms.values()) {
        if (this.#marks.get(room) !== mark) this.#marked({ room, mark, unread: undefined, head: undefined });
      }
    });
  }

  /** Connects, receives `rooms` from their first event on, and from then on sees its marks move. */
  async open(rooms: readonly RoomId[]): Promise<void> {
    for (const room of rooms) this.#follow(room);
    await this.client.connect();
    await Promise.all(rooms.map((room) => this.client.room(room).join({ epoch: 1, seq: 0 })));
    await this.client.unread.refresh();
  }

  /** The newest messages of a room that this device knows. */
  messages(room: RoomId): readonly { readonly seq: number; readonly own: boolean }[] {
    return this.#messages.get(room) ?? [];
  }

  /** Resolves when the change has its final answer, however often the SDK had to ask. Says whether it was accepted. */
  async change(room: RoomId, change: Change): Promise<boolean> {
    const submission = this.#submit(room, change);
    if (submission === undefined) return false;
    const asked = { room, author: this.person.userId, key: submission.key };
    this.#recorder.invoked({ ...asked, action: change, session: this.name });
    try {
      const answer = await submission.acked;
      if ("replayed" in answer && answer.replayed) this.replayed += 1;
      this.#recorder.acknowledged(asked, answer.seq);
      return true;
    } catch (error) {
      if (error instanceof ClientClosedError || error instanceof CancelledError) return false;
      if (!(error instanceof ParleyError) || !isFinal(error.code)) throw error;
      this.#recorder.refused(asked, error.code);
      return false;
    }
  }

  /** Resolves when the device has applied everything up to `seq`. */
  reaches(room: RoomId, seq: number): Promise<void> {
    if ((this.#applied.get(room) ?? 0) >= seq) return Promise.resolve();
    return new Promise((done) => {
      this.#awaited.add({ room, seq, done });
    });
  }

  at(room: RoomId): number {
    return this.#applied.get(room) ?? 0;
  }

  /** Asks for the unread counts anew and takes them down as those that hold at these heads. */
  async recordUnread(heads: ReadonlyMap<RoomId, number>): Promise<void> {
    await this.client.unread.refresh();
    for (const [room, head] of heads) {
      const seen = this.client.unread.rooms.get(room);
      if (seen === undefined) throw new Error(`${this.name} does not list ${room}`);
      this.#marked({ room, mark: seen.mark, unread: seen.unread, head });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }

  /** `undefined` when the client is closed: the test is over, or has failed elsewhere. */
  #submit(id: RoomId, { kind, ...fields }: Change): Submission | undefined {
    try {
      const room = this.client.room(id);
      return room[kind](fields);
    } catch (error) {
      if (error instanceof ClientClosedError) return undefined;
      throw error;
    }
  }

  #follow(id: RoomId): void {
    const room = this.client.room(id);
    const of = { room: id, user: this.person.userId, device: this.name };
    this.#recorder.applied(of, { kind: "start", epoch: 1, seq: 0 });
    room.on("event", (event) => {
      this.#recorder.applied(of, { kind: "event", epoch: room.cursor?.epoch ?? 1, event });
      this.#noticed(id, event);
    });
    room.on("reset", ({ cursor }) => {
      this.#recorder.applied(of, { kind: "start", ...cursor });
      this.#reached(id, cursor.seq);
    });
  }

  #noticed(room: RoomId, event: RoomEvent): void {
    if (event.kind === "message.created") {
      const known = this.#messages.get(room) ?? [];
      known.push({ seq: event.seq, own: event.author === this.person.userId });
      this.#messages.set(room, known.slice(-50));
    }
    this.#reached(room, event.seq);
  }

  #reached(room: RoomId, seq: number): void {
    this.#applied.set(room, seq);
    for (const awaited of this.#awaited) {
      if (awaited.room !== room || awaited.seq > seq) continue;
      this.#awaited.delete(awaited);
      awaited.done();
    }
  }

  #marked(seen: {
    readonly room: RoomId;
    readonly mark: number;
    readonly unread: number | undefined;
    readonly head: number | undefined;
  }): void {
    this.#marks.set(seen.room, seen.mark);
    this.#recorder.marked({ ...seen, user: this.person.userId, device: this.name });
  }
}
