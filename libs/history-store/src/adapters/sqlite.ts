import type {
  ArchivedRoom,
  Key,
  MemberRecord,
  MessageRecord,
  RoomEvent,
  RoomId,
  StoredAnswer,
  UserId,
} from "@parley/protocol";
import {
  type ArchiveBatch,
  type Floor,
  type HistoryStore,
  type IdPage,
  type MessagePage,
  type Reaction,
  type ReadMark,
  StoreUnavailableError,
} from "../port.ts";
import {
  isDatabaseFailure,
  type SqliteDatabase,
  type SqlRow,
  type SqlStep,
  type SqlValue,
} from "./sqlite/database.ts";
import * as reads from "./sqlite/reads.ts";
import { answerOf, archivedRoomOf, eventOf, memberOf, messageOf } from "./sqlite/rows.ts";
import { tables } from "./sqlite/schema.ts";
import { batchSteps, markStep } from "./sqlite/writes.ts";

export type { SqliteDatabase } from "./sqlite/database.ts";

export interface SqliteHistoryStoreOptions {
  /** The caller's to close. */
  readonly database: SqliteDatabase;
}

/** The archive in one SQLite file of one process. A batch is one transaction: its rows and the floor appear together. */
export class SqliteHistoryStore implements HistoryStore {
  readonly #database: SqliteDatabase;

  /** Makes the tables that are missing. Throws `StoreUnavailableError`. */
  static async open({ database }: SqliteHistoryStoreOptions): Promise<SqliteHistoryStore> {
    await orUnavailable(database.write(tables.map((sql) => ({ sql, params: [] }))));
    return new SqliteHistoryStore(database);
  }

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async floor(partition: number): Promise<Floor | undefined> {
    const [row] = await this.#read(reads.floor, [partition]);
    return row && ({ ...row } as unknown as Floor);
  }

  /** The newest epoch that any partition is archived in; `undefined` while nothing is. */
  async newestEpoch(): Promise<number | undefined> {
    const [row] = await this.#read(reads.newestEpoch, []);
    return (row as { readonly epoch: number | null } | undefined)?.epoch ?? undefined;
  }

  async apply(batch: ArchiveBatch): Promise<void> {
    await this.#write(batchSteps(batch));
  }

  async room(room: RoomId): Promise<ArchivedRoom | undefined> {
    const [row] = await this.#read(reads.room, [room]);
    return row && archivedRoomOf(row);
  }

  async events(room: RoomId, after: number, limit: number): Promise<readonly RoomEvent[]> {
    return (await this.#read(reads.events, [room, after, limit])).map(eventOf);
  }

  async messages(room: RoomId, page: MessagePage): Promise<readonly MessageRecord[]> {
    const records = (await this.#ask(reads.messagePage(room, page))).map(messageOf);
    return records.sort((left, right) => left.seq - right.seq);
  }

  async message(room: RoomId, seq: number): Promise<MessageRecord | undefined> {
    const [row] = await this.#read(reads.message, [room, seq]);
    return row && messageOf(row);
  }

  async reactionsBy(room: RoomId, user: UserId, seqs: readonly number[]): Promise<readonly Reaction[]> {
    const rows = await this.#read(reads.reactionsBy, [room, user, JSON.stringify(seqs)]);
    return rows as unknown as readonly Reaction[];
  }

  async member(room: RoomId, user: UserId): Promise<MemberRecord | undefined> {
    const [row] = await this.#read(reads.member, [room, user]);
    return row && memberOf(row);
  }

  async members(room: RoomId, page: IdPage<UserId>): Promise<readonly MemberRecord[]> {
    return (await this.#ask(reads.members(room, page))).map(memberOf);
  }

  async roomsOf(user: UserId, page: IdPage<RoomId>): Promise<readonly RoomId[]> {
    return (await this.#ask(reads.roomsOf(user, page))).map((row) => row["room"] as RoomId);
  }

  async publicRooms(query: string | undefined, page: IdPage<RoomId>): Promise<readonly ArchivedRoom[]> {
    return (await this.#ask(reads.publicRooms(query, page))).map(archivedRoomOf);
  }

  async answer(room: RoomId, author: UserId, key: Key): Promise<StoredAnswer | undefined> {
    const [row] = await this.#read(reads.answer, [room, author, key]);
    return row && answerOf(row);
  }

  async raiseMark(user: UserId, room: RoomId, seq: number): Promise<void> {
    await this.#write([markStep(user, { room, seq })]);
  }

  async marks(user: UserId, rooms: readonly RoomId[]): Promise<readonly ReadMark[]> {
    const rows = await this.#read(reads.marks, [user, JSON.stringify(rooms)]);
    return rows as unknown as readonly ReadMark[];
  }

  async #write(steps: readonly SqlStep[]): Promise<void> {
    await orUnavailable(this.#database.write(steps));
  }

  #ask({ sql, params }: SqlStep): Promise<readonly SqlRow[]> {
    return this.#read(sql, params);
  }

  #read(sql: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return orUnavailable(this.#database.read(sql, params));
  }
}

async function orUnavailable<Value>(asked: Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (cause) {
    if (!isDatabaseFailure(cause)) throw cause;
    throw new StoreUnavailableError("the archive's database did not answer", { cause });
  }
}
