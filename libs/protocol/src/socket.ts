import Type, { type Static } from "typebox";
import type { CloseCode } from "./closes.ts";
import type { RoomCommandPayload } from "./commands.ts";
import { CreateRoomSchema, messageCommandSchemas, RoomCommandSchema } from "./commands.ts";
import type { EventsPayload } from "./entry.ts";
import type { ErrorCode, WireError } from "./errors.ts";
import type { NodeId, RoomId, SessionId, UserId } from "./ids.ts";
import { RoomIdSchema, SessionIdSchema, UserIdSchema } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { RoomEvent } from "./room-events.ts";
import type { Role } from "./shapes.ts";
import { closed, CursorSchema, SeqOrZeroSchema, SeqSchema } from "./shapes.ts";
import type { MarkView, MessageView, ResetReason, ResetState, RoomOverview } from "./views.ts";

/** Version of the socket protocol; `hello` names it. */
export const protocolVersion = 1;

/** `auth` of the Socket.IO CONNECT packet. `session` names the session to take over after a lost connection. */
export const ConnectAuthSchema = closed({
  token: Type.String({ minLength: 1, maxLength: 8_192 }),
  session: Type.Optional(SessionIdSchema),
});
export type ConnectAuth = Readonly<Static<typeof ConnectAuthSchema>>;

export const presenceStatuses = ["online", "away", "busy", "offline"] as const;
export type PresenceStatus = (typeof presenceStatuses)[number];
export const PresenceStatusSchema = Type.Unsafe<PresenceStatus>(Type.String({ enum: [...presenceStatuses] }));

const limitOf = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const page = { limit: Type.Optional(limitOf(200)) };

/** Payload schema of every event that a client sends. */
export const clientEventSchemas = {
  ...messageCommandSchemas,
  command: RoomCommandSchema,
  create: CreateRoomSchema,
  join: closed({
    rooms: Type.Array(closed({ room: RoomIdSchema, cursor: Type.Optional(CursorSchema) }), {
      minItems: 1,
      maxItems: 500,
    }),
  }),
  leave: closed({ room: RoomIdSchema }),
  history: closed({
    room: RoomIdSchema,
    before: Type.Optional(SeqSchema),
    after: Type.Optional(SeqOrZeroSchema),
    around: Type.Optional(SeqSchema),
    ...page,
  }),
  events: closed({ room: RoomIdSchema, after: SeqOrZeroSchema, limit: Type.Optional(limitOf(1_000)) }),
  read: closed({ room: RoomIdSchema, seq: SeqOrZeroSchema }),
  rooms: closed({ cursor: Type.Optional(Type.String({ maxLength: 512 })), ...page }),
  typing: closed({ room: RoomIdSchema, on: Type.Boolean() }),
  "presence.set": closed({
    status: PresenceStatusSchema,
    text: Type.Optional(Type.String({ maxLength: 200 })),
  }),
  "presence.watch": closed({ users: Type.Array(UserIdSchema, { minItems: 1, maxItems: 2_000 }) }),
  "presence.unwatch": closed({ users: Type.Array(UserIdSchema, { minItems: 1, maxItems: 2_000 }) }),
  "auth.refresh": closed({ token: Type.String({ minLength: 1, maxLength: 8_192 }) }),
} as const;

export type ClientEventName = keyof typeof clientEventSchemas;
export const clientEventNames = Object.keys(clientEventSchemas) as readonly ClientEventName[];
export type ClientPayload<Name extends ClientEventName> = Name extends "command"
  ? RoomCommandPayload
  : Readonly<Static<(typeof clientEventSchemas)[Name]>>;

/** `ok` of a join, one for each room asked for, in their order. */
export type JoinedRoom =
  | {
      readonly room: RoomId;
      readonly ok: true;
      readonly epoch: number;
      readonly head: number;
      readonly n: number;
      readonly mark: number;
      readonly role: Role;
      /** The run that follows the cursor; only when one was given. */
      readonly events?: readonly RoomEvent[];
      /** `events` is a prefix: pull the rest by `events`, live ones wait until then. */
      readonly more?: boolean;
      readonly reset?: { readonly reason: ResetReason; readonly state: ResetState };
    }
  | { readonly room: RoomId; readonly ok: false; readonly error: WireError };

/** `ok` of a command. `replayed`: the key had its answer before. */
export interface Applied {
  readonly seq: number;
  readonly n: number;
  readonly ts: string;
  readonly replayed?: boolean;
}

export interface EventRun {
  readonly epoch: number;
  /** Seq of the first event of the run; `after + 1` unless older ones are hidden from the asker. */
  readonly first: number;
  readonly events: readonly RoomEvent[];
  readonly head: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string;
}

/** `version` rises with every change of the user's presence: of two notices the higher holds. */
export interface PresenceView {
  readonly user: UserId;
  readonly status: PresenceStatus;
  readonly version: number;
  readonly text?: string;
  readonly lastSeen?: string;
}

/** What `ok` holds, for each event a client sends. */
export interface AckBodies {
  readonly send: Applied;
  readonly edit: Applied;
  readonly delete: Applied;
  readonly react: Applied;
  readonly unreact: Applied;
  readonly pin: Applied;
  readonly unpin: Applied;
  readonly command: Applied;
  readonly create: Applied & { readonly room: RoomId };
  readonly join: { readonly rooms: readonly JoinedRoom[] };
  readonly leave: Record<never, never>;
  readonly history: Page<MessageView>;
  readonly events: EventRun;
  readonly read: { readonly seq: number; readonly unread: number };
  readonly rooms: Page<RoomOverview>;
  readonly typing: Record<never, never>;
  readonly "presence.set": Record<never, never>;
  readonly "presence.watch": { readonly users: readonly PresenceView[] };
  readonly "presence.unwatch": Record<never, never>;
  readonly "auth.refresh": { readonly expiresAt: string };
}

export type Ack<Body> = ({ readonly ok: true } & Body) | { readonly ok: false; readonly error: WireError };
export type AckOf<Name extends ClientEventName> = Ack<AckBodies[Name]>;

export interface Hello {
  readonly node: NodeId;
  readonly protocol: number;
  readonly sessionId: SessionId;
  readonly userId: UserId;
  readonly limits: Limits;
  readonly serverTime: string;
}

export type Notice =
  | { readonly kind: "room.added" | "room.removed"; readonly room: RoomId; readonly by: UserId }
  | { readonly kind: "mentioned"; readonly room: RoomId; readonly by: UserId; readonly seq: number };

/** Payload of every event that the server sends. */
export interface ServerPayloads {
  readonly hello: Hello;
  readonly events: EventsPayload;
  readonly head: { readonly room: RoomId; readonly epoch: number; readonly seq: number; readonly n: number };
  readonly resync: { readonly room: RoomId; readonly reason: ResyncReason };
  readonly typing: { readonly room: RoomId; readonly user: UserId; readonly on: boolean };
  readonly presence: readonly PresenceView[];
  readonly marks: { readonly marks: readonly MarkView[] };
  readonly notice: Notice;
  readonly drain: { readonly afterMs: number; readonly reason: string };
  readonly closing: { readonly code: CloseCode; readonly retryAfterMs?: number };
  readonly revoked: { readonly reason: "token_revoked" | "token_expired" };
}

/** `repair_failed`: the node could not close a hole in time; `epoch`: the log was rebuilt. Join again with the cursor. */
export type ResyncReason = "repair_failed" | "epoch";
export type ServerEventName = keyof ServerPayloads;

/** Socket.IO's event maps of both directions. */
export type ServerToClientEvents = {
  [Name in ServerEventName]: (payload: ServerPayloads[Name]) => void;
};
export type ClientToServerEvents = {
  [Name in ClientEventName]: (payload: ClientPayload<Name>, ack: (answer: AckOf<Name>) => void) => void;
};

/** `data` of a Socket.IO `connect_error`: why a socket was not let in. */
export interface ConnectRefusal {
  readonly code: CloseCode | ErrorCode;
  readonly retryAfterMs?: number;
}
