import type { Notice, RoomEvent, RoomId, UserId } from "@parley/protocol";

export interface AddressedNotice {
  readonly users: readonly UserId[];
  readonly notice: Notice;
}

/** Whom an event concerns beyond those who have the room open. Nobody is told of what they did themselves. */
export function noticesOf(room: RoomId, event: RoomEvent): readonly AddressedNotice[] {
  const by = event.author;
  const to = (users: readonly UserId[], notice: Notice): readonly AddressedNotice[] => {
    const others = users.filter((user) => user !== by);
    return others.length === 0 ? [] : [{ users: others, notice }];
  };
  switch (event.kind) {
    case "room.created":
      return to(
        event.members.map(({ user }) => user),
        { kind: "room.added", room, by },
      );
    case "member.added":
      return to([event.user], { kind: "room.added", room, by });
    case "member.removed":
    case "member.banned":
      return to([event.user], { kind: "room.removed", room, by });
    case "message.created":
      return to(event.mentions ?? [], { kind: "mentioned", room, by, seq: event.seq });
    default:
      return [];
  }
}
