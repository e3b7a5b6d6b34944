import { systemUser, type RoomEvent } from "@parley/protocol";
import type { AppliedHistory, RoomRecord } from "../recorded-history.ts";
import type { RoomFold } from "../room-fold.ts";
import { describe } from "./answers.ts";
import { inRoom, type Violation } from "./violation.ts";

/**
 * I7: nobody receives an event after the seq of their removal, or from before they joined without the right.
 *
 * Whoever comes back to a room that hides nothing may be given what happened meanwhile; so there only what follows the
 * last removal is forbidden.
 */
export function removedReceiveNothing(
  record: RoomRecord,
  fold: RoomFold,
  applied: AppliedHistory,
): Violation[] {
  const violation = inRoom("I7", record.room);
  const windows = fold.windows.get(applied.user) ?? [];
  const last = windows.at(-1)?.to;
  const allowed = (seq: number) =>
    windows.length > 0 &&
    (last === undefined || seq <= last) &&
    (!fold.hidesHistory || windows.some(({ from, to }) => seq >= from && (to === undefined || seq <= to)));
  return applied.steps.flatMap((step) => {
    if (step.kind === "start" || allowed(step.event.seq)) return [];
    const stays = windows.map(({ from, to }) => `${from}–${to ?? "now"}`).join(", ") || "never";
    return [violation(`${applied.device} (member ${stays}) received ${step.event.seq}`)];
  });
}

/** Events whose author need not be a member before them. */
const fromOutside = (event: RoomEvent): boolean =>
  event.kind === "room.created" ||
  event.kind === "member.joined" ||
  event.kind === "invalid" ||
  event.author === systemUser;

/** I8: every event's author was a member when it was decided, and nobody banned joins. */
export function authorsAreMembers(record: RoomRecord): Violation[] {
  const violation = inRoom("I8", record.room);
  const banned = new Set<string>();
  const members = new Set<string>();
  return record.log.flatMap((event) => {
    const found: Violation[] = [];
    if (!fromOutside(event) && !members.has(event.author)) {
      found.push(violation(`${event.seq} is of a non-member: ${describe(event)}`));
    }
    if (event.kind === "member.joined" && banned.has(event.author)) {
      found.push(violation(`${event.seq} lets the banned ${event.author} in`));
    }
    follow(event, members, banned);
    return found;
  });
}

function follow(event: RoomEvent, members: Set<string>, banned: Set<string>): void {
  switch (event.kind) {
    case "room.created":
      members.add(event.author);
      for (const { user } of event.members) members.add(user);
      return;
    case "member.joined":
      members.add(event.author);
      return;
    case "member.added":
      members.add(event.user);
      return;
    case "member.left":
      members.delete(event.author);
      return;
    case "member.removed":
      members.delete(event.user);
      return;
    case "member.banned":
      members.delete(event.user);
      banned.add(event.user);
      return;
    case "member.unbanned":
      banned.delete(event.user);
      return;
    default:
  }
}
