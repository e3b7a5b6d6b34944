import type { MessageRecord, RoomEvent, RoomEventOf, UserId } from "@parley/protocol";

/**
 * The message `seq` after `event`; `undefined` while nothing has created it.
 *
 * An event at or below the record's `lastSeq` is already in it. A deleted message keeps its place, its author and what
 * it answered; text, mentions, metadata, reactions and pin are gone, and nothing brings them back.
 */
export function foldMessage(
  seq: number,
  record: MessageRecord | undefined,
  event: RoomEvent,
): MessageRecord | undefined {
  if (record === undefined) {
    return event.kind === "message.created" && event.seq === seq ? created(event) : undefined;
  }
  if (event.seq <= record.lastSeq || !("target" in event) || event.target !== seq) return record;
  const changes = record.deleted ? {} : changesBy(event, record);
  return { ...record, ...changes, lastSeq: event.seq };
}

const created = (event: RoomEventOf<"message.created">): MessageRecord => ({
  seq: event.seq,
  n: event.n,
  ts: event.ts,
  author: event.author,
  key: event.key,
  text: event.text,
  version: 1,
  deleted: false,
  pinned: false,
  editedTs: undefined,
  replyTo: event.replyTo,
  mentions: event.mentions ?? [],
  metadata: event.metadata,
  reactions: {},
  lastSeq: event.seq,
});

function changesBy(
  event: Extract<RoomEvent, { readonly target: number }>,
  record: MessageRecord,
): Partial<MessageRecord> {
  switch (event.kind) {
    case "message.edited":
      return {
        text: event.text,
        version: event.version,
        editedTs: event.ts,
        mentions: event.mentions ?? [],
      };
    case "message.deleted":
      return {
        text: "",
        version: event.version,
        deleted: true,
        pinned: false,
        mentions: [],
        metadata: undefined,
        reactions: {},
      };
    case "message.pinned":
      return { pinned: true };
    case "message.unpinned":
      return { pinned: false };
    case "reaction.added":
    case "reaction.removed":
      return { reactions: withCount(record.reactions, event.emoji, event.count) };
    default:
      // Of a newer version: not for this one to know.
      event satisfies never;
      return {};
  }
}

/** Emoji are names that users choose, `__proto__` too: built from entries, such a name is a field like any other. */
function withCount(
  reactions: MessageRecord["reactions"],
  emoji: string,
  count: number,
): MessageRecord["reactions"] {
  const counts = new Map(Object.entries(reactions));
  if (count > 0) counts.set(emoji, count);
  else counts.delete(emoji);
  return Object.fromEntries(counts);
}

/** How many reacted so; 0 when nobody did, also for an emoji named like a field of every object. */
export const reactionCount = (message: MessageRecord, emoji: string): number =>
  Object.hasOwn(message.reactions, emoji) ? (message.reactions[emoji] ?? 0) : 0;

export interface ReactionPlace {
  readonly author: UserId;
  /** The message's seq. */
  readonly seq: number;
  readonly emoji: string;
}

/** Whether `author` has reacted so after `event`. A run folded in order ends the same whether or not the start had it. */
export function foldReaction(present: boolean, place: ReactionPlace, event: RoomEvent): boolean {
  if (event.kind !== "reaction.added" && event.kind !== "reaction.removed") return present;
  const same = event.author === place.author && event.target === place.seq && event.emoji === place.emoji;
  return same ? event.kind === "reaction.added" : present;
}
