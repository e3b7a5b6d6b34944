import type { LiveEntry, Owners } from "@parley/bus";
import {
  encodeEntry,
  type JoinedRoom,
  mustParse,
  type OwnerAnswer,
  type OwnerOp,
  type OwnerRequest,
  parseEntryId,
  parseRoomId,
  parseSessionId,
  parseUserId,
  type Pulse,
  type RoomEvent,
  type ServerEventName,
  type UserId,
  wireError,
} from "@parley/protocol";
import type { Listener } from "../listener.ts";

export const room = mustParse(parseRoomId, "lobby");
export const ann = mustParse(parseUserId, "ann");
export const bob = mustParse(parseUserId, "bob");
const ts = "2026-11-22T00:00:00.000Z";

export const message = (seq: number): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts,
  author: ann,
  text: "hi",
});
const banned = (seq: number, user: UserId): RoomEvent => ({
  kind: "member.banned",
  seq,
  n: 0,
  ts,
  author: ann,
  user,
  memberCount: 1,
  ownerCount: 1,
});

/** One session that writes down what it gets: `events` as the seqs they hold, all else by name. */
export class FakeListener implements Listener {
  readonly got: (number | string)[] = [];
  readonly sessionId;
  readonly userId: UserId;
  open = true;
  lagging = false;

  constructor(userId: UserId) {
    this.userId = userId;
    this.sessionId = mustParse(parseSessionId, `session-${userId}`);
  }

  writeFrame(frame: Uint8Array): boolean {
    if (this.lagging) return false;
    const text = Buffer.from(frame).toString();
    const { events } = JSON.parse(text.slice(text.indexOf("{"), -1)) as { events: RoomEvent[] };
    this.got.push(...events.map(({ seq }) => seq));
    return true;
  }

  emit(name: ServerEventName, payload: unknown): void {
    const { seq, n } = payload as { readonly seq?: number; readonly n?: number };
    this.got.push(name === "head" ? `head ${seq} n ${n}` : name);
  }

  unseated(): void {
    this.got.push("unseated");
  }
}

/** A room's log, its owner and the feed from it, all in the hands of a test. */
export class ScriptedRoom {
  readonly log: RoomEvent[] = [];
  readonly asked: OwnerOp[] = [];
  readonly members = new Set<UserId>([ann, bob]);
  epoch = 1;
  ownerAway = false;
  /** Answers of the owner are computed at once and handed out when this resolves. */
  answers: Promise<void> = Promise.resolve();
  #feed: ((entry: LiveEntry) => void) | undefined;
  #pulse: ((pulse: Pulse) => void) | undefined;
  #pulses = 0;

  readonly owners: Pick<Owners, "ask"> = {
    ask: async (_, request) => {
      this.asked.push(request.op);
      const answer = this.#answer(request as OwnerRequest);
      await this.answers;
      return answer;
    },
  };

  readonly liveFeed = {
    subscribe: async (_: unknown, handler: (entry: LiveEntry) => void) => {
      this.#feed = handler;
      return { [Symbol.asyncDispose]: async () => undefined };
    },
    subscribePulses: async (_: unknown, handler: (pulse: Pulse) => void) => {
      this.#pulse = handler;
      return { [Symbol.asyncDispose]: async () => undefined };
    },
  };

  get head(): number {
    return this.log.length;
  }

  /** Stores one entry; on its way to the gateway unless `lost`. */
  append(events: readonly RoomEvent[], { lost = false } = {}): LiveEntry {
    const after = this.head;
    this.log.push(...events);
    const id = mustParse(parseEntryId, `entry-${after}`);
    const { epoch } = this;
    const fields = { id, room, epoch, after, events, answers: [], keyTimeMaxMs: 0, traceparent: undefined };
    const entry = encodeEntry(fields);
    if (!lost) this.#feed?.(entry);
    return entry;
  }

  say(count = 1, options: { readonly lost?: boolean } = {}): void {
    for (let index = 0; index < count; index += 1) this.append([message(this.head + 1)], options);
  }

  ban(user: UserId, options: { readonly lost?: boolean } = {}): void {
    this.members.delete(user);
    this.append([banned(this.head + 1, user)], options);
  }

  deliver(entry: LiveEntry): void {
    this.#feed?.(entry);
  }

  pulse(): void {
    this.#pulses += 1;
    const heads = [{ room, epoch: this.epoch, seq: this.head, n: 0 }];
    this.#pulse?.({
      partition: 0,
      instance: "one",
      number: this.#pulses,
      epoch: 1,
      position: this.head,
      heads,
    });
  }

  #answer(request: OwnerRequest): OwnerAnswer<OwnerOp> {
    if (this.ownerAway) return { ok: false, error: wireError("unavailable") };
    if (request.op === "join") return { ok: true, body: this.#join(request.ask) };
    if (request.op === "run") {
      const { after, limit } = request.ask;
      const events = this.log.slice(after, after + limit);
      return { ok: true, body: { epoch: this.epoch, first: after + 1, events, head: this.head } };
    }
    return { ok: true, body: { position: this.head, heads: [], complete: true } };
  }

  #join({
    user,
    cursor,
    bytesMax,
  }: OwnerRequest["ask"] & { user: UserId; bytesMax: number; cursor?: { seq: number } }): JoinedRoom {
    if (!this.members.has(user)) return { room, ok: false, error: wireError("not_member") };
    const { epoch, head } = this;
    const base = { room, ok: true, epoch, head, n: head, mark: 0, role: "member" } as const;
    if (cursor === undefined) return base;
    const run = this.log.slice(cursor.seq);
    const events = run.slice(0, bytesMax);
    return events.length < run.length ? { ...base, events, more: true } : { ...base, events };
  }
}
