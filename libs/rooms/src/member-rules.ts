import type { ActionOf, MemberRecord, Role, UserId } from "@parley/protocol";
import { compareStanding, type Standing } from "./permissions.ts";
import { type Case, change, noop, refuse, type Ruling } from "./ruling.ts";

const isActive = (member: MemberRecord | undefined): member is MemberRecord => member?.status === "active";

/** Those who moderate act on whoever is below them; owners also on owners. */
const mayActOn = (standing: Standing, role: Role): boolean =>
  standing === "owner" || compareStanding(standing, role) > 0;

const tooHigh = (user: UserId, role: Role): Ruling =>
  refuse("forbidden", `${user} is ${role}: only somebody above may do this`, { detail: { user, role } });

const lastOwner = (): Ruling => refuse("last_owner", "the room would be left without an owner");

const roomFull = (max: number): Ruling =>
  refuse("room_full", `the room has ${max} members`, { detail: { max } });

/** Counts of the room without `member`, who may be none of its members. */
const without = ({ room }: Case, member: MemberRecord | undefined) => ({
  memberCount: room.memberCount - (isActive(member) ? 1 : 0),
  ownerCount: room.ownerCount - (isActive(member) && member.role === "owner" ? 1 : 0),
});

/** Whoever enters a public room that all had left becomes its owner: a room with members has one. */
export function ruleJoin({ room, facts }: Case): Ruling {
  const { roomMembersMax } = facts.limits;
  if (room.memberCount >= roomMembersMax) return roomFull(roomMembersMax);
  const role = room.memberCount === 0 ? "owner" : "member";
  return change({
    kind: "member.joined",
    role,
    memberCount: room.memberCount + 1,
    ownerCount: room.ownerCount + (role === "owner" ? 1 : 0),
  });
}

/** The last owner leaves last. */
export function ruleLeave(given: Case): Ruling {
  const { room, command, facts } = given;
  const left = without(given, facts.members.get(command.author));
  if (room.ownerCount > 0 && left.ownerCount === 0 && left.memberCount > 0) return lastOwner();
  return change({ kind: "member.left", ...left });
}

/** A role is given up to one's own, by moderators only below it. Who is in already keeps their role. */
export function ruleAdd({ room, facts, standing, subject }: Case, action: ActionOf<"member.add">): Ruling {
  const { user, role = "member" } = action;
  if (subject?.status === "banned") {
    return refuse("banned", `${user} is banned: lift the ban first`, { detail: { user } });
  }
  if (isActive(subject)) return noop;
  if (!mayActOn(standing, role)) {
    return refuse("forbidden", `a ${standing} cannot make somebody ${role}`, { detail: { user, role } });
  }
  const { roomMembersMax } = facts.limits;
  if (room.memberCount >= roomMembersMax) return roomFull(roomMembersMax);
  return change({
    kind: "member.added",
    user,
    role,
    memberCount: room.memberCount + 1,
    ownerCount: room.ownerCount + (role === "owner" ? 1 : 0),
  });
}

/** To remove oneself is to leave. Whoever is not in the room is removed already. */
export function ruleRemove(given: Case, { user }: ActionOf<"member.remove">): Ruling {
  const { command, standing, subject } = given;
  if (user === command.author) return ruleLeave(given);
  if (!isActive(subject)) return noop;
  if (!mayActOn(standing, subject.role)) return tooHigh(user, subject.role);
  return change({ kind: "member.removed", user, ...without(given, subject) });
}

/** Everybody may step down; only an owner raises or lowers others. */
export function ruleRole({ room, standing, subject }: Case, action: ActionOf<"member.role">): Ruling {
  const { user, role } = action;
  if (!isActive(subject)) return refuse("not_member", `${user} is not a member`, { detail: { user } });
  if (subject.role === role) return noop;
  if (!mayActOn(standing, role)) {
    return refuse("forbidden", `a ${standing} cannot make somebody ${role}`, { detail: { user, role } });
  }
  const ownerCount = room.ownerCount + (role === "owner" ? 1 : 0) - (subject.role === "owner" ? 1 : 0);
  if (ownerCount === 0) return lastOwner();
  return change({ kind: "member.role", user, role, ownerCount });
}

/** Also somebody who is not in the room may be banned, so that they do not come. Nobody bans themselves. */
export function ruleBan(given: Case, { user, reason }: ActionOf<"member.ban">): Ruling {
  const { command, standing, subject } = given;
  if (user === command.author)
    return refuse("forbidden", `${user} cannot ban themselves`, { detail: { user } });
  if (subject?.status === "banned") return noop;
  if (isActive(subject) && !mayActOn(standing, subject.role)) return tooHigh(user, subject.role);
  return change({
    kind: "member.banned",
    user,
    ...(reason === undefined ? {} : { reason }),
    ...without(given, subject),
  });
}

/** Who is unbanned may come back, and is not brought back. */
export const ruleUnban = ({ subject }: Case, { user }: ActionOf<"member.unban">): Ruling =>
  subject?.status === "banned" ? change({ kind: "member.unbanned", user }) : noop;
