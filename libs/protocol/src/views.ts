import Type, { type Static } from "typebox";
import { KeySchema, RoomIdSchema, UserIdSchema } from "./ids.ts";
import {
  closed,
  CountSchema,
  EmojiSchema,
  MetadataSchema,
  RoleSchema,
  RoomKindSchema,
  RoomNameSchema,
  RoomSettingsSchema,
  SeqOrZeroSchema,
  SeqSchema,
  TimeSchema,
  UserListSchema,
} from "./shapes.ts";

export const ReactionViewSchema = closed({
  emoji: EmojiSchema,
  count: Type.Integer({ minimum: 1 }),
  /** Whether the asker is among those who reacted so. */
  mine: Type.Boolean(),
});

/** A message's current state. A deleted one keeps its place: `text` is empty, `deleted` true. */
export const MessageViewSchema = closed({
  room: RoomIdSchema,
  seq: SeqSchema,
  n: CountSchema,
  ts: TimeSchema,
  author: UserIdSchema,
  key: Type.Optional(KeySchema),
  text: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  deleted: Type.Boolean(),
  pinned: Type.Boolean(),
  editedTs: Type.Optional(TimeSchema),
  replyTo: Type.Optional(SeqSchema),
  mentions: Type.Optional(UserListSchema),
  metadata: Type.Optional(MetadataSchema),
  reactions: Type.Array(ReactionViewSchema),
  /** Seq of the last event that changed the message: the state is that of the room there. */
  lastSeq: SeqSchema,
});
export type MessageView = Readonly<Static<typeof MessageViewSchema>>;

export const RoomViewSchema = closed({
  room: RoomIdSchema,
  kind: RoomKindSchema,
  name: Type.Optional(RoomNameSchema),
  epoch: Type.Integer({ minimum: 1 }),
  head: SeqOrZeroSchema,
  n: CountSchema,
  memberCount: CountSchema,
  settings: RoomSettingsSchema,
  /** The asker's role; absent for one who may see the room without being in it. */
  role: Type.Optional(RoleSchema),
});
export type RoomView = Readonly<Static<typeof RoomViewSchema>>;

export const MemberViewSchema = closed({ user: UserIdSchema, role: RoleSchema, sinceSeq: SeqSchema });
export type MemberView = Readonly<Static<typeof MemberViewSchema>>;

export const UserViewSchema = closed({
  userId: UserIdSchema,
  name: Type.String(),
  bot: Type.Boolean(),
});
export type UserView = Readonly<Static<typeof UserViewSchema>>;

/** One of my rooms: what a room list shows. */
export const RoomOverviewSchema = closed({
  room: RoomIdSchema,
  kind: RoomKindSchema,
  name: Type.Optional(RoomNameSchema),
  /** The other one, in a direct room. */
  peer: Type.Optional(UserIdSchema),
  epoch: Type.Integer({ minimum: 1 }),
  head: SeqOrZeroSchema,
  n: CountSchema,
  memberCount: CountSchema,
  role: RoleSchema,
  mark: SeqOrZeroSchema,
  /** Undeleted messages above the mark, counted to 100. */
  unread: Type.Integer({ minimum: 0, maximum: 100 }),
  /** Of those, the ones that mention me. */
  mentions: Type.Integer({ minimum: 0, maximum: 100 }),
  lastMessage: Type.Optional(MessageViewSchema),
});
export type RoomOverview = Readonly<Static<typeof RoomOverviewSchema>>;

export const MarkSchema = closed({
  room: RoomIdSchema,
  user: UserIdSchema,
  seq: SeqOrZeroSchema,
  unread: Type.Integer({ minimum: 0, maximum: 100 }),
});
export type MarkView = Readonly<Static<typeof MarkSchema>>;

/** Where a room stands when continuity with the asker's cursor cannot be proved. */
export const ResetStateSchema = closed({
  settings: RoomSettingsSchema,
  kind: RoomKindSchema,
  name: Type.Optional(RoomNameSchema),
  role: RoleSchema,
  mark: SeqOrZeroSchema,
  n: CountSchema,
  memberCount: CountSchema,
  messages: Type.Array(MessageViewSchema),
});
export type ResetState = Readonly<Static<typeof ResetStateSchema>>;

/** Why a reset: another epoch, a hole longer than a catch-up, or a cursor past the head. */
export const resetReasons = ["epoch", "too_far_behind", "ahead", "history_hidden"] as const;
export type ResetReason = (typeof resetReasons)[number];
export const ResetReasonSchema = Type.Unsafe<ResetReason>(Type.String({ enum: [...resetReasons] }));

export const PageQuerySchema = closed({
  before: Type.Optional(SeqSchema),
  after: Type.Optional(SeqOrZeroSchema),
  around: Type.Optional(SeqSchema),
  limit: Type.Integer({ minimum: 1, maximum: 200 }),
});
/** At most one of `before`, `after`, `around`; none = the newest. Items always ascend by seq. */
export type PageQuery = Readonly<Static<typeof PageQuerySchema>>;
