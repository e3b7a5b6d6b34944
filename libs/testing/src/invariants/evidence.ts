import type { RecordedHistory, RoomRecord } from "../recorded-history.ts";
import { RoomFold } from "../room-fold.ts";
import { timed } from "./order.ts";
import type { InvariantName } from "./violation.ts";

/** On how many things each promise was checked. */
export type Evidence = Readonly<Record<InvariantName, number>>;

/**
 * How much a history can show: a promise of which it holds nothing is not kept but unchecked, and `checkHistory` cannot
 * tell the two apart.
 */
export function evidenceOf({ rooms, invocations, applied, marks }: RecordedHistory): Evidence {
  const sum = (count: (record: RoomRecord) => number) =>
    rooms.reduce((total, record) => total + count(record), 0);
  const of = (record: RoomRecord) => invocations.filter(({ room }) => room === record.room);
  const appliedEvents = applied.flatMap(({ steps }) => steps.filter(({ kind }) => kind === "event")).length;
  return {
    I1: invocations.filter(({ answers }) => answers.some(({ outcome }) => outcome === "ok")).length,
    I2: sum(({ log }) => log.filter(({ key }) => key !== undefined).length),
    I3: appliedEvents,
    I4: sum((record) => {
      const commands = timed(record, of(record));
      return commands.length - new Set(commands.map(({ session }) => session)).size;
    }),
    I5: appliedEvents,
    I6: sum((record) => afterAnAnswer(timed(record, of(record)))),
    I7: sum((record) => receivedByRemoved(record, applied)),
    I8: sum(({ log }) => log.length),
    I9: sum(({ pages }) => pages.flat().length),
    I10: sum(({ pages }) => pages.flat().filter((one) => one.version > 1 || one.reactions.length > 0).length),
    I11: marks.filter(({ head, unread }) => head !== undefined && unread !== undefined && unread > 0).length,
    I12: invocations.filter(({ answers }) => answers.some(({ outcome }) => outcome === "refused")).length,
    I13: sum(({ earlierLogs }) => earlierLogs.flat().length),
    I14: appliedEvents,
  };
}

/** The promises of which there is no evidence at all. */
export const unchecked = (evidence: Evidence): InvariantName[] =>
  (Object.keys(evidence) as InvariantName[]).filter((name) => evidence[name] === 0);

function afterAnAnswer(commands: ReturnType<typeof timed>): number {
  const firstEndMs = Math.min(...commands.map(({ endedMs }) => endedMs));
  return commands.filter(({ startedMs }) => startedMs > firstEndMs).length;
}

/** Events that reached those who were taken out, at the end or meanwhile. */
function receivedByRemoved(record: RoomRecord, applied: RecordedHistory["applied"]): number {
  const { windows } = new RoomFold(record.log);
  const removed = (user: (typeof applied)[number]["user"]) =>
    windows.get(user)?.some(({ to }) => to !== undefined) === true;
  return applied
    .filter((one) => one.room === record.room && removed(one.user))
    .reduce((total, { steps }) => total + steps.length, 0);
}
