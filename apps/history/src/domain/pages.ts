import type { MemberRecord, MessageRecord, PageQuery, RoomEvent, UserId } from "@parley/protocol";
import { memberAfter, messageAfter, usersOf } from "./facts.ts";

/** One direction of a page: `before` towards older, `after` towards newer, neither = the newest. */
export interface Slice {
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
}

/**
 * A page as the slices it is made of. `around` is the message and what is before it, then what is after it, about half
 * of the page each.
 */
export function slicesOf({ before, after, around, limit }: PageQuery): readonly Slice[] {
  if (around !== undefined) {
    const newer = Math.floor(limit / 2);
    const older = { before: around + 1, limit: limit - newer };
    return newer === 0 ? [older] : [older, { after: around, limit: newer }];
  }
  if (after !== undefined) return [{ after, limit }];
  return [before === undefined ? { limit } : { before, limit }];
}

const inSlice = (slice: Slice, seq: number): boolean =>
  seq < (slice.before ?? Number.POSITIVE_INFINITY) && seq > (slice.after ?? 0);

/**
 * Archived messages brought up to the tail's events, with the messages that only the tail has. Both ascend; so does the
 * answer, of at most `slice.limit` messages: the oldest of them for `after`, else the newest.
 */
export function mergeMessages(
  slice: Slice,
  archived: readonly MessageRecord[],
  tail: readonly RoomEvent[],
): readonly MessageRecord[] {
  const merged = new Map(archived.map((record) => [record.seq, record]));
  for (const event of tail) {
    if (event.kind === "message.created") {
      if (inSlice(slice, event.seq))
        setDefined(merged, event.seq, messageAfter(event.seq, merged.get(event.seq), [event]));
    } else if ("target" in event && merged.has(event.target)) {
      setDefined(merged, event.target, messageAfter(event.target, merged.get(event.target), [event]));
    }
  }
  const ascending = [...merged.values()].sort((left, right) => left.seq - right.seq);
  return slice.after === undefined ? ascending.slice(-slice.limit) : ascending.slice(0, slice.limit);
}

function setDefined(map: Map<number, MessageRecord>, seq: number, record: MessageRecord | undefined): void {
  if (record !== undefined) map.set(seq, record);
}

/** Users whose membership the tail's events may change. */
export const usersTouched = (tail: readonly RoomEvent[]): ReadonlySet<UserId> =>
  new Set(tail.flatMap(usersOf));

export interface MemberPageInput {
  readonly after: UserId | undefined;
  readonly limit: number;
  /** Active members above `after` by the archive, ascending, at most `archivedLimit`. */
  readonly archived: readonly MemberRecord[];
  readonly archivedLimit: number;
  readonly tail: readonly RoomEvent[];
}

/** Active members above `after`, ascending, at most `limit`, and whether there may be more. */
export function mergeMembers(input: MemberPageInput): {
  readonly items: readonly MemberRecord[];
  readonly more: boolean;
} {
  const { after, limit, archived, archivedLimit, tail } = input;
  const full = archived.length === archivedLimit;
  const end = full ? archived.at(-1)?.user : undefined;
  const merged = new Map(archived.map((record) => [record.user, record]));
  for (const user of usersTouched(tail)) {
    if ((after !== undefined && user <= after) || (end !== undefined && user > end)) continue;
    // Who has no row here was no active member: whatever makes them one since is in the tail, with all it says.
    const member = memberAfter(user, merged.get(user), tail);
    if (member !== undefined) merged.set(user, member);
  }
  const active = [...merged.values()]
    .filter(({ status }) => status === "active")
    .sort((left, right) => (left.user < right.user ? -1 : 1));
  return { items: active.slice(0, limit), more: full || active.length > limit };
}
