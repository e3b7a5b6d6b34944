import type {
  ArchivedRoom,
  EntryHeader,
  Key,
  MemberRecord,
  MessageRecord,
  RoomEvent,
  RoomId,
  StoredAnswer,
  UserId,
} from "@parley/protocol";

/** Up to where a partition's log is archived: everything at or below `position` of `epoch` is in the store. */
export interface Floor {
  readonly epoch: number;
  readonly position: number;
}

/** One entry of the log as the archive takes it. */
export interface ArchiveEntry {
  readonly position: number;
  readonly header: EntryHeader;
  /** The events; for a poisoned entry, an `invalid` one for each seq it claims. */
  readonly events: readonly RoomEvent[];
  /** The bytes of an entry that could not be read, kept aside for people to look at. */
  readonly deadLetter: Uint8Array | undefined;
}

/** Consecutive entries of one partition, ascending. The floor moves to the last one's position. */
export interface ArchiveBatch {
  readonly partition: number;
  readonly epoch: number;
  readonly entries: readonly ArchiveEntry[];
}

/** Seqs, exclusive: `before` pages towards older messages, `after` towards newer ones; neither = the newest. */
export interface MessagePage {
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
}

export interface Reaction {
  readonly seq: number;
  readonly emoji: string;
}

export interface ReadMark {
  readonly room: RoomId;
  readonly seq: number;
}

/** Ids ascending, exclusive of `after`. */
export interface IdPage<Id extends string> {
  readonly after: Id | undefined;
  readonly limit: number;
}

/** The store cannot be read or written now. Ask again later. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  readonly retryable = true;
}

/**
 * What the archive knows, for ever. It is behind the log by what lies above the floor; whoever reads merges both.
 *
 * Every write is a pure function of one event and never undoes a later one: applying a batch again, a prefix of it, or
 * two batches at once from two readers leaves the same rows. A row written for a seq is never replaced by an older one.
 */
export interface HistoryStore {
  floor(partition: number): Promise<Floor | undefined>;

  /**
   * Applies the entries in order, per entry its events first, then what is derived from them, then the room's row, and
   * moves the floor last: a reader who sees a floor sees everything below it. A floor never goes back within an epoch.
   */
  apply(batch: ArchiveBatch): Promise<void>;

  room(room: RoomId): Promise<ArchivedRoom | undefined>;
  /** Events with seq above `after`, ascending, dense, at most `limit`. */
  events(room: RoomId, after: number, limit: number): Promise<readonly RoomEvent[]>;
  /** Ascending by seq whatever the direction. Deleted messages keep their place. */
  messages(room: RoomId, page: MessagePage): Promise<readonly MessageRecord[]>;
  message(room: RoomId, seq: number): Promise<MessageRecord | undefined>;
  /** Which reactions `user` has on the messages named. */
  reactionsBy(room: RoomId, user: UserId, seqs: readonly number[]): Promise<readonly Reaction[]>;

  /** Also those who left or are banned. */
  member(room: RoomId, user: UserId): Promise<MemberRecord | undefined>;
  /** Active members by user id. */
  members(room: RoomId, page: IdPage<UserId>): Promise<readonly MemberRecord[]>;
  /** Rooms in which the user is an active member, by room id. */
  roomsOf(user: UserId, page: IdPage<RoomId>): Promise<readonly RoomId[]>;
  /** Public rooms that are not archived, by room id; `query` is matched within the name, regardless of case. */
  publicRooms(query: string | undefined, page: IdPage<RoomId>): Promise<readonly ArchivedRoom[]>;

  /** The answer that the author's key got, from the entries archived so far. */
  answer(room: RoomId, author: UserId, key: Key): Promise<StoredAnswer | undefined>;

  /** Max-register: raises the user's read mark to `seq`, never lowers it. Sending a message raises its author's. */
  raiseMark(user: UserId, room: RoomId, seq: number): Promise<void>;
  marks(user: UserId, rooms: readonly RoomId[]): Promise<readonly ReadMark[]>;
}
