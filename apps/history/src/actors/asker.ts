import { type MemberRecord, ParleyError, type UserId } from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import { mayRead } from "@parley/rooms";
import { holdMember } from "./fact-fetcher.ts";
import type { RoomImage } from "./room-image.ts";

/** Who reads, as the room's head has them: may only be asked for synchronously, after all that was awaited. */
export interface Reader {
  readonly member: MemberRecord;
  /** The first seq they may see; 0: everything. */
  readonly fromSeq: number;
}

/**
 * Reads on behalf of `user`: holds their membership, lets `fetch` read the archive, then decides and answers at once.
 * `fetch` is told who reads as they were before it; what it fetched may be shown only as far as they may read after it.
 *
 * What is answered is cut at the seq at which the membership was read: both are taken synchronously from one image after
 * everything was awaited. Throws `ParleyError` (`no_such_room`, `banned`, `not_member`).
 */
export async function readAs<Fetched, Value>(
  ask: { readonly store: HistoryStore; readonly image: RoomImage; readonly user: UserId },
  fetch: (reader: Reader) => Promise<Fetched>,
  answer: (reader: Reader, fetched: Fetched) => Value,
): Promise<Value> {
  const { store, image, user } = ask;
  await holdMember(store, image, user);
  try {
    const reader = permitted(image, user);
    return await image.withArchive(async () => {
      const fetched = await fetch(reader);
      return answer(permitted(image, user), fetched);
    });
  } finally {
    image.members.release(user);
  }
}

function permitted(image: RoomImage, user: UserId): Reader {
  const member = image.member(user);
  const permission = mayRead(image.record, member);
  if (permission.kind === "refused") throw new ParleyError(permission.error);
  if (member === undefined) throw new Error("somebody may read who is no member");
  return { member, fromSeq: permission.fromSeq };
}
