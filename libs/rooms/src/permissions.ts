import {
  type Action,
  type ActionOf,
  type Role,
  type RoomKind,
  type RoomRecord,
  wireError,
  type WireError,
} from "@parley/protocol";

/** What somebody who is not banned is in a room. */
export type Standing = Role | "outsider";

/** The least standing that suffices; `nobody`'s does not; `absent`: rooms of this kind do not have it at all. */
export type Needed = Standing | "nobody" | "absent";

export interface Permission extends Readonly<Record<RoomKind, Needed>> {
  /** Whether it may be done while the room is archived. */
  readonly whenArchived: boolean;
}

type Columns = readonly [direct: Needed, group: Needed, open: Needed, broadcast: Needed];

const row = (columns: Columns, archived?: "also when archived"): Permission => ({
  direct: columns[0],
  group: columns[1],
  public: columns[2],
  broadcast: columns[3],
  whenArchived: archived !== undefined,
});

/**
 * Who may do what, in rooms of which kind: the one place that says so.
 *
 * In a direct room both are owners and neither can be taken out. In a broadcast room moderators and owners write,
 * members read and react. What an archived room still allows is to leave it, to throw somebody out, and to open it.
 * Two actions are not here because no role decides them: whoever creates a room becomes its owner, and
 * `access.revoke` is the service's own.
 */
export const permissions = {
  //            direct    group     public    broadcast
  send: row(["member", "member", "member", "moderator"]),
  "edit.own": row(["member", "member", "member", "moderator"]),
  "edit.others": row(["nobody", "nobody", "nobody", "nobody"]),
  "delete.own": row(["member", "member", "member", "member"]),
  "delete.others": row(["nobody", "moderator", "moderator", "moderator"]),
  react: row(["member", "member", "member", "member"]),
  unreact: row(["member", "member", "member", "member"]),
  pin: row(["member", "moderator", "moderator", "moderator"]),
  unpin: row(["member", "moderator", "moderator", "moderator"]),
  "member.join": row(["absent", "nobody", "outsider", "nobody"]),
  "member.leave": row(["absent", "member", "member", "member"], "also when archived"),
  "member.add": row(["absent", "moderator", "moderator", "moderator"]),
  "member.remove": row(["absent", "moderator", "moderator", "moderator"], "also when archived"),
  "member.role.own": row(["absent", "member", "member", "member"]),
  "member.role.others": row(["absent", "owner", "owner", "owner"]),
  "member.ban": row(["absent", "moderator", "moderator", "moderator"], "also when archived"),
  "member.unban": row(["absent", "moderator", "moderator", "moderator"]),
  "room.update": row(["absent", "owner", "owner", "owner"]),
  "room.archive": row(["absent", "owner", "owner", "owner"], "also when archived"),
} as const satisfies Record<string, Permission>;

/** An action, told apart by whose message or membership it is about where that matters. */
export type Deed = keyof typeof permissions;
export const deeds = Object.keys(permissions) as readonly Deed[];

/** Actions on which the table has a say. */
export type RuledAction = Exclude<Action, ActionOf<"room.create" | "access.revoke">>;

/** `own`: whether the message, or the membership, is the author's. To remove oneself is to leave. */
export function deedOf(action: RuledAction, own: boolean): Deed {
  switch (action.kind) {
    case "edit":
      return own ? "edit.own" : "edit.others";
    case "delete":
      return own ? "delete.own" : "delete.others";
    case "member.role":
      return own ? "member.role.own" : "member.role.others";
    case "member.remove":
      return own ? "member.leave" : "member.remove";
    default:
      return action.kind;
  }
}

const ranks: Readonly<Record<Standing, number>> = { outsider: 0, member: 1, moderator: 2, owner: 3 };

/** Positive when `a` is above `b`, 0 when they are equal. */
export const compareStanding = (a: Standing, b: Standing): number => ranks[a] - ranks[b];

/**
 * Why somebody of this standing may not do it in this room; `undefined` when they may. The room's state is judged first
 * (`archived`), then its kind (`kind_forbids`), then the standing (`forbidden`).
 */
export function prohibition(room: RoomRecord, deed: Deed, standing: Standing): WireError | undefined {
  const permission: Permission = permissions[deed];
  if (room.settings.archived && !permission.whenArchived) {
    return wireError("archived", `${deed}: the room is archived`);
  }
  const needed = permission[room.kind];
  if (needed === "absent") return wireError("kind_forbids", `a ${room.kind} room has no ${deed}`);
  if (needed !== "nobody" && compareStanding(standing, needed) >= 0) return undefined;
  return wireError("forbidden", `${deed} in a ${room.kind} room is for ${needed}, not for ${standing}`, {
    detail: { needed },
  });
}
