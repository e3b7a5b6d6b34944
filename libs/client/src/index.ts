export { connect, createClient, type ClientOptions } from "./create-client.ts";
export { Client, type ClientEvents } from "./client.ts";
export { Room, type MessageInput, type RoomCommandInput } from "./room.ts";
export type { JoinedOk, RoomFeedEvents, RoomState } from "./room-feed.ts";
export type { SessionState } from "./session.ts";
export type { StopReason, WaitReason } from "./reconnect-plan.ts";
export type { CommandInput, OutboxEvents, SubmitOptions } from "./outbox.ts";
export type { CommandName, Submission, SubmissionState } from "./submission.ts";
export { Presence, type PresenceEvents } from "./presence.ts";
export { Unread, type UnreadEvents } from "./unread.ts";
export {
  CancelledError,
  ClientClosedError,
  OutboxFullError,
  RoomLeftError,
  RoomResetError,
  StoppedError,
  type RoomReset,
} from "./client-errors.ts";
export { Stream, StreamOverflowError } from "./stream.ts";
export { defaultClientLimits, type ClientLimits } from "./client-limits.ts";
export { MemoryStorage, type ClientStorage, type StorageChange, type StoredItem } from "./storage.ts";
export type { ClientStats } from "./stats.ts";
export { systemClock, type Cancel, type Clock } from "./clock.ts";
export type { Link, LinkEvents, LinkTarget, OpenLink } from "./link.ts";
