import { type Entry, encodeHeader, partitionOf, type RoomId } from "@parley/protocol";
import {
  type AppendOptions,
  type AppendOutcome,
  LogUnavailableError,
  type Position,
  type RoomLog,
  type StoredEntry,
} from "../port.ts";
import { Arrivals } from "./sqlite/arrivals.ts";
import { failureOf, type SqliteDatabase } from "./sqlite/database.ts";
import { numberIn, storedEntryOf } from "./sqlite/rows.ts";
import { openLog } from "./sqlite/schema.ts";
import * as statements from "./sqlite/statements.ts";

export type { SqliteDatabase } from "./sqlite/database.ts";

export interface SqliteRoomLogOptions {
  /** The caller's to close, after the log. */
  readonly database: SqliteDatabase;
  /** Must be what the file was made with. */
  readonly partitions: number;
  /** The newest epoch the archive knows, if it knows any: a fresh log beside an old archive begins the epoch after it. */
  readonly archivedEpoch: number | undefined;
  /** Headers and payloads held, all together; an append beyond answers `full`. */
  readonly bytesMax: number;
  /** Called with every entry once it is stored, in the order of positions, before its append is answered. Must not throw. */
  readonly onStored: (stored: StoredEntry) => void;
  /** Ms since 1970: what `storedAtMs` says. */
  readonly now: () => number;
}

/** The most entries that one step of `follow` reads. */
const followBatchMax = 256;

/**
 * The log of record in one SQLite file of one process. All partitions share one rising sequence of positions.
 *
 * `confirmed` means that SQLite committed and flushed. One writer commits in the order of positions, so whoever has seen a
 * position has seen, or can read, all below it.
 */
export class SqliteRoomLog implements RoomLog, AsyncDisposable {
  readonly partitions: number;
  readonly #database: SqliteDatabase;
  readonly #epoch: number;
  readonly #options: SqliteRoomLogOptions;
  readonly #arrivals = new Arrivals();

  /** Throws `PartitionsChangedError` when the file was made for another number, `LogUnavailableError` when it cannot be read. */
  static async open(options: SqliteRoomLogOptions): Promise<SqliteRoomLog> {
    return new SqliteRoomLog(options, await orUnavailable(openLog(options)));
  }

  private constructor(options: SqliteRoomLogOptions, epoch: number) {
    this.partitions = options.partitions;
    this.#database = options.database;
    this.#epoch = epoch;
    this.#options = options;
  }

  epoch(_partition: number): number {
    return this.#epoch;
  }

  async append(entry: Entry, after: Position, options: AppendOptions): Promise<AppendOutcome> {
    const { promise: late, resolve } = Promise.withResolvers<AppendOutcome>();
    const timer = setTimeout(() => resolve({ kind: "unknown" }), options.deadlineMs);
    try {
      return await Promise.race([this.#store(entry, after), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async last(room: RoomId): Promise<StoredEntry | undefined> {
    return (await this.#entries(statements.last, [room]))[0];
  }

  async lastPosition(partition: number): Promise<Position> {
    const rows = await orUnavailable(this.#database.read(statements.lastPosition, [partition, partition]));
    return numberIn(rows[0], "position");
  }

  async readRoom(room: RoomId, after: Position, limit: number): Promise<readonly StoredEntry[]> {
    return this.#entries(statements.readRoom, [room, after, limit]);
  }

  async read(partition: number, after: Position, limit: number): Promise<readonly StoredEntry[]> {
    return this.#entries(statements.readPartition, [partition, after, limit]);
  }

  async *follow(
    partition: number,
    after: Position,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredEntry[], void> {
    let seen = after;
    while (!signal.aborted) {
      if (this.#arrivals.closed) throw new LogUnavailableError("the log is closed");
      // Noted before the read: an entry stored between the read and the wait has moved it, so the wait ends at once.
      const count = this.#arrivals.count(partition);
      const batch = await this.read(partition, seen, followBatchMax);
      const newest = batch.at(-1);
      if (newest === undefined) await this.#arrivals.beyond(partition, count, signal);
      else if (!signal.aborted) {
        seen = newest.position;
        yield batch;
      }
    }
  }

  async purge(partition: number, upTo: Position, storedBeforeMs: number): Promise<number> {
    const write = this.#database.write(statements.purge({ partition, upTo, storedBeforeMs }));
    const results = await orUnavailable(write);
    return results.at(-1)?.changes ?? 0;
  }

  /** Ends all followers. The database stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#arrivals.close();
  }

  async #store(entry: Entry, after: Position): Promise<AppendOutcome> {
    const { header, payload } = entry;
    const partition = partitionOf(header.room, this.partitions);
    const storedAtMs = this.#options.now();
    const text = encodeHeader(header);
    const { bytesMax } = this.#options;
    const steps = statements.append({ header, text, payload, partition, after, storedAtMs, bytesMax });
    try {
      const [inserted, held] = await this.#database.write(steps);
      const row = inserted?.rows[0];
      if (row === undefined) return refusal(after, numberIn(held?.rows[0], "position"));
      const position = numberIn(row, "position");
      this.#options.onStored({ position, storedAtMs, entry });
      this.#arrivals.announce(partition);
      return { kind: "confirmed", position };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  async #entries(sql: string, params: readonly (string | number)[]): Promise<readonly StoredEntry[]> {
    return (await orUnavailable(this.#database.read(sql, params))).map(storedEntryOf);
  }
}

/** Why the conditional insert wrote nothing: the room has moved, or the log is full. */
const refusal = (after: Position, actual: Position): AppendOutcome =>
  actual === after ? { kind: "full" } : { kind: "conflict", actual };

/** A request that was never attempted throws; one that failed under way may have been stored. */
function outcomeOf(error: unknown): AppendOutcome {
  const failure = failureOf(error);
  switch (failure) {
    case "full":
      return { kind: "full" };
    case "failed":
      return { kind: "unknown" };
    case "busy":
      throw new LogUnavailableError("too many requests wait for the log", { cause: error });
    case undefined:
      throw error;
    default:
      return failure satisfies never;
  }
}

async function orUnavailable<Value>(asked: Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (cause) {
    if (failureOf(cause) === undefined) throw cause;
    throw new LogUnavailableError("the log's database did not answer", { cause });
  }
}
