import type { RecordedHistory, RoomRecord } from "../recorded-history.ts";
import { RoomFold } from "../room-fold.ts";
import { acknowledgedIsInLog, keysAreAppliedOnce, refusalsAreFinal } from "./answers.ts";
import { appliedIsInLog, endsAtHead, placesNeverGoBack, runsAreContiguous } from "./applied.ts";
import { authorsAreMembers, removedReceiveNothing } from "./membership.ts";
import { logIsDense, logNeverChanges, realTimeOrderHolds, sessionsAreFifo } from "./order.ts";
import { messagesAreTheirFold, pagesAreTheLog } from "./pages.ts";
import { devicesAgree, unreadIsComputed } from "./unread.ts";
import type { Violation } from "./violation.ts";

/**
 * Every promise about rooms, checked against what was recorded.
 *
 * The log exposes its total order, so nothing is searched: what was acknowledged, applied and shown is compared with the
 * order, and the order with a model of its own. Clients that are members to the end must be at the head.
 */
export const checkHistory = (history: RecordedHistory): Violation[] =>
  history.rooms.flatMap((record) => checkRoom(record, history));

function checkRoom(record: RoomRecord, history: RecordedHistory): Violation[] {
  const here = (one: { readonly room: string }) => one.room === record.room;
  const fold = new RoomFold(record.log);
  const invocations = history.invocations.filter(here);
  const marks = history.marks.filter(here);
  return [
    ...acknowledgedIsInLog(record, invocations),
    ...keysAreAppliedOnce(record, invocations),
    ...refusalsAreFinal(record, invocations),
    ...sessionsAreFifo(record, invocations),
    ...realTimeOrderHolds(record, invocations),
    ...logIsDense(record),
    ...logNeverChanges(record),
    ...authorsAreMembers(record),
    ...pagesAreTheLog(record, fold),
    ...messagesAreTheirFold(record, fold),
    ...unreadIsComputed(record, marks),
    ...devicesAgree(record, marks),
    ...history.applied
      .filter(here)
      .flatMap((applied) => [
        ...runsAreContiguous(applied),
        ...appliedIsInLog(record, applied),
        ...placesNeverGoBack(applied),
        ...removedReceiveNothing(record, fold, applied),
        ...(fold.isMember(applied.user) ? endsAtHead(record, applied) : []),
      ]),
  ];
}

/** At most `max` violations as lines, for a test's message. */
export function report(violations: readonly Violation[], max = 10): string {
  const lines = violations
    .slice(0, max)
    .map(({ invariant, room, detail }) => `${invariant} ${room}: ${detail}`);
  const more = violations.length - lines.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join("\n");
}
