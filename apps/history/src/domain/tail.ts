import type { Entry, Key, RoomEvent, StoredAnswer, UserId } from "@parley/protocol";

/** One entry of a room as its owner remembers it. */
export interface TailEntry {
  readonly position: number;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly events: readonly RoomEvent[];
  readonly answers: readonly StoredAnswer[];
  readonly keyTimeMaxMs: number;
}

/** Beyond what is not archived, the newest entries stay for a while: late keys and short catch-ups find them here. */
export interface TailRetention {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** What one answer takes in memory, about. */
const answerBytes = 200;

/** What an entry takes in memory, about: one of refusals alone has no payload. */
export const heldBytes = ({ header, payload }: Entry): number =>
  payload.length + header.answers.length * answerBytes;

const keyOf = (author: UserId, key: Key): string => `${author} ${key}`;

/**
 * A room's newest entries, dense and without a hole from `firstSeq` to the head, with the answer to every key in them.
 *
 * `keyFloorMs` is the largest time inside any UUIDv7 key answered before the oldest entry held: a later key that is not
 * here was never answered.
 */
export class Tail {
  #entries: TailEntry[] = [];
  readonly #answers = new Map<string, StoredAnswer>();
  #keyFloorMs: number;
  #firstSeq: number;
  #bytes = 0;
  #forgottenTo = 0;

  constructor(start: { readonly firstSeq: number; readonly keyFloorMs: number }) {
    this.#firstSeq = start.firstSeq;
    this.#keyFloorMs = start.keyFloorMs;
  }

  get entries(): readonly TailEntry[] {
    return this.#entries;
  }
  /** Seq of the oldest event held; head + 1 when none is. Every older event is archived. */
  get firstSeq(): number {
    return this.#firstSeq;
  }
  get keyFloorMs(): number {
    return this.#keyFloorMs;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** Position of the newest entry that it has held and holds no more; 0 for none. */
  get forgottenTo(): number {
    return this.#forgottenTo;
  }

  append(entry: TailEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    for (const answer of entry.answers) {
      const name = keyOf(answer.author, answer.key);
      // The first answer to a key is the answer, should a log ever hold two.
      if (!this.#answers.has(name)) this.#answers.set(name, answer);
    }
  }

  answer(author: UserId, key: Key): StoredAnswer | undefined {
    return this.#answers.get(keyOf(author, key));
  }

  event(seq: number): RoomEvent | undefined {
    const entry = this.#entries.find((candidate) => candidate.first <= seq && seq <= candidate.last);
    return entry?.events[seq - entry.first];
  }

  *events(): Generator<RoomEvent> {
    for (const entry of this.#entries) yield* entry.events;
  }

  /** Seq of the newest message here that `author` sent, 0 for none: sending moves one's own read mark. */
  newestMessageBy(author: UserId): number {
    for (const entry of this.#entries.toReversed()) {
      const message = entry.events.findLast(
        (event) => event.kind === "message.created" && event.author === author,
      );
      if (message !== undefined) return message.seq;
    }
    return 0;
  }

  /** The events above `after`, or `undefined` when the oldest of them are no longer here. */
  run(after: number, limit: number): readonly RoomEvent[] | undefined {
    if (after + 1 < this.#firstSeq) return undefined;
    const run: RoomEvent[] = [];
    if (limit <= 0) return run;
    for (const entry of this.#entries) {
      if (entry.last <= after) continue;
      for (const event of entry.events) {
        if (event.seq > after) run.push(event);
        if (run.length === limit) return run;
      }
    }
    return run;
  }

  /** Forgets entries at or below `archivedPosition`, oldest first, down to what `keep` lets stay. Returns freed bytes. */
  trim(archivedPosition: number, keep: TailRetention): number {
    let dropped = 0;
    let freed = 0;
    for (const entry of this.#entries) {
      const over = this.#entries.length - dropped > keep.entriesMax || this.#bytes - freed > keep.bytesMax;
      if (!over || entry.position > archivedPosition) break;
      dropped += 1;
      freed += entry.bytes;
      this.#forget(entry);
    }
    if (dropped > 0) this.#entries = this.#entries.slice(dropped);
    this.#bytes -= freed;
    return freed;
  }

  #forget(entry: TailEntry): void {
    for (const answer of entry.answers) this.#answers.delete(keyOf(answer.author, answer.key));
    this.#keyFloorMs = Math.max(this.#keyFloorMs, entry.keyTimeMaxMs);
    this.#firstSeq = Math.max(this.#firstSeq, entry.last + 1);
    this.#forgottenTo = entry.position;
  }
}
