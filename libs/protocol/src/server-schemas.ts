import Type, { type TProperties, type TSchema } from "typebox";
import { closeCodes } from "./closes.ts";
import { errorCodes, WireErrorSchema } from "./errors.ts";
import { idPattern, RoomIdSchema, SessionIdSchema, UserIdSchema } from "./ids.ts";
import { limitNames } from "./limits.ts";
import { RoomEventSchema } from "./room-events.ts";
import { closed, CountSchema, RoleSchema, SeqOrZeroSchema, SeqSchema, TimeSchema } from "./shapes.ts";
import { type AckOf, type ClientEventName, PresenceStatusSchema } from "./socket.ts";
import {
  MarkSchema,
  MessageViewSchema,
  ResetReasonSchema,
  ResetStateSchema,
  RoomOverviewSchema,
} from "./views.ts";

/** What the server says on a socket, as schemas: for clients in other languages, and to hold the server to its own word. */

const EpochSchema = Type.Integer({ minimum: 1 });
const oneOf = (values: readonly string[]) => Type.String({ enum: [...values] });
const page = (item: TSchema) => ({ items: Type.Array(item), nextCursor: Type.Optional(Type.String()) });

const applied = {
  seq: SeqOrZeroSchema,
  n: CountSchema,
  ts: TimeSchema,
  replayed: Type.Optional(Type.Boolean()),
};
const EventsSchema = Type.Array(RoomEventSchema);

const JoinedRoomSchema = Type.Union([
  closed({
    room: RoomIdSchema,
    ok: Type.Literal(true),
    epoch: EpochSchema,
    head: SeqOrZeroSchema,
    n: CountSchema,
    mark: SeqOrZeroSchema,
    role: RoleSchema,
    events: Type.Optional(EventsSchema),
    more: Type.Optional(Type.Boolean()),
    reset: Type.Optional(closed({ reason: ResetReasonSchema, state: ResetStateSchema })),
  }),
  closed({ room: RoomIdSchema, ok: Type.Literal(false), error: WireErrorSchema }),
]);

const PresenceViewSchema = closed({
  user: UserIdSchema,
  status: PresenceStatusSchema,
  version: CountSchema,
  text: Type.Optional(Type.String()),
  lastSeen: Type.Optional(TimeSchema),
});

/** What `{ok: true, …}` holds beside `ok`, for each event a client sends. */
const ackFields = {
  send: applied,
  edit: applied,
  delete: applied,
  react: applied,
  unreact: applied,
  pin: applied,
  unpin: applied,
  command: applied,
  create: { ...applied, room: RoomIdSchema },
  join: { rooms: Type.Array(JoinedRoomSchema) },
  leave: {},
  history: page(MessageViewSchema),
  events: { epoch: EpochSchema, first: SeqSchema, events: EventsSchema, head: SeqOrZeroSchema },
  read: { seq: SeqOrZeroSchema, unread: CountSchema },
  rooms: page(RoomOverviewSchema),
  typing: {},
  "presence.set": {},
  "presence.watch": { users: Type.Array(PresenceViewSchema) },
  "presence.unwatch": {},
  "auth.refresh": { expiresAt: TimeSchema },
} satisfies Record<ClientEventName, TProperties>;

const refused = closed({ ok: Type.Literal(false), error: WireErrorSchema });

/** The acknowledgement of an event: `{ok: true, …}` or `{ok: false, error}`. */
export const ackSchema = <Name extends ClientEventName>(event: Name) =>
  Type.Unsafe<AckOf<Name>>(Type.Union([closed({ ok: Type.Literal(true), ...ackFields[event] }), refused]));

/** Payload schema of every event that the server sends. */
export const serverEventSchemas = {
  hello: closed({
    node: Type.String({ pattern: idPattern }),
    protocol: Type.Integer({ minimum: 1 }),
    sessionId: SessionIdSchema,
    userId: UserIdSchema,
    limits: closed(Object.fromEntries(limitNames.map((name) => [name, CountSchema]))),
    serverTime: TimeSchema,
  }),
  events: closed({ room: RoomIdSchema, epoch: EpochSchema, first: SeqSchema, events: EventsSchema }),
  head: closed({ room: RoomIdSchema, epoch: EpochSchema, seq: SeqOrZeroSchema, n: CountSchema }),
  resync: closed({ room: RoomIdSchema, reason: oneOf(["repair_failed", "epoch"]) }),
  typing: closed({ room: RoomIdSchema, user: UserIdSchema, on: Type.Boolean() }),
  presence: Type.Array(PresenceViewSchema),
  marks: closed({ marks: Type.Array(MarkSchema) }),
  notice: Type.Union([
    closed({ kind: oneOf(["room.added", "room.removed"]), room: RoomIdSchema, by: UserIdSchema }),
    closed({ kind: Type.Literal("mentioned"), room: RoomIdSchema, by: UserIdSchema, seq: SeqSchema }),
  ]),
  drain: closed({ afterMs: CountSchema, reason: Type.String() }),
  closing: closed({ code: oneOf(closeCodes), retryAfterMs: Type.Optional(CountSchema) }),
  revoked: closed({ reason: oneOf(["token_revoked", "token_expired"]) }),
} as const;

/** `data` of a refused connection. */
export const ConnectRefusalSchema = closed({
  code: oneOf([...closeCodes, ...errorCodes]),
  retryAfterMs: Type.Optional(CountSchema),
});
