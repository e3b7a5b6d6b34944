import type {
  Command,
  Entry,
  MemberRecord,
  MessageRecord,
  RoomEvent,
  RoomId,
  RoomRecord,
  StoredAnswer,
  UserId,
} from "@parley/protocol";
import { evolve, foldMember, foldMessage, foldReaction } from "@parley/rooms";
import type { BaseFacts } from "../domain/batch.ts";
import { FactCache } from "../domain/fact-cache.ts";
import { messageOf, reactionName, usersOf } from "../domain/facts.ts";
import type { LoadedRoom } from "../domain/load.ts";
import { type MessageWindow, slide } from "../domain/message-window.ts";
import { heldBytes, type Tail, type TailRetention } from "../domain/tail.ts";

/** How much of one room stays in memory beyond what is not archived. */
export const roomRetention: TailRetention = { entriesMax: 256, bytesMax: 256 * 1024 };
const nothingStays: TailRetention = { entriesMax: 0, bytesMax: 0 };
const membersMax = 2_048;
const messagesMax = 512;
const reactionsMax = 512;
const lastSentMax = 2_048;
/** Messages from which unread ones are counted: enough for a full count among deleted ones, mostly. */
export const windowMax = 300;

/**
 * A room as one owner knows it: only what the log has confirmed.
 *
 * `dropped`: another owner has written, or the outcome of a write is not known; whoever holds this image must stop
 * using it and load the room anew.
 */
export class RoomImage implements BaseFacts {
  readonly room: RoomId;
  readonly epoch: number;
  readonly tail: Tail;
  readonly members = new FactCache<UserId, MemberRecord>(membersMax);
  readonly messages = new FactCache<number, MessageRecord>(messagesMax);
  readonly reactions = new FactCache<string, boolean>(reactionsMax);
  readonly #lastSentMs = new Map<UserId, number>();
  #record: RoomRecord;
  #position: number;
  #keyTimeMaxMs: number;
  #window: MessageWindow | undefined;
  #newestMessageSeq: number | undefined;
  #reading = 0;
  /** Questions to the archive that are under way. */
  readonly #asked = new Map<string, Promise<unknown>>();
  #archivedPosition = 0;
  dropped = false;

  constructor(loaded: LoadedRoom) {
    this.room = loaded.record.room;
    this.epoch = loaded.epoch;
    this.tail = loaded.tail;
    this.#record = loaded.record;
    this.#position = loaded.position;
    this.#keyTimeMaxMs = loaded.keyTimeMaxMs;
    for (const event of this.tail.events()) this.#noteSent(event);
  }

  get record(): RoomRecord {
    return this.#record;
  }
  get position(): number {
    return this.#position;
  }
  get keyTimeMaxMs(): number {
    return this.#keyTimeMaxMs;
  }
  get window(): MessageWindow | undefined {
    return this.#window;
  }

  member(user: UserId): MemberRecord | undefined {
    return this.members.get(user);
  }
  message(seq: number): MessageRecord | undefined {
    return this.messages.get(seq);
  }
  reacted(seq: number, emoji: string, user: UserId): boolean {
    return this.reactions.get(reactionName(seq, emoji, user)) ?? false;
  }
  lastSentMs(user: UserId): number | undefined {
    return this.#lastSentMs.get(user);
  }
  answer(command: Command): StoredAnswer | undefined {
    return this.tail.answer(command.author, command.key);
  }

  /** Seq of the room's newest message: known once one was seen here. */
  get newestMessageSeq(): number | undefined {
    return this.#newestMessageSeq;
  }

  setWindow(window: MessageWindow): void {
    this.#window = window;
    this.#newestMessageSeq = window.messages.at(-1)?.seq ?? this.#newestMessageSeq;
  }

  /** Takes a confirmed entry of this owner. */
  apply(entry: Entry, events: readonly RoomEvent[], position: number): void {
    const { first, last, answers, keyTimeMaxMs } = entry.header;
    for (const event of events) this.#applyEvent(event);
    this.tail.append({ position, first, last, bytes: heldBytes(entry), events, answers, keyTimeMaxMs });
    this.#position = position;
    this.#keyTimeMaxMs = Math.max(this.#keyTimeMaxMs, keyTimeMaxMs);
    this.#trim();
  }

  #applyEvent(event: RoomEvent): void {
    this.#record = evolve(this.#record, event);
    for (const user of usersOf(event)) this.members.update(user, (member) => foldMember(user, member, event));
    const seq = messageOf(event);
    if (seq !== undefined) this.messages.update(seq, (message) => foldMessage(seq, message, event));
    if (event.kind === "reaction.added" || event.kind === "reaction.removed") {
      const { author, target, emoji } = event;
      this.reactions.update(reactionName(target, emoji, author), (reacted) =>
        foldReaction(reacted ?? false, { author, seq: target, emoji }, event),
      );
    }
    if (this.#window !== undefined) this.#window = slide(this.#window, event, windowMax);
    this.#noteSent(event);
  }

  #noteSent(event: RoomEvent): void {
    if (event.kind !== "message.created") return;
    this.#newestMessageSeq = event.seq;
    this.#lastSentMs.delete(event.author);
    this.#lastSentMs.set(event.author, Date.parse(event.ts));
    if (this.#lastSentMs.size > lastSentMax) {
      for (const oldest of this.#lastSentMs.keys()) {
        this.#lastSentMs.delete(oldest);
        break;
      }
    }
  }

  /** The log reader has archived the partition up to `position`. */
  archivedUpTo(position: number): void {
    this.#archivedPosition = Math.max(this.#archivedPosition, position);
    this.#trim();
  }

  /**
   * Reads the archive while nothing leaves the tail: what the archive does not have yet when it is read is still here
   * when the answer comes.
   */
  async withArchive<Value>(read: () => Promise<Value>): Promise<Value> {
    this.#reading += 1;
    try {
      return await read();
    } finally {
      this.#reading -= 1;
      this.#trim();
    }
  }

  /**
   * Single flight: those who ask the archive the same while it is being asked get one answer. Only inside `withArchive`:
   * since the question went out nothing has left the tail, so what a late joiner's answer lacks is still there.
   */
  async shared<Value>(question: string, read: () => Promise<Value>): Promise<Value> {
    if (this.#reading === 0) throw new Error(`${question} is shared outside of withArchive`);
    const asked = this.#asked.get(question) as Promise<Value> | undefined;
    if (asked !== undefined) return asked;
    const asking = read().finally(() => this.#asked.delete(question));
    this.#asked.set(question, asking);
    return asking;
  }

  /** `before`, which the tail held a moment ago, with what came since: together with the archive read between, no hole. */
  tailSince(before: readonly RoomEvent[]): readonly RoomEvent[] {
    const seen = before.at(-1)?.seq ?? 0;
    const newer = Array.from(this.tail.events()).filter(({ seq }) => seq > seen);
    return newer.length === 0 ? before : [...before, ...newer];
  }

  /** Forgets all that is archived, also what would stay for a while. */
  shrink(): void {
    this.#trim(nothingStays);
  }

  #trim(keep = roomRetention): void {
    if (this.#reading === 0) this.tail.trim(this.#archivedPosition, keep);
  }
}
