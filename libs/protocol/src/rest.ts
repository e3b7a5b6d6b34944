import Type, { type Static } from "typebox";
import { actionFields } from "./commands.ts";
import { type ErrorCode, errorCodes } from "./errors.ts";
import { RoomIdSchema, SessionIdSchema, TokenIdSchema, UserIdSchema } from "./ids.ts";
import {
  closed,
  CountSchema,
  HistoryVisibilitySchema,
  RoleSchema,
  RoomKindSchema,
  RoomNameSchema,
  SeqOrZeroSchema,
  SeqSchema,
  TimeSchema,
} from "./shapes.ts";

/** What a token may be used for. A token without a `scope` claim has `userScopes`. */
export const scopes = [
  "rooms:read",
  "rooms:write",
  "messages:write",
  "members:write",
  "webhooks:write",
  "bots:write",
  "admin",
] as const;
export type Scope = (typeof scopes)[number];
/** Everything a person may do for themselves. */
export const userScopes: readonly Scope[] = scopes.filter((scope) => scope !== "admin");
export const ScopeSchema = Type.Unsafe<Scope>(Type.String({ enum: [...scopes] }));

const NameSchema = Type.String({ minLength: 1, maxLength: 64 });
const CursorTextSchema = Type.Optional(Type.String({ minLength: 1, maxLength: 512 }));
const LimitSchema = Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }));

export const CreateGuestSchema = closed({ name: NameSchema });
export const GuestCreatedSchema = closed({
  userId: UserIdSchema,
  token: Type.String(),
  expiresAt: TimeSchema,
});

/** `GET /v1/me`: who the token stands for, and what it covers. */
export const MeSchema = closed({
  userId: UserIdSchema,
  name: Type.Optional(Type.String()),
  bot: Type.Boolean(),
  scopes: Type.Array(ScopeSchema),
  tokenId: Type.Optional(TokenIdSchema),
  expiresAt: Type.Optional(TimeSchema),
});

export const CreateBotSchema = closed({
  name: NameSchema,
  scopes: Type.Array(ScopeSchema, { minItems: 1, maxItems: scopes.length, uniqueItems: true }),
});
export const BotCreatedSchema = closed({
  userId: UserIdSchema,
  tokenId: TokenIdSchema,
  token: Type.String(),
});
export const CreateBotTokenSchema = closed({
  scopes: Type.Optional(Type.Array(ScopeSchema, { minItems: 1, maxItems: scopes.length, uniqueItems: true })),
  expiresAt: Type.Optional(TimeSchema),
});
export const BotTokenViewSchema = closed({
  tokenId: TokenIdSchema,
  scopes: Type.Array(ScopeSchema),
  createdAt: TimeSchema,
  expiresAt: Type.Optional(TimeSchema),
  revoked: Type.Boolean(),
});

/** `POST /v1/rooms`: with `Idempotency-Key` a retry names the same room. */
export const RestCreateRoomSchema = closed({
  kind: RoomKindSchema,
  name: actionFields["room.create"].name,
  members: actionFields["room.create"].members,
  history: actionFields["room.create"].history,
});
export const RoomCreatedSchema = closed({
  room: RoomIdSchema,
  kind: RoomKindSchema,
  name: Type.Optional(RoomNameSchema),
  head: SeqOrZeroSchema,
  n: CountSchema,
});
export const RestUpdateRoomSchema = closed({
  name: actionFields["room.update"].name,
  slowModeMs: actionFields["room.update"].slowModeMs,
  history: Type.Optional(HistoryVisibilitySchema),
  archived: Type.Optional(Type.Boolean()),
});
export const PutMemberSchema = closed({ role: Type.Optional(RoleSchema) });
/** `role` is absent when the user was a member already and none was asked for. */
export const MemberPutSchema = closed({
  room: RoomIdSchema,
  user: UserIdSchema,
  role: Type.Optional(RoleSchema),
});
export const PutBanSchema = closed({ reason: actionFields["member.ban"].reason });

export const PostMessageSchema = closed(actionFields.send);
export const PatchMessageSchema = closed({
  text: actionFields.edit.text,
  mentions: actionFields.edit.mentions,
  allowedMentions: actionFields.edit.allowedMentions,
});
export const PutReadSchema = closed({ seq: SeqOrZeroSchema });

/** One of them; for anyone but oneself the `admin` scope is needed. */
export const RevokeSchema = closed({
  user: Type.Optional(UserIdSchema),
  session: Type.Optional(SessionIdSchema),
  token: Type.Optional(TokenIdSchema),
});

export const RoomParamsSchema = closed({ room: RoomIdSchema });
export const MemberParamsSchema = closed({ room: RoomIdSchema, user: UserIdSchema });
export const MessageParamsSchema = closed({ room: RoomIdSchema, seq: SeqSchema });
export const ReactionParamsSchema = closed({
  room: RoomIdSchema,
  seq: SeqSchema,
  emoji: actionFields.react.emoji,
});
export const BotParamsSchema = closed({ bot: UserIdSchema });
export const BotTokenParamsSchema = closed({ bot: UserIdSchema, tokenId: TokenIdSchema });

/** `cursor` excludes `before`, `after` and `around`; none of the four = the newest. */
export const MessagesQuerySchema = closed({
  before: Type.Optional(SeqSchema),
  after: Type.Optional(SeqOrZeroSchema),
  around: Type.Optional(SeqSchema),
  cursor: CursorTextSchema,
  limit: LimitSchema,
});
export const EventsQuerySchema = closed({
  after: SeqOrZeroSchema,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
});
export const PagingQuerySchema = closed({ cursor: CursorTextSchema, limit: LimitSchema });
export const RoomsQuerySchema = closed({
  kind: Type.Literal("public"),
  q: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  cursor: CursorTextSchema,
  limit: LimitSchema,
});
export const UsersQuerySchema = closed({
  q: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  cursor: CursorTextSchema,
  limit: LimitSchema,
});

/** RFC 9457 `application/problem+json`; `code` is of the same catalogue as on the socket. */
export const ProblemSchema = closed({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
  code: Type.Unsafe<ErrorCode>(Type.String({ enum: [...errorCodes] })),
  requestId: Type.String(),
  retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** The rate limit that is used up. */
  bucket: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(closed({ pointer: Type.String(), detail: Type.String() }))),
});
export type Problem = Readonly<Static<typeof ProblemSchema>>;
export type Me = Readonly<Static<typeof MeSchema>>;
export type MemberPut = Readonly<Static<typeof MemberPutSchema>>;
export type GuestCreated = Readonly<Static<typeof GuestCreatedSchema>>;
export type BotCreated = Readonly<Static<typeof BotCreatedSchema>>;
export type RoomCreated = Readonly<Static<typeof RoomCreatedSchema>>;
export type BotTokenView = Readonly<Static<typeof BotTokenViewSchema>>;
