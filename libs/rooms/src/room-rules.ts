import {
  type ActionOf,
  type Command,
  defaultSettings,
  type Role,
  type RoomRecord,
  type RoomSettings,
  systemUser,
} from "@parley/protocol";
import type { Facts } from "./model.ts";
import { type Case, change, noop, refuse, type Ruling } from "./ruling.ts";

export interface Creation {
  readonly room: RoomRecord;
  readonly command: Command;
  readonly facts: Facts;
}

/**
 * A room's id follows from its creator and the key, or from the two users of a direct room. So one that exists already
 * is created again only by its owners, and is then as it is.
 */
export function ruleCreate({ room, command, facts }: Creation, action: ActionOf<"room.create">): Ruling {
  const { author } = command;
  if (room.head > 0) {
    const known = facts.members.get(author);
    const owns = known?.status === "active" && known.role === "owner";
    return owns ? noop : refuse("forbidden", `room ${room.room} exists and is not ${author}'s`);
  }
  const { roomKind, name, history } = action;
  const others = [...new Set(action.members)].filter((user) => user !== author);
  const refusal = wrongCompany(others.length, action, facts);
  if (refusal !== undefined) return refusal;
  const role: Role = roomKind === "direct" ? "owner" : "member";
  const members = [{ user: author, role: "owner" as const }, ...others.map((user) => ({ user, role }))];
  return change({
    kind: "room.created",
    roomKind,
    // A direct room has no name of its own: each of the two sees the other's.
    ...(name === undefined || roomKind === "direct" ? {} : { name }),
    settings: defaultSettings(history),
    members,
    memberCount: members.length,
    ownerCount: roomKind === "direct" ? members.length : 1,
  });
}

function wrongCompany(
  others: number,
  action: ActionOf<"room.create">,
  { limits }: Facts,
): Ruling | undefined {
  if (action.roomKind === "direct" && others !== 1) {
    return refuse("bad_request", `a direct room is with one other user, not with ${others}`);
  }
  if (others > limits.createMembersMax) {
    return refuse("too_large", `${others} members are over createMembersMax (${limits.createMembersMax})`, {
      detail: { limit: "createMembersMax", max: limits.createMembersMax, pointer: "/members" },
    });
  }
  if (others + 1 > limits.roomMembersMax) {
    return refuse("room_full", `a room has at most ${limits.roomMembersMax} members`, {
      detail: { max: limits.roomMembersMax },
    });
  }
  return undefined;
}

/** What the command does not name stays. */
export function ruleUpdate({ room }: Case, action: ActionOf<"room.update">): Ruling {
  const name = action.name ?? room.name;
  const settings: RoomSettings = {
    ...room.settings,
    slowModeMs: action.slowModeMs ?? room.settings.slowModeMs,
    history: action.history ?? room.settings.history,
  };
  const same =
    name === room.name &&
    settings.slowModeMs === room.settings.slowModeMs &&
    settings.history === room.settings.history;
  if (same) return noop;
  return change({ kind: "room.updated", ...(name === undefined ? {} : { name }), settings });
}

export function ruleArchive({ room }: Case, { archived }: ActionOf<"room.archive">): Ruling {
  if (room.settings.archived === archived) return noop;
  return change({ kind: "room.archived", settings: { ...room.settings, archived } });
}

/** Rooms of the service take revocations from the service, before they have an event too; to clients they do not exist. */
export function ruleReserved({ room, command }: Creation): Ruling {
  const { action, author } = command;
  if (author !== systemUser) return refuse("no_such_room", `no room ${room.room} is known`);
  if (action.kind !== "access.revoke") {
    return refuse("bad_request", `${action.kind} is not for rooms of the service`);
  }
  return change({
    kind: "access.revoked",
    subject: action.subject,
    id: action.id,
    until: action.until,
  });
}
