import { isDeepStrictEqual } from "node:util";
import type { AppliedHistory, AppliedStep, RoomRecord } from "../recorded-history.ts";
import { describe } from "./answers.ts";
import { inRoom, type Violation } from "./violation.ts";

interface Place {
  readonly epoch: number;
  readonly seq: number;
}

const placeOf = (step: AppliedStep): Place =>
  step.kind === "start" ? step : { epoch: step.epoch, seq: step.event.seq };

/** Walks a client's steps with the place each was applied at. */
function walk(
  applied: AppliedHistory,
  look: (at: Place | undefined, step: AppliedStep) => Violation[],
): Violation[] {
  let at: Place | undefined;
  return applied.steps.flatMap((step) => {
    const found = look(at, step);
    at = placeOf(step);
    return found;
  });
}

/** I3: a client applies a contiguous, strictly increasing run from its start. */
export function runsAreContiguous(applied: AppliedHistory): Violation[] {
  const violation = inRoom("I3", applied.room);
  return walk(applied, (at, step) => {
    if (step.kind === "start") return [];
    if (at === undefined) return [violation(`${applied.device} applied ${step.event.seq} before any start`)];
    if (step.event.seq === at.seq + 1) return [];
    return [violation(`${applied.device} applied ${step.event.seq} after ${at.seq}`)];
  });
}

/** I5: a client applies what the log has, unchanged, of this room. */
export function appliedIsInLog(record: RoomRecord, applied: AppliedHistory): Violation[] {
  const violation = inRoom("I5", record.room);
  return applied.steps.flatMap((step) => {
    if (step.kind === "start") return [];
    const stored = record.log[step.event.seq - 1];
    if (stored !== undefined && isDeepStrictEqual(stored, step.event)) return [];
    const there = stored === undefined ? "nothing" : describe(stored);
    return [violation(`${applied.device} applied ${describe(step.event)}; the log has ${there}`)];
  });
}

/** I14: a client's place never goes back, and another epoch begins with a new start. */
export function placesNeverGoBack(applied: AppliedHistory): Violation[] {
  const violation = inRoom("I14", applied.room);
  return walk(applied, (at, step) => {
    const to = placeOf(step);
    if (at === undefined) return [];
    const back = to.epoch < at.epoch || (to.epoch === at.epoch && to.seq < at.seq);
    const unannounced = step.kind === "event" && to.epoch !== at.epoch;
    if (!back && !unannounced) return [];
    return [
      violation(`${applied.device} went from ${at.epoch}:${at.seq} to ${to.epoch}:${to.seq} by ${step.kind}`),
    ];
  });
}

/** L1: every client ends at the room's head; reported as I3, whose run it cuts short. */
export function endsAtHead(record: RoomRecord, applied: AppliedHistory): Violation[] {
  const last = applied.steps.at(-1);
  const seq = last === undefined ? 0 : placeOf(last).seq;
  if (seq === record.log.length) return [];
  return [inRoom("I3", record.room)(`${applied.device} ended at ${seq} of ${record.log.length}`)];
}
