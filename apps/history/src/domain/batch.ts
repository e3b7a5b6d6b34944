import {
  type Command,
  type ErrorCode,
  isFinal,
  type Limits,
  type MemberRecord,
  type MessageRecord,
  removedBy,
  type RoomEvent,
  type RoomRecord,
  type StoredAnswer,
  type UserId,
  utf8Bytes,
  uuidV7TimeMs,
  type WireError,
  wireError,
} from "@parley/protocol";
import {
  decide,
  evolve,
  factNeeds,
  foldMember,
  foldMessage,
  foldReaction,
  keyVerdict,
  storedVerdict,
} from "@parley/rooms";

/** Facts as of the room's head, before the batch. */
export interface BaseFacts {
  member(user: UserId): MemberRecord | undefined;
  message(seq: number): MessageRecord | undefined;
  reacted(seq: number, emoji: string, user: UserId): boolean;
  lastSentMs(user: UserId): number | undefined;
}

/** A command whose facts are at hand. */
export interface ReadyCommand {
  readonly command: Command;
  readonly digest: string;
  /** The key's answer, when the archive was asked and had one. */
  readonly archivedAnswer: StoredAnswer | undefined;
  /** Whether the archive was asked, so that a key it did not know is new. */
  readonly lookedUp: boolean;
}

export interface BatchInput {
  readonly room: RoomRecord;
  readonly keyTimeMaxMs: number;
  readonly keyFloorMs: number;
  readonly base: BaseFacts;
  readonly answer: (command: Command) => StoredAnswer | undefined;
  readonly nowMs: number;
  readonly limits: Limits;
}

/** What became of one command. `stored`: the answer holds once the entry is confirmed; the others hold at once. */
export type Verdict =
  | {
      readonly kind: "stored";
      readonly answer: StoredAnswer;
      readonly event: RoomEvent | undefined;
      readonly error: WireError | undefined;
    }
  | { readonly kind: "replay"; readonly answer: StoredAnswer }
  /** The same key, decided earlier in this batch. */
  | { readonly kind: "repeat"; readonly answer: StoredAnswer; readonly event: RoomEvent | undefined }
  | { readonly kind: "refused"; readonly error: WireError }
  | { readonly kind: "look-up" };

export interface Batch {
  readonly events: readonly RoomEvent[];
  readonly answers: readonly StoredAnswer[];
  readonly keyTimeMaxMs: number;
  /** One for each command taken, in order. Commands beyond these wait for the next batch. */
  readonly verdicts: readonly Verdict[];
}

const answerName = (command: Command): string => `${command.author} ${command.key}`;

/**
 * Decides commands in order, each on the state the ones before it left, until an entry is full.
 *
 * A removal ends its entry, so that a gateway can deliver the whole entry and then take the member out. A command that
 * would make a begun entry too large waits for the next; one alone may be larger.
 */
export function decideBatch(input: BatchInput, ready: readonly ReadyCommand[]): Batch {
  const draft = new Draft(input);
  for (const item of ready) {
    if (!draft.take(item)) break;
  }
  return draft.batch();
}

class Draft {
  readonly #input: BatchInput;
  readonly #events: RoomEvent[] = [];
  readonly #answers = new Map<string, { answer: StoredAnswer; event: RoomEvent | undefined }>();
  readonly #verdicts: Verdict[] = [];
  #room: RoomRecord;
  #keyTimeMaxMs: number;
  #bytes = 0;
  #closed = false;

  constructor(input: BatchInput) {
    this.#input = input;
    this.#room = input.room;
    this.#keyTimeMaxMs = input.keyTimeMaxMs;
  }

  /** Whether the command was taken into this batch. */
  take(item: ReadyCommand): boolean {
    if (this.#closed) return false;
    const early = this.#known(item);
    if (early !== undefined) {
      this.#verdicts.push(early);
      return true;
    }
    return this.#decide(item);
  }

  batch(): Batch {
    return {
      events: this.#events,
      answers: [...this.#answers.values()].map(({ answer }) => answer),
      keyTimeMaxMs: this.#keyTimeMaxMs,
      verdicts: this.#verdicts,
    };
  }

  /** The verdict of a key that already has an answer, or that may have one. */
  #known(item: ReadyCommand): Verdict | undefined {
    const { command, digest, archivedAnswer, lookedUp } = item;
    const { keyFloorMs, nowMs, limits } = this.#input;
    const drafted = this.#answers.get(answerName(command));
    const stored = drafted?.answer ?? this.#input.answer(command) ?? archivedAnswer;
    const verdict = lookedUp
      ? storedVerdict(stored, digest)
      : keyVerdict({ inMemory: stored, key: command.key, digest, keyTimeFloorMs: keyFloorMs, nowMs, limits });
    switch (verdict) {
      case "replay":
        return this.#replay(stored, drafted);
      case "look_up":
        return { kind: "look-up" };
      case "key_reused":
        return refused("key_reused", `key ${command.key} was used before for something else`);
      case "clock_skew":
        return {
          kind: "refused",
          error: wireError("clock_skew", undefined, {
            detail: { serverTime: new Date(nowMs).toISOString() },
          }),
        };
      case "new":
        return undefined;
      default:
        return verdict satisfies never;
    }
  }

  #replay(stored: StoredAnswer | undefined, drafted: { event: RoomEvent | undefined } | undefined): Verdict {
    if (stored === undefined) throw new Error("a key is replayed that has no answer");
    return drafted === undefined
      ? { kind: "replay", answer: stored }
      : { kind: "repeat", answer: stored, event: drafted.event };
  }

  #decide({ command, digest }: ReadyCommand): boolean {
    const decision = decide(this.#room, command, this.#facts(command));
    const identity = { author: command.author, key: command.key, digest };
    if (decision.kind === "refused") {
      const { error } = decision;
      if (!isFinal(error.code)) this.#verdicts.push({ kind: "refused", error });
      else
        this.#store(
          command,
          { ...identity, outcome: "refused", code: error.code },
          { event: undefined, error },
        );
      return true;
    }
    if (decision.kind === "noop") {
      const { head, n, ts } = this.#room;
      this.#store(
        command,
        { ...identity, outcome: "noop", seq: head, n, ts },
        { event: undefined, error: undefined },
      );
      return true;
    }
    if (!this.#fits(decision.events)) {
      this.#closed = true;
      return false;
    }
    this.#apply(decision.events);
    const event = decision.events.at(-1);
    this.#store(command, { ...identity, outcome: "ok", seq: this.#room.head }, { event, error: undefined });
    return true;
  }

  #fits(events: readonly RoomEvent[]): boolean {
    const { batchEventsMax, batchBytesMax } = this.#input.limits;
    const bytes = events.reduce((sum, event) => sum + utf8Bytes(JSON.stringify(event)), 0);
    const begun = this.#events.length > 0;
    if (
      begun &&
      (this.#events.length + events.length > batchEventsMax || this.#bytes + bytes > batchBytesMax)
    ) {
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  #apply(events: readonly RoomEvent[]): void {
    for (const event of events) {
      this.#room = evolve(this.#room, event);
      this.#events.push(event);
      if (removedBy(event) !== undefined) this.#closed = true;
    }
  }

  #store(
    command: Command,
    answer: StoredAnswer,
    shown: { readonly event: RoomEvent | undefined; readonly error: WireError | undefined },
  ): void {
    this.#answers.set(answerName(command), { answer, event: shown.event });
    this.#keyTimeMaxMs = Math.max(this.#keyTimeMaxMs, uuidV7TimeMs(command.key) ?? 0);
    this.#verdicts.push({ kind: "stored", answer, ...shown });
    if (this.#answers.size >= this.#input.limits.batchEventsMax) this.#closed = true;
  }

  /** The base facts with the batch's own events folded over them. */
  #facts(command: Command): Parameters<typeof decide>[2] {
    const { base, nowMs, limits } = this.#input;
    const needs = factNeeds(command);
    const members = new Map<UserId, MemberRecord>();
    for (const user of needs.members) {
      const member = this.#events.reduce((fact, event) => foldMember(user, fact, event), base.member(user));
      if (member !== undefined) members.set(user, member);
    }
    const messages = new Map<number, MessageRecord>();
    for (const seq of needs.messages) {
      const message = this.#events.reduce((fact, event) => foldMessage(seq, fact, event), base.message(seq));
      if (message !== undefined) messages.set(seq, message);
    }
    return {
      members,
      messages,
      reacted: this.#reacted(command, needs.reaction),
      lastSentMs: this.#lastSentMs(command.author),
      nowMs,
      limits,
    };
  }

  #reacted(command: Command, reaction: ReturnType<typeof factNeeds>["reaction"]): boolean {
    if (reaction === undefined) return false;
    const { author } = command;
    const before = this.#input.base.reacted(reaction.seq, reaction.emoji, author);
    return this.#events.reduce((fact, event) => foldReaction(fact, { author, ...reaction }, event), before);
  }

  #lastSentMs(author: UserId): number | undefined {
    const sent = this.#events.findLast(
      (event) => event.kind === "message.created" && event.author === author,
    );
    return sent === undefined ? this.#input.base.lastSentMs(author) : Date.parse(sent.ts);
  }
}

const refused = (code: ErrorCode, message: string): Verdict => ({
  kind: "refused",
  error: wireError(code, message),
});
