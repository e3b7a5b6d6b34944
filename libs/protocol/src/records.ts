import type { Key, RoomId, UserId } from "./ids.ts";
import type { HistoryVisibility, Role, RoomKind, RoomSettings } from "./shapes.ts";

/**
 * Current state as rules decide on it and as archives keep it. Each record is the fold of a room's events up to a seq:
 * an event at or below a record's `lastSeq` is already in it.
 */

/** A room's core: all that rules need of it without its members and messages. */
export interface RoomRecord {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly name: string | undefined;
  readonly settings: RoomSettings;
  /** Seq of the newest event folded in; 0 while the room does not exist. */
  readonly head: number;
  /** How many messages the room has had. */
  readonly n: number;
  /** Time of the newest event; never goes back. Empty while the room does not exist. */
  readonly ts: string;
  readonly memberCount: number;
  readonly ownerCount: number;
  /** Seqs of pinned messages, in the order of pinning. */
  readonly pins: readonly number[];
}

/** What a room's archive row says beside the room itself. */
export interface ArchivedRoom {
  readonly epoch: number;
  readonly record: RoomRecord;
  /** The largest time inside any UUIDv7 key answered in the entries archived so far; 0 for none. */
  readonly keyTimeMaxMs: number;
}

export type MemberStatus = "active" | "left" | "banned";

export interface MemberRecord {
  readonly user: UserId;
  readonly role: Role;
  readonly status: MemberStatus;
  /** Seq of the event by which the member last came in; 0 for one who never did. */
  readonly sinceSeq: number;
  readonly lastSeq: number;
}

export interface MessageRecord {
  readonly seq: number;
  readonly n: number;
  readonly ts: string;
  readonly author: UserId;
  readonly key: Key | undefined;
  readonly text: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly pinned: boolean;
  readonly editedTs: string | undefined;
  readonly replyTo: number | undefined;
  readonly mentions: readonly UserId[];
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** Emoji to how many reacted so; none is zero. */
  readonly reactions: Readonly<Record<string, number>>;
  readonly lastSeq: number;
}

export const defaultSettings = (history: HistoryVisibility = "all"): RoomSettings => ({
  slowModeMs: 0,
  archived: false,
  history,
});
