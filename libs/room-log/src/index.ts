export {
  LogUnavailableError,
  type AppendOptions,
  type AppendOutcome,
  type Position,
  type RoomLog,
  type StoredEntry,
} from "./port.ts";
