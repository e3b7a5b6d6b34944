import type { HistoryStore } from "@parley/history-store";
import type { Command, RoomEvent, StoredAnswer } from "@parley/protocol";
import { provesAnswer } from "../domain/answers.ts";
import type { RoomImage } from "./room-image.ts";

/** What the archive said of a key. */
export interface LookUp {
  readonly answer: StoredAnswer | undefined;
  /** The event that an `ok` named. */
  readonly event: RoomEvent | undefined;
  readonly image: RoomImage;
  /** Position of the newest entry in memory when the archive was asked: the key is in none up to here that was held. */
  readonly position: number;
}

/** One point read for a key that is not in memory now. Throws what the store throws. */
export async function lookUpKey(store: HistoryStore, image: RoomImage, command: Command): Promise<LookUp> {
  const { room, author, key } = command;
  return image.withArchive(async () => {
    const { position } = image;
    const answer = await store.answer(room, author, key);
    const nothing = { answer: undefined, event: undefined, image, position };
    if (answer?.outcome !== "ok") return { ...nothing, answer };
    const event = image.tail.event(answer.seq) ?? (await store.events(room, answer.seq - 1, 1))[0];
    return provesAnswer(answer, event) ? { ...nothing, answer, event } : nothing;
  });
}

/**
 * Whether a look-up still says all there is to say of its key, together with the tail of `image`.
 *
 * An answer found is the answer for ever. That there was none holds while every later answer is in memory: another owner
 * may have given one since, which was archived before this image was loaded; or this one, and has forgotten it.
 */
export const stillSays = (lookUp: LookUp, image: RoomImage): boolean =>
  lookUp.answer !== undefined || (lookUp.image === image && image.tail.forgottenTo <= lookUp.position);
