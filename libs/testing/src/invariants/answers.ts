import type { RoomEvent } from "@parley/protocol";
import type { Invocation, RoomRecord } from "../recorded-history.ts";
import { inRoom, type Violation } from "./violation.ts";

/**
 * I1: every acknowledged change is in the log, at its place, with its content.
 * An acknowledged command that changed nothing (reacting twice) names the head of then, so only sends and edits, which
 * always make an event, are looked up by content.
 */
export function acknowledgedIsInLog(record: RoomRecord, invocations: readonly Invocation[]): Violation[] {
  const violation = inRoom("I1", record.room);
  return invocations.flatMap((invocation) =>
    invocation.answers.flatMap((answer) => {
      if (answer.outcome !== "ok") return [];
      const stored = record.log[answer.seq - 1];
      const asked = `${invocation.action.kind} ${invocation.key}, acknowledged at ${answer.seq},`;
      if (stored === undefined)
        return [violation(`${asked} is not in the log, which ends at ${record.log.length}`)];
      if (!alwaysMakesAnEvent(invocation) || isEventOf(stored, invocation)) return [];
      return [violation(`${asked} finds there ${describe(stored)}`)];
    }),
  );
}

/** I2: no author's key makes two events of a room, and all acknowledgements of a key name the same place. */
export function keysAreAppliedOnce(record: RoomRecord, invocations: readonly Invocation[]): Violation[] {
  const violation = inRoom("I2", record.room);
  const places = new Map<string, number>();
  const twice = record.log.flatMap((event) => {
    if (event.key === undefined) return [];
    const name = `${event.author} ${event.key}`;
    const before = places.get(name);
    places.set(name, event.seq);
    return before === undefined ? [] : [violation(`${name} is at ${before} and again at ${event.seq}`)];
  });
  const moved = invocations.flatMap(({ key, answers }) => {
    const seqs = new Set(answers.flatMap((answer) => (answer.outcome === "ok" ? [answer.seq] : [])));
    return seqs.size <= 1 ? [] : [violation(`${key} was acknowledged at ${[...seqs].join(" and at ")}`)];
  });
  return [...twice, ...moved];
}

/** I12: what got a final refusal is never in the log, and its key gets the same refusal for ever. */
export function refusalsAreFinal(record: RoomRecord, invocations: readonly Invocation[]): Violation[] {
  const violation = inRoom("I12", record.room);
  const stored = new Map(record.log.map((event) => [`${event.author} ${event.key}`, event.seq]));
  return invocations.flatMap(({ author, key, answers }) => {
    const refusals = answers.filter((answer) => answer.outcome === "refused");
    const [first] = refusals;
    if (first === undefined) return [];
    const seq = stored.get(`${author} ${key}`);
    const other = answers.find((answer) => answer.outcome !== "refused" || answer.code !== first.code);
    return [
      ...(seq === undefined ? [] : [violation(`${key} was refused with ${first.code} and is at ${seq}`)]),
      ...(other === undefined
        ? []
        : [violation(`${key} was refused with ${first.code} and also got ${JSON.stringify(other)}`)]),
    ];
  });
}

const alwaysMakesAnEvent = ({ action }: Invocation): boolean =>
  action.kind === "send" || action.kind === "edit";

function isEventOf(event: RoomEvent, { author, key, action }: Invocation): boolean {
  if (event.author !== author || event.key !== key) return false;
  if (action.kind === "send") return event.kind === "message.created" && event.text === action.text;
  if (action.kind === "edit") {
    return event.kind === "message.edited" && event.target === action.seq && event.text === action.text;
  }
  return true;
}

export const describe = (event: RoomEvent): string =>
  `${event.kind} ${event.key ?? "without key"} of ${event.author}: ${JSON.stringify(event).slice(0, 200)}`;
