import Type, { type Static, type TObject, type TProperties } from "typebox";
import { KeySchema, type Key, RoomIdSchema, type RoomId, type UserId, UserIdSchema } from "./ids.ts";
import {
  closed,
  EmojiSchema,
  HistoryVisibilitySchema,
  MetadataSchema,
  RoleSchema,
  RoomKindSchema,
  RoomNameSchema,
  SeqSchema,
  TextSchema,
  UserListSchema,
} from "./shapes.ts";

const ofMessage = { seq: SeqSchema };
const expected = { ifVersion: Type.Optional(Type.Integer({ minimum: 1 })) };
const member = { user: UserIdSchema };
const mentionFields = {
  mentions: Type.Optional(UserListSchema),
  /** Of the users named, only these are pinged; without it all are, but for bots none. */
  allowedMentions: Type.Optional(UserListSchema),
};

/** The fields of every action on a room, less `room`, `key` and `kind`. */
export const actionFields = {
  send: {
    text: TextSchema,
    replyTo: Type.Optional(SeqSchema),
    ...mentionFields,
    metadata: Type.Optional(MetadataSchema),
  },
  edit: { ...ofMessage, text: TextSchema, ...mentionFields, ...expected },
  delete: { ...ofMessage, ...expected },
  react: { ...ofMessage, emoji: EmojiSchema },
  unreact: { ...ofMessage, emoji: EmojiSchema },
  pin: ofMessage,
  unpin: ofMessage,
  "member.join": {},
  "member.leave": {},
  "member.add": { ...member, role: Type.Optional(RoleSchema) },
  "member.remove": member,
  "member.role": { ...member, role: RoleSchema },
  "member.ban": { ...member, reason: Type.Optional(Type.String({ maxLength: 500 })) },
  "member.unban": member,
  "room.create": {
    roomKind: RoomKindSchema,
    name: Type.Optional(RoomNameSchema),
    members: Type.Optional(Type.Array(UserIdSchema, { maxItems: 50 })),
    history: Type.Optional(HistoryVisibilitySchema),
  },
  "room.update": {
    name: Type.Optional(RoomNameSchema),
    slowModeMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 21_600_000 })),
    history: Type.Optional(HistoryVisibilitySchema),
  },
  "room.archive": { archived: Type.Boolean() },
  /** The service's own: no client can ask for it. */
  "access.revoke": {
    subject: Type.Union([Type.Literal("user"), Type.Literal("session"), Type.Literal("token")]),
    id: Type.String({ maxLength: 64 }),
    until: Type.String(),
  },
} as const satisfies Record<string, TProperties>;

export type ActionKind = keyof typeof actionFields;
type FieldsOf<Kind extends ActionKind> = Readonly<Static<TObject<(typeof actionFields)[Kind]>>>;
/** What a command does: `{kind, …}`. */
export type Action = { readonly [Kind in ActionKind]: { readonly kind: Kind } & FieldsOf<Kind> }[ActionKind];
export type ActionOf<Kind extends ActionKind> = Extract<Action, { readonly kind: Kind }>;

/** What a client asks of a room, with who asks: becomes events or a refusal. */
export interface Command {
  readonly room: RoomId;
  readonly author: UserId;
  /** Bots ping nobody unless they name them in `allowedMentions`. */
  readonly bot: boolean;
  readonly key: Key;
  readonly action: Action;
}

/** Kinds that socket clients send by `command`; the others have events of their own. */
export const roomCommandKinds = [
  "member.join",
  "member.leave",
  "member.add",
  "member.remove",
  "member.role",
  "member.ban",
  "member.unban",
  "room.update",
  "room.archive",
] as const satisfies readonly ActionKind[];
/** Kinds that are socket events of their own, with `room` and `key` beside their fields. */
export const messageCommandKinds = [
  "send",
  "edit",
  "delete",
  "react",
  "unreact",
  "pin",
  "unpin",
] as const satisfies readonly ActionKind[];
export type MessageCommandKind = (typeof messageCommandKinds)[number];
export type RoomCommandKind = (typeof roomCommandKinds)[number];

const addressed = { room: RoomIdSchema, key: KeySchema };

const messageCommand = <Kind extends MessageCommandKind>(kind: Kind) =>
  closed({ ...addressed, ...actionFields[kind] });

export const messageCommandSchemas = {
  send: messageCommand("send"),
  edit: messageCommand("edit"),
  delete: messageCommand("delete"),
  react: messageCommand("react"),
  unreact: messageCommand("unreact"),
  pin: messageCommand("pin"),
  unpin: messageCommand("unpin"),
};

const roomCommand = <Kind extends RoomCommandKind>(kind: Kind) =>
  closed({ ...addressed, kind: Type.Literal(kind), ...actionFields[kind] });

/** `command {room, key, kind, …}`: membership and room changes. */
export const roomCommandSchemas = {
  "member.join": roomCommand("member.join"),
  "member.leave": roomCommand("member.leave"),
  "member.add": roomCommand("member.add"),
  "member.remove": roomCommand("member.remove"),
  "member.role": roomCommand("member.role"),
  "member.ban": roomCommand("member.ban"),
  "member.unban": roomCommand("member.unban"),
  "room.update": roomCommand("room.update"),
  "room.archive": roomCommand("room.archive"),
};
export type RoomCommandPayload = {
  [Kind in RoomCommandKind]: Readonly<Static<(typeof roomCommandSchemas)[Kind]>>;
}[RoomCommandKind];
export const RoomCommandSchema = Type.Unsafe<RoomCommandPayload>(
  Type.Union(Object.values(roomCommandSchemas)),
);

/** `create {key, kind, name?, members?, history?}`: the room's id follows from the creator and the key. */
export const CreateRoomSchema = closed({
  key: KeySchema,
  kind: RoomKindSchema,
  name: actionFields["room.create"].name,
  members: actionFields["room.create"].members,
  history: actionFields["room.create"].history,
});

/**
 * An action as text that is equal for equal actions whatever the order of their fields: what a key's digest is made of.
 */
export const canonicalAction = (action: Action): string => JSON.stringify(sorted(action));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
