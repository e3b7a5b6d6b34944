import {
  encodeEntry,
  type Key,
  mustParse,
  parseEntryId,
  parseKey,
  parseRoomId,
  parseUserId,
  type RoomEvent,
  type RoomId,
  type StoredAnswer,
  type UserId,
} from "@parley/protocol";
import type { ArchiveEntry, HistoryStore } from "../port.ts";

let made = 0;

export const ts = "2026-01-01T00:00:00.000Z";
export const keyOf = (text: string): Key => mustParse(parseKey, text);

/** A room with ids of its own, in a partition of its own, whose entries a test writes by hand. */
export class SmallRoom {
  readonly room: RoomId;
  readonly ann: UserId;
  readonly bob: UserId;
  readonly partition: number;
  readonly #store: HistoryStore;
  #position = 0;

  constructor(store: HistoryStore) {
    made += 1;
    this.#store = store;
    this.partition = 1_000_000 + made;
    this.room = mustParse(parseRoomId, `small_${made}`);
    this.ann = mustParse(parseUserId, `ann_${made}`);
    this.bob = mustParse(parseUserId, `bob_${made}`);
  }

  get position(): number {
    return this.#position;
  }

  entry(events: readonly RoomEvent[], answers: readonly StoredAnswer[] = [], keyTimeMaxMs = 0): ArchiveEntry {
    this.#position += 1;
    const { header } = encodeEntry({
      id: mustParse(parseEntryId, `e_${this.partition}_${this.#position}`),
      room: this.room,
      epoch: 1,
      after: (events[0]?.seq ?? 1) - 1,
      events,
      answers,
      keyTimeMaxMs,
      traceparent: undefined,
    });
    return { position: this.#position, header, events, deadLetter: undefined };
  }

  async apply(entries: readonly ArchiveEntry[], epoch = 1): Promise<void> {
    await this.#store.apply({ partition: this.partition, epoch, entries });
  }

  /** Applies the events as one entry. */
  async write(...events: readonly RoomEvent[]): Promise<void> {
    await this.apply([this.entry(events)]);
  }

  message(seq: number, text = `message ${seq}`): RoomEvent {
    return { kind: "message.created", seq, n: seq, ts, author: this.ann, key: keyOf(`k_${seq}`), text };
  }

  created(name: string, roomKind: "public" | "group" = "public"): RoomEvent {
    const settings = { slowModeMs: 0, archived: false, history: "all" as const };
    const members = [{ user: this.ann, role: "owner" as const }];
    const counts = { memberCount: 1, ownerCount: 1 };
    return {
      kind: "room.created",
      seq: 1,
      n: 0,
      ts,
      author: this.ann,
      roomKind,
      name,
      settings,
      members,
      ...counts,
    };
  }
}
