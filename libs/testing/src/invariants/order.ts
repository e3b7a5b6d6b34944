import type { Invocation, RoomRecord } from "../recorded-history.ts";
import { inRoom, type Violation } from "./violation.ts";

interface Timed {
  readonly key: string;
  readonly session: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly seq: number;
}

/** Commands that made an event, with the time of their first acknowledgement. */
export function timed(record: RoomRecord, invocations: readonly Invocation[]): Timed[] {
  return invocations.flatMap(({ key, author, session, startedMs, answers }) => {
    const ack = answers.find((answer) => answer.outcome === "ok");
    if (ack === undefined) return [];
    const event = record.log[ack.seq - 1];
    if (event?.key !== key || event.author !== author) return [];
    return [{ key, session, startedMs, endedMs: ack.atMs, seq: ack.seq }];
  });
}

/** I4: what one session asked in a room is in the log in the order in which it was asked. */
export function sessionsAreFifo(record: RoomRecord, invocations: readonly Invocation[]): Violation[] {
  const violation = inRoom("I4", record.room);
  const last = new Map<string, Timed>();
  // `invocations` are in the order of asking.
  return timed(record, invocations).flatMap((command) => {
    const before = last.get(command.session);
    last.set(command.session, command);
    if (before === undefined || before.seq < command.seq) return [];
    return [violation(`${before.key} at ${before.seq} was asked before ${command.key} at ${command.seq}`)];
  });
}

/**
 * I6: what was acknowledged before something else was asked comes earlier in the log.
 * Walking the commands by the time of asking, the largest seq acknowledged so far must stay below.
 */
export function realTimeOrderHolds(record: RoomRecord, invocations: readonly Invocation[]): Violation[] {
  const violation = inRoom("I6", record.room);
  const commands = timed(record, invocations);
  const starts = [...commands].sort((left, right) => left.startedMs - right.startedMs);
  const ends = [...commands].sort((left, right) => left.endedMs - right.endedMs);
  let ended = 0;
  let newest: Timed | undefined;
  return starts.flatMap((command) => {
    for (let end = ends[ended]; end !== undefined && end.endedMs < command.startedMs; end = ends[ended]) {
      if (newest === undefined || end.seq > newest.seq) newest = end;
      ended += 1;
    }
    if (newest === undefined || newest.seq < command.seq) return [];
    return [
      violation(
        `${newest.key} at ${newest.seq} was acknowledged before ${command.key} at ${command.seq} was asked`,
      ),
    ];
  });
}

/** The log itself: seqs 1, 2, 3 …, message numbers that count messages, times that never go back. Reported as I9. */
export function logIsDense(record: RoomRecord): Violation[] {
  const violation = inRoom("I9", record.room);
  const faults: Violation[] = [];
  let messages = 0;
  let ts = "";
  for (const [index, event] of record.log.entries()) {
    if (event.kind === "message.created") messages += 1;
    if (event.seq !== index + 1) faults.push(violation(`the log has ${event.seq} at place ${index + 1}`));
    if (event.n !== messages) faults.push(violation(`${event.seq} has n ${event.n}, not ${messages}`));
    if (event.ts < ts) faults.push(violation(`${event.seq} has ${event.ts}, which is before ${ts}`));
    ts = event.ts;
  }
  return faults;
}

/** I13: what was once read of the log is a beginning of every later reading. */
export function logNeverChanges(record: RoomRecord): Violation[] {
  const violation = inRoom("I13", record.room);
  return record.earlierLogs.flatMap((earlier) => {
    const changed = earlier.find(
      (event, index) => JSON.stringify(event) !== JSON.stringify(record.log[index]),
    );
    if (changed === undefined) return [];
    return [
      violation(
        `${changed.seq} was ${JSON.stringify(changed)} and is ${JSON.stringify(record.log[changed.seq - 1])}`,
      ),
    ];
  });
}
