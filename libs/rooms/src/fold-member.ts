import type { MemberRecord, MemberStatus, Role, RoomEvent, UserId } from "@parley/protocol";

/**
 * What the room knows of `user` after `event`; `undefined` for one whom no event has named.
 *
 * An event at or below the record's `lastSeq` is already in it, so a run of events may be folded over a record that was
 * read while they happened. Who left or is banned keeps their last role and `sinceSeq`; neither says anything then.
 */
export function foldMember(
  user: UserId,
  record: MemberRecord | undefined,
  event: RoomEvent,
): MemberRecord | undefined {
  if (record !== undefined && event.seq <= record.lastSeq) return record;
  switch (event.kind) {
    case "room.created": {
      const first = event.members.find((member) => member.user === user);
      return first === undefined ? record : entered(user, first.role, event.seq);
    }
    case "member.joined":
      return event.author === user ? entered(user, event.role, event.seq) : record;
    case "member.added":
      return event.user === user ? entered(user, event.role, event.seq) : record;
    case "member.left":
      return event.author === user ? withStatus(user, record, { status: "left", seq: event.seq }) : record;
    case "member.removed":
    case "member.unbanned":
      return event.user === user ? withStatus(user, record, { status: "left", seq: event.seq }) : record;
    case "member.banned":
      return event.user === user ? withStatus(user, record, { status: "banned", seq: event.seq }) : record;
    case "member.role":
      return event.user === user && record !== undefined
        ? { ...record, role: event.role, lastSeq: event.seq }
        : record;
    default:
      return record;
  }
}

const entered = (user: UserId, role: Role, seq: number): MemberRecord => ({
  user,
  role,
  status: "active",
  sinceSeq: seq,
  lastSeq: seq,
});

const withStatus = (
  user: UserId,
  record: MemberRecord | undefined,
  { status, seq }: { readonly status: MemberStatus; readonly seq: number },
): MemberRecord => ({
  user,
  role: record?.role ?? "member",
  status,
  sinceSeq: record?.sinceSeq ?? 0,
  lastSeq: seq,
});
