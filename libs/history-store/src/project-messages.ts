import type { Key, RoomEvent, RoomEventOf, UserId } from "@parley/protocol";

/**
 * What an event writes into a message's row: the groups of columns it carries, each absolute, each guarded by the
 * event's stamp. The row is the fold of the groups in any order.
 */
export interface MessageWrite {
  readonly seq: number;
  readonly stamp: bigint;
  /** What stays for ever. A row without it is no message: only its changes could be read. */
  readonly origin: MessageOrigin | undefined;
  readonly body: MessageBody | undefined;
  readonly metadata: MessageMetadata | undefined;
  readonly editedTs: string | undefined;
  readonly pinned: boolean | undefined;
}

export interface MessageOrigin {
  readonly n: number;
  readonly ts: string;
  readonly author: UserId;
  readonly key: Key | undefined;
  readonly replyTo: number | undefined;
}

export interface MessageBody {
  readonly text: string;
  readonly mentions: readonly UserId[];
  readonly version: number;
  readonly deleted: boolean;
}

export interface MessageMetadata {
  readonly value: Readonly<Record<string, unknown>> | undefined;
}

/** One user's reaction, and how many reacted so after it. */
export interface ReactionWrite {
  readonly seq: number;
  readonly stamp: bigint;
  readonly emoji: string;
  readonly author: UserId;
  readonly present: boolean;
  readonly count: number;
}

const nothing = {
  origin: undefined,
  body: undefined,
  metadata: undefined,
  editedTs: undefined,
  pinned: undefined,
} as const;

/** `undefined` for an event that changes no message. */
export function messageWriteOf(event: RoomEvent, stamp: bigint): MessageWrite | undefined {
  switch (event.kind) {
    case "message.created":
      return created(event, stamp);
    case "message.edited": {
      const { target, text, mentions = [], version, ts } = event;
      return {
        ...nothing,
        seq: target,
        stamp,
        body: { text, mentions, version, deleted: false },
        editedTs: ts,
      };
    }
    case "message.deleted": {
      const body = { text: "", mentions: [], version: event.version, deleted: true };
      return { ...nothing, seq: event.target, stamp, body, metadata: { value: undefined }, pinned: false };
    }
    case "message.pinned":
    case "message.unpinned":
      return { ...nothing, seq: event.target, stamp, pinned: event.kind === "message.pinned" };
    case "reaction.added":
    case "reaction.removed":
      return { ...nothing, seq: event.target, stamp };
    default:
      return undefined;
  }
}

function created(event: RoomEventOf<"message.created">, stamp: bigint): MessageWrite {
  const { seq, n, ts, author, key, text, replyTo, mentions = [], metadata } = event;
  return {
    seq,
    stamp,
    origin: { n, ts, author, key, replyTo },
    body: { text, mentions, version: 1, deleted: false },
    metadata: { value: metadata },
    editedTs: undefined,
    pinned: undefined,
  };
}

export function reactionWriteOf(event: RoomEvent, stamp: bigint): ReactionWrite | undefined {
  if (event.kind !== "reaction.added" && event.kind !== "reaction.removed") return undefined;
  const { target, emoji, author, count } = event;
  return { seq: target, stamp, emoji, author, present: event.kind === "reaction.added", count };
}
