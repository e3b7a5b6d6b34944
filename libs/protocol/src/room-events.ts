import Type, { type Static, type TProperties } from "typebox";
import { KeySchema, UserIdSchema } from "./ids.ts";
import {
  closed,
  CountSchema,
  EmojiSchema,
  MetadataSchema,
  RoleSchema,
  RoomKindSchema,
  RoomNameSchema,
  RoomSettingsSchema,
  SeqSchema,
  TimeSchema,
  UserListSchema,
} from "./shapes.ts";

/**
 * Events of a room, as stored and as sent.
 *
 * Every event carries absolute results (the version after an edit, the count after a reaction, the member count), so
 * whoever applies one needs nothing but the row it names; applying it twice, or after a newer one, changes nothing.
 */
const common = {
  seq: SeqSchema,
  /** How many messages the room has had, this event included. */
  n: CountSchema,
  ts: TimeSchema,
  author: UserIdSchema,
  key: Type.Optional(KeySchema),
};

const event = <Kind extends string, Fields extends TProperties>(kind: Kind, fields: Fields) =>
  closed({ kind: Type.Literal(kind), ...common, ...fields });

/** The seq of the message that the event changes. */
const target = { target: SeqSchema };
/** Seqs of the room's pinned messages after the event, in the order of pinning. */
const pinList = Type.Array(SeqSchema, { maxItems: 500 });
const memberCount = { memberCount: CountSchema };
/** Owners after the event: a room keeps at least one. */
const ownerCount = { ownerCount: CountSchema };

export const eventSchemas = {
  "message.created": event("message.created", {
    text: Type.String(),
    replyTo: Type.Optional(SeqSchema),
    mentions: Type.Optional(UserListSchema),
    metadata: Type.Optional(MetadataSchema),
  }),
  "message.edited": event("message.edited", {
    ...target,
    text: Type.String(),
    mentions: Type.Optional(UserListSchema),
    version: Type.Integer({ minimum: 2 }),
  }),
  "message.deleted": event("message.deleted", {
    ...target,
    version: Type.Integer({ minimum: 2 }),
    /** The room's pins after the event; only when the message was pinned. */
    pins: Type.Optional(pinList),
  }),
  "reaction.added": event("reaction.added", { ...target, emoji: EmojiSchema, count: CountSchema }),
  "reaction.removed": event("reaction.removed", { ...target, emoji: EmojiSchema, count: CountSchema }),
  "message.pinned": event("message.pinned", { ...target, pins: pinList }),
  "message.unpinned": event("message.unpinned", { ...target, pins: pinList }),
  /** The role is `member`, but for one who enters a room that all had left: it gets its owner back. */
  "member.joined": event("member.joined", { role: RoleSchema, ...memberCount, ...ownerCount }),
  "member.left": event("member.left", { ...memberCount, ...ownerCount }),
  "member.added": event("member.added", {
    user: UserIdSchema,
    role: RoleSchema,
    ...memberCount,
    ...ownerCount,
  }),
  "member.removed": event("member.removed", { user: UserIdSchema, ...memberCount, ...ownerCount }),
  "member.role": event("member.role", { user: UserIdSchema, role: RoleSchema, ...ownerCount }),
  "member.banned": event("member.banned", {
    user: UserIdSchema,
    reason: Type.Optional(Type.String({ maxLength: 500 })),
    ...memberCount,
    ...ownerCount,
  }),
  "member.unbanned": event("member.unbanned", { user: UserIdSchema }),
  "room.created": event("room.created", {
    roomKind: RoomKindSchema,
    name: Type.Optional(RoomNameSchema),
    settings: RoomSettingsSchema,
    members: Type.Array(closed({ user: UserIdSchema, role: RoleSchema }), { maxItems: 64 }),
    ...memberCount,
    ...ownerCount,
  }),
  "room.updated": event("room.updated", {
    name: Type.Optional(RoomNameSchema),
    settings: RoomSettingsSchema,
  }),
  "room.archived": event("room.archived", { settings: RoomSettingsSchema }),
  /** A token, session or user lost its access; only in the reserved room of revocations. */
  "access.revoked": event("access.revoked", {
    subject: Type.Union([Type.Literal("user"), Type.Literal("session"), Type.Literal("token")]),
    id: Type.String({ maxLength: 64 }),
    /** After this no token that the revocation concerns can be alive: it may be forgotten. */
    until: TimeSchema,
  }),
  /** Keeps the place of an entry that could not be read, so the order has no hole. */
  invalid: event("invalid", {}),
} as const;

export type EventKind = keyof typeof eventSchemas;
export const eventKinds = Object.keys(eventSchemas) as readonly EventKind[];
type EventOf<Kind extends EventKind> = Readonly<Static<(typeof eventSchemas)[Kind]>>;
/** One change of a room: `{seq, n, ts, kind, author, key?, …}`. */
export type RoomEvent = { readonly [Kind in EventKind]: EventOf<Kind> }[EventKind];
export type RoomEventOf<Kind extends EventKind> = Extract<RoomEvent, { readonly kind: Kind }>;

export const RoomEventSchema = Type.Unsafe<RoomEvent>(Type.Union(Object.values(eventSchemas)));

/** Control events change who may receive or what the room is: the only ones a gateway reads. */
export const isControlEvent = (event: { readonly kind: EventKind }): boolean =>
  event.kind.startsWith("member.") || event.kind.startsWith("room.") || event.kind === "access.revoked";

/** Whom the event takes out of the room, if anybody. Such an event is always the last of its entry. */
export function removedBy(event: RoomEvent): RoomEvent["author"] | undefined {
  if (event.kind === "member.left") return event.author;
  return event.kind === "member.removed" || event.kind === "member.banned" ? event.user : undefined;
}
