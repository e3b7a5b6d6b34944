import {
  type AckBodies,
  type ClientEventName,
  type Limits,
  mustParse,
  parseKey,
  parseNodeId,
  parseRoomId,
  parseSessionId,
  parseUserId,
  protocolVersion,
  type RoomEvent,
  type ServerEventName,
  type ServerPayloads,
} from "@parley/protocol";

const room = mustParse(parseRoomId, "r_1");
const ann = mustParse(parseUserId, "ann");
const ts = "2026-01-02T03:04:05.678Z";
const applied = { seq: 42, n: 30, ts };
/** Stands for what would make an example long. */
const leftOut = "…";

const created: RoomEvent = {
  kind: "message.created",
  seq: 42,
  n: 30,
  ts,
  author: ann,
  key: mustParse(parseKey, "k1"),
  text: "hello",
};

/** Examples of answers; the compiler holds them to the answers' types, and holds every event to have one. */
export const acknowledgements: { readonly [Name in ClientEventName]: AckBodies[Name] } = {
  send: applied,
  edit: applied,
  delete: applied,
  react: applied,
  unreact: applied,
  pin: applied,
  unpin: applied,
  command: applied,
  create: { room, seq: 1, n: 0, ts },
  join: { rooms: [{ room, ok: true, epoch: 1, head: 42, n: 30, mark: 40, role: "member", events: [] }] },
  leave: {},
  history: { items: [], nextCursor: leftOut },
  events: { epoch: 1, first: 41, events: [], head: 42 },
  read: { seq: 42, unread: 0 },
  rooms: { items: [], nextCursor: leftOut },
  typing: {},
  "presence.set": {},
  "presence.watch": { users: [{ user: ann, status: "online", version: 7 }] },
  "presence.unwatch": {},
  "auth.refresh": { expiresAt: ts },
};

interface Described<Payload> {
  readonly meaning: string;
  readonly example: Payload;
}

/** What the server sends; held to the payloads' types in the same way. */
export const serverEvents: { readonly [Name in ServerEventName]: Described<ServerPayloads[Name]> } = {
  hello: {
    meaning: "the socket is a session; comes first",
    example: {
      node: mustParse(parseNodeId, "n1"),
      protocol: protocolVersion,
      sessionId: mustParse(parseSessionId, "s1"),
      userId: ann,
      limits: leftOut as unknown as Limits,
      serverTime: ts,
    },
  },
  events: {
    meaning: "a run of a room's events, dense from `first`",
    example: { room, epoch: 1, first: 42, events: [created] },
  },
  head: {
    meaning: "the room's newest seq; if yours is below it, you miss something",
    example: { room, epoch: 1, seq: 42, n: 30 },
  },
  resync: {
    meaning:
      "the node lost the room's order (`repair_failed`), or the log was rebuilt (`epoch`): join again with your cursor",
    example: { room, reason: "repair_failed" },
  },
  typing: { meaning: "somebody types, or has stopped", example: { room, user: ann, on: true } },
  presence: {
    meaning: "changes of users you watch, gathered for a second",
    example: [{ user: ann, status: "offline", version: 8, lastSeen: ts }],
  },
  marks: {
    meaning: "read marks moved: your own on other devices, everybody's in small rooms",
    example: { marks: [{ room, user: ann, seq: 42, unread: 0 }] },
  },
  notice: {
    meaning: "you were added to or removed from a room, or mentioned",
    example: { kind: "mentioned", room, by: ann, seq: 42 },
  },
  drain: {
    meaning: "the node goes away: come back on another socket after `afterMs`",
    example: { afterMs: 1_250, reason: "shutdown" },
  },
  closing: { meaning: "why the socket ends in a moment", example: { code: "slow_consumer" } },
  revoked: {
    meaning: "the token is worth nothing any more; the socket ends",
    example: { reason: "token_revoked" },
  },
};
