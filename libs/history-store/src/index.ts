export {
  StoreUnavailableError,
  type ArchiveBatch,
  type ArchiveEntry,
  type Floor,
  type HistoryStore,
  type IdPage,
  type MessagePage,
  type Reaction,
  type ReadMark,
} from "./port.ts";
