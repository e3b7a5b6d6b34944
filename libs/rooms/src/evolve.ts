import { defaultSettings, type RoomEvent, type RoomId, type RoomRecord } from "@parley/protocol";
import type { Evolve } from "./model.ts";

/** A room before its first event: it does not exist. */
export const emptyRoom = (room: RoomId): RoomRecord => ({
  room,
  kind: "group",
  name: undefined,
  settings: defaultSettings(),
  head: 0,
  n: 0,
  ts: "",
  memberCount: 0,
  ownerCount: 0,
  pins: [],
});

/**
 * The room after `event`. One that is already in it changes nothing.
 *
 * Throws when events are missing in between: whoever lets that happen has lost the room's order.
 */
export const evolve: Evolve = (room, event) => {
  if (event.seq <= room.head) return room;
  if (event.seq !== room.head + 1) {
    throw new Error(`bug: event ${event.seq} cannot follow event ${room.head} of room ${room.room}`);
  }
  return {
    ...room,
    ...changesBy(event, room),
    head: event.seq,
    // An `invalid` event stands for one that could not be read: what it says of `n` and `ts` may be less.
    n: Math.max(room.n, event.n),
    ts: event.ts > room.ts ? event.ts : room.ts,
  };
};

function changesBy(event: RoomEvent, room: RoomRecord): Partial<RoomRecord> {
  switch (event.kind) {
    case "room.created":
      return {
        kind: event.roomKind,
        name: event.name,
        settings: event.settings,
        memberCount: event.memberCount,
        ownerCount: event.ownerCount,
      };
    case "room.updated":
      return { name: event.name ?? room.name, settings: event.settings };
    case "room.archived":
      return { settings: event.settings };
    case "member.joined":
    case "member.left":
    case "member.added":
    case "member.removed":
    case "member.banned":
      return { memberCount: event.memberCount, ownerCount: event.ownerCount };
    case "member.role":
      return { ownerCount: event.ownerCount };
    case "message.pinned":
    case "message.unpinned":
      return { pins: event.pins };
    case "message.deleted":
      return event.pins === undefined ? {} : { pins: event.pins };
    case "message.created":
    case "message.edited":
    case "reaction.added":
    case "reaction.removed":
    case "member.unbanned":
    case "access.revoked":
    case "invalid":
      return {};
    default:
      // A newer version's kind of event has its place here; what it changes is for that version to know.
      event satisfies never;
      return {};
  }
}
