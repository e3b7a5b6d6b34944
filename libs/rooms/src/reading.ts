import {
  isReservedRoom,
  type MemberRecord,
  type MessageRecord,
  type RoomRecord,
  type UserId,
  wireError,
  type WireError,
} from "@parley/protocol";
import type { Facts } from "./model.ts";

/** From which seq on somebody may read (0: everything), or why not at all. */
export type ReadPermission =
  | { readonly kind: "from"; readonly fromSeq: number }
  | { readonly kind: "refused"; readonly error: WireError };

const refused = (error: WireError): ReadPermission => ({ kind: "refused", error });

/**
 * What `member` may read of `room`: members read, from the first event or, where history is `since-join`, from the event
 * by which they last came in. `member` is what the room knows of the asker, `undefined` for nothing.
 *
 * Refusals: `no_such_room` (also for rooms of the service), `banned`, `not_member`.
 */
export function mayRead(room: RoomRecord, member: MemberRecord | undefined): ReadPermission {
  if (room.head === 0 || isReservedRoom(room.room)) {
    return refused(wireError("no_such_room", `no room ${room.room} is known`));
  }
  if (member?.status === "banned") {
    return refused(wireError("banned", `${member.user} is banned from ${room.room}`));
  }
  if (member?.status !== "active") {
    return refused(wireError("not_member", `only members read ${room.room}`));
  }
  return { kind: "from", fromSeq: room.settings.history === "since-join" ? member.sinceSeq : 0 };
}

/**
 * The message `seq`, if `author` may act on it. What one may not read does not exist for one, but for one's own: they can
 * be taken back after a return to a room whose history begins with joining.
 */
export function addressable(
  room: RoomRecord,
  seq: number,
  { author, facts }: { readonly author: UserId; readonly facts: Facts },
): MessageRecord | undefined {
  const message = facts.messages.get(seq);
  if (message === undefined || message.author === author) return message;
  const read = mayRead(room, facts.members.get(author));
  return read.kind === "from" && seq >= read.fromSeq ? message : undefined;
}

export interface UnreadQuestion {
  readonly mark: number;
  readonly user: UserId;
  readonly max: number;
}

/**
 * Unread messages of `user`: those above the mark that are not deleted, and of them those that mention the user. Both
 * are counted no further than the newest `max`. One's own need no exception: to send moves one's own mark.
 *
 * `messages` ascend by seq and are exact when they reach down to the mark or hold `max` undeleted ones; so one cached list of
 * a room's newest messages serves all its members.
 */
export function unread(
  messages: readonly Pick<MessageRecord, "seq" | "deleted" | "mentions">[],
  { mark, user, max }: UnreadQuestion,
): { readonly unread: number; readonly mentions: number } {
  let count = 0;
  let mentions = 0;
  for (let index = messages.length - 1; index >= 0 && count < max; index -= 1) {
    const message = messages[index];
    if (message === undefined || message.seq <= mark) break;
    if (message.deleted) continue;
    count += 1;
    if (message.mentions.includes(user)) mentions += 1;
  }
  return { unread: count, mentions };
}
