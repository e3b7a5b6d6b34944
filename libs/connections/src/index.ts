export { openSqlite, type SqliteOptions } from "./sqlite.ts";
export {
  SqliteBusyError,
  SqliteFailedError,
  SqliteFullError,
  type SqliteDatabase,
} from "./worker-database.ts";
export type { SqlResult, SqlRow, SqlStep, SqlValue } from "./sqlite-messages.ts";
export { FolderLockedError, lockFolder } from "./lock-folder.ts";
