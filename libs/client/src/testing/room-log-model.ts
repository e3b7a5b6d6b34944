import {
  type AckOf,
  type ClientPayload,
  type EventsPayload,
  mustParse,
  parseRoomId,
  parseUserId,
} from "@parley/protocol";
import type { RoomEvent } from "@parley/protocol";

export const lobby = mustParse(parseRoomId, "r_lobby");
export const ann = mustParse(parseUserId, "u_ann");
export const bob = mustParse(parseUserId, "u_bob");
const ts = "2026-01-01T00:00:00.000Z";

export const message = (seq: number, text = `message ${seq}`): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts,
  author: bob,
  text,
});

/** `first` … `last` of a log of messages. */
export const run = (first: number, last: number): readonly RoomEvent[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => message(first + index));

export const payload = (first: number, last: number, epoch = 1): EventsPayload => ({
  room: lobby,
  epoch,
  first,
  events: run(first, last),
});

/** The answer of a server whose log has `head` messages. */
export const eventsAnswer = (
  head: number,
  { after, limit = 200 }: ClientPayload<"events">,
  epoch = 1,
): AckOf<"events"> => ({
  ok: true,
  epoch,
  first: after + 1,
  events: run(after + 1, Math.min(head, after + limit)),
  head,
});
