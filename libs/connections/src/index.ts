export {
  openSqlite,
  SqliteBusyError,
  SqliteFailedError,
  SqliteFullError,
  type SqliteDatabase,
  type SqliteOptions,
  type SqlResult,
  type SqlRow,
  type SqlStep,
  type SqlValue,
} from "./sqlite.ts";
export { FolderLockedError, lockFolder } from "./lock-folder.ts";
