import { defaultLimits } from "@parley/protocol";
import type { ObservedMark, RoomRecord } from "../recorded-history.ts";
import { RoomFold } from "../room-fold.ts";
import { inRoom, type Violation } from "./violation.ts";

/**
 * I11: unread is the number of undeleted messages above the mark, counted to 100; no device ever sees a mark go back; a
 * mark is never below one's own newest message once that is known to be sent.
 */
export function unreadIsComputed(record: RoomRecord, marks: readonly ObservedMark[]): Violation[] {
  const violation = inRoom("I11", record.room);
  const newest = new Map<string, number>();
  return marks.flatMap(({ device, user, mark, unread, head }) => {
    const found: Violation[] = [];
    const before = newest.get(device) ?? 0;
    newest.set(device, Math.max(before, mark));
    if (mark < before) found.push(violation(`${device} saw its mark go from ${before} back to ${mark}`));
    if (head === undefined) return found;
    const fold = new RoomFold(record.log.slice(0, head));
    const expected = Math.min(defaultLimits.unreadMax, fold.messagesAbove(mark));
    if (unread !== undefined && unread !== expected) {
      found.push(violation(`${device} saw ${unread} unread above ${mark} of ${head}; there are ${expected}`));
    }
    const own = Math.max(
      0,
      ...[...fold.messages.values()].filter((one) => one.author === user).map((one) => one.seq),
    );
    if (mark < own) found.push(violation(`${device} saw mark ${mark} below its own message ${own}`));
    return found;
  });
}

/** I11: all devices of a user end with the same mark and the same count. */
export function devicesAgree(record: RoomRecord, marks: readonly ObservedMark[]): Violation[] {
  const last = new Map<string, ObservedMark>();
  for (const mark of marks) if (mark.head !== undefined) last.set(`${mark.user} ${mark.device}`, mark);
  const byUser = Map.groupBy(last.values(), (mark) => mark.user);
  return [...byUser].flatMap(([user, seen]) => {
    const views = new Set(seen.map(({ mark, unread }) => `mark ${mark}, unread ${unread}`));
    return views.size <= 1
      ? []
      : [inRoom("I11", record.room)(`the devices of ${user} ended with ${[...views].join(" and ")}`)];
  });
}
