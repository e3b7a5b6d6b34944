import type { MarkView, RoomEvent, RoomOverview, UserId } from "@parley/protocol";

/** More unread messages than this are not counted. */
const countMax = 100;

/**
 * A room of the list after one more event of it.
 *
 * Exact but for two cases, which the next listing corrects: a deletion when the count stands at its maximum, and the
 * mentions of a deleted message.
 */
export function afterEvent(room: RoomOverview, event: RoomEvent, me: UserId): RoomOverview {
  if (event.seq <= room.head) return room;
  const moved = { ...room, head: event.seq, n: event.n };
  switch (event.kind) {
    case "message.created":
      return afterMessage(moved, event, me);
    case "message.deleted": {
      const wasUnread = event.target > room.mark && room.unread > 0 && room.unread < countMax;
      return wasUnread ? { ...moved, unread: room.unread - 1 } : moved;
    }
    case "room.updated":
      return event.name === undefined ? moved : { ...moved, name: event.name };
    default:
      return "memberCount" in event ? { ...moved, memberCount: event.memberCount } : moved;
  }
}

function afterMessage(
  room: RoomOverview,
  event: Extract<RoomEvent, { readonly kind: "message.created" }>,
  me: UserId,
): RoomOverview {
  const lastMessage = messageOf(room, event);
  // A mark that another device set may be past the event, whose message is then counted, or not, already.
  if (event.seq <= room.mark) return { ...room, lastMessage };
  // Sending moves one's own mark.
  if (event.author === me) return { ...room, lastMessage, mark: event.seq, unread: 0, mentions: 0 };
  const mentioned = event.mentions?.includes(me) === true ? 1 : 0;
  return {
    ...room,
    lastMessage,
    unread: Math.min(countMax, room.unread + 1),
    mentions: Math.min(countMax, room.mentions + mentioned),
  };
}

function messageOf(
  { room }: RoomOverview,
  event: Extract<RoomEvent, { readonly kind: "message.created" }>,
): NonNullable<RoomOverview["lastMessage"]> {
  const { kind: _, ...fields } = event;
  const state = { version: 1, deleted: false, pinned: false, reactions: [], lastSeq: event.seq };
  return { room, ...fields, ...state };
}

/** A room of the list after the user's own mark moved. A mark never goes back. */
export function afterMark(room: RoomOverview, mark: Pick<MarkView, "seq" | "unread">): RoomOverview {
  if (mark.seq < room.mark) return room;
  return {
    ...room,
    mark: mark.seq,
    unread: mark.unread,
    mentions: mark.unread === 0 ? 0 : Math.min(room.mentions, mark.unread),
  };
}

/** A listed room whose mark had moved on when the listing came: a mark never goes back. The next listing counts anew. */
export function withMarkOf(known: RoomOverview, listed: RoomOverview): RoomOverview {
  const unread = Math.min(countMax, known.unread + Math.max(0, listed.n - known.n));
  return { ...listed, mark: known.mark, unread, mentions: Math.min(listed.mentions, unread) };
}
