import type { MemberStatus, Role, RoomEvent, UserId } from "@parley/protocol";

/** What an event writes into a member's row: the columns it carries, guarded by its stamp. */
export interface MemberWrite {
  readonly user: UserId;
  readonly stamp: bigint;
  readonly status: MemberStatus | undefined;
  readonly role: Role | undefined;
  readonly sinceSeq: number | undefined;
}

export function memberWritesOf(event: RoomEvent, stamp: bigint): readonly MemberWrite[] {
  const entered = (user: UserId, role: Role): MemberWrite => ({
    user,
    stamp,
    status: "active",
    role,
    sinceSeq: event.seq,
  });
  const became = (user: UserId, status: MemberStatus): MemberWrite => ({
    user,
    stamp,
    status,
    role: undefined,
    sinceSeq: undefined,
  });
  switch (event.kind) {
    case "room.created":
      return event.members.map(({ user, role }) => entered(user, role));
    case "member.joined":
      return [entered(event.author, event.role)];
    case "member.added":
      return [entered(event.user, event.role)];
    case "member.left":
      return [became(event.author, "left")];
    case "member.removed":
    case "member.unbanned":
      return [became(event.user, "left")];
    case "member.banned":
      return [became(event.user, "banned")];
    case "member.role":
      return [{ user: event.user, stamp, status: undefined, role: event.role, sinceSeq: undefined }];
    default:
      return [];
  }
}
