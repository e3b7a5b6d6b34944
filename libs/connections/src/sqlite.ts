import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { WorkerSettings } from "./sqlite-messages.ts";
import { SqliteFailedError, type SqliteDatabase, WorkerDatabase } from "./worker-database.ts";

export interface SqliteOptions {
  /** Requests waiting for an answer, all together; one more is refused with `SqliteBusyError`. */
  readonly pendingMax?: number;
  /** How long SQLite waits for another process that holds the file's lock. */
  readonly busyTimeoutMs?: number;
}

const pendingMaxDefault = 4_096;
const busyTimeoutMsDefault = 5_000;

/** Opens `file`, made when missing, in WAL mode with a flush at every commit. Rejects with `SqliteFailedError`. */
export async function openSqlite(file: string, options: SqliteOptions = {}): Promise<SqliteDatabase> {
  const settings: WorkerSettings = { file, busyTimeoutMs: options.busyTimeoutMs ?? busyTimeoutMsDefault };
  const script = new URL("./sqlite-worker.ts", import.meta.url);
  // The process's own flags may be of a kind that a thread refuses (`--input-type`).
  const worker = new Worker(script, { workerData: settings, execArgv: [] });
  try {
    await once(worker, "message");
  } catch (cause) {
    throw new SqliteFailedError(`cannot open ${file}`, { cause });
  }
  return new WorkerDatabase(worker, file, options.pendingMax ?? pendingMaxDefault);
}
