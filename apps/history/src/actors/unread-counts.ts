import type { Limits, MemberRecord, MessageRecord, RoomEvent, UserId } from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import { mergeMessages } from "../domain/pages.ts";
import { type HistoryFault, lostMarkEvery } from "../domain/faults.ts";
import { countUnread, type MessageWindow, type UnreadCount } from "../domain/message-window.ts";
import { readAs } from "./asker.ts";
import { sharedMessages } from "./message-reads.ts";
import { type RoomImage, windowMax } from "./room-image.ts";

export interface Standing extends UnreadCount {
  readonly mark: number;
}

/** What a member's standing is computed from, as the archive has it. */
export interface FetchedStanding {
  readonly storedMark: number;
  /** `undefined` when the list in memory is to serve. */
  readonly newest: FetchedNewest | undefined;
}

interface FetchedNewest {
  /** At most so many messages were asked for. */
  readonly size: number;
  readonly archived: readonly MessageRecord[];
  readonly tail: readonly RoomEvent[];
}

/** Read marks and what is unread above them: computed from the room's one list of newest messages, never counted up. */
export class UnreadCounts {
  readonly #store: HistoryStore;
  readonly #limits: Limits;
  readonly #faults: ReadonlySet<HistoryFault>;
  #markLookUps = 0;

  constructor(store: HistoryStore, limits: Limits, faults: ReadonlySet<HistoryFault>) {
    this.#store = store;
    this.#limits = limits;
    this.#faults = faults;
  }

  async storedMark(image: RoomImage, user: UserId): Promise<number> {
    this.#markLookUps += 1;
    if (this.#faults.has("lose-marks") && this.#markLookUps % lostMarkEvery === 0) return 0;
    const marks = await this.#store.marks(user, [image.room]);
    return marks[0]?.seq ?? 0;
  }

  /** The mark that holds: the one stored, the seq of joining, or one's own newest message, whichever is latest. */
  mark(image: RoomImage, member: MemberRecord, storedMark: number): number {
    const latest = Math.max(storedMark, member.sinceSeq, image.tail.newestMessageBy(member.user));
    return Math.min(latest, image.record.head);
  }

  /** The member's mark and what is unread above it, both of one moment. */
  async standing(image: RoomImage, user: UserId): Promise<Standing> {
    return this.lookingBack(async (size) =>
      readAs(
        { store: this.#store, image, user },
        async () => this.fetch(image, user, size),
        ({ member }, fetched) => this.standingOf(image, member, fetched),
      ),
    );
  }

  /** Repeats `read` with a longer list until it reaches back far enough: deletions may leave the one in memory short. */
  async lookingBack<Value>(read: (size: number) => Promise<Value | undefined>): Promise<Value> {
    for (let size = windowMax; ; size *= 2) {
      const value = await read(size);
      if (value !== undefined) return value;
    }
  }

  /** What `standingOf` needs of the archive. Both belong into one `readAs`. */
  async fetch(image: RoomImage, user: UserId, size: number): Promise<FetchedStanding> {
    const storedMark = await this.storedMark(image, user);
    if (image.window !== undefined && size <= windowMax) return { storedMark, newest: undefined };
    const tail = [...image.tail.events()];
    const archived =
      image.tail.firstSeq <= 1 ? [] : await sharedMessages(this.#store, image, { limit: size });
    return { storedMark, newest: { size, archived, tail } };
  }

  /** `undefined` when the list does not reach back far enough to say. */
  standingOf(
    image: RoomImage,
    member: MemberRecord,
    { storedMark, newest }: FetchedStanding,
  ): Standing | undefined {
    const window = newest === undefined ? image.window : windowOf(image, newest);
    if (window === undefined) return undefined;
    if (newest?.size === windowMax) image.setWindow(window);
    const mark = this.mark(image, member, storedMark);
    const count = countUnread(window, { mark, user: member.user, max: this.#limits.unreadMax });
    return count === undefined ? undefined : { mark, ...count };
  }
}

function windowOf(image: RoomImage, { size, archived, tail }: FetchedNewest): MessageWindow {
  const records = mergeMessages({ limit: size }, archived, image.tailSince(tail));
  return {
    messages: records.map(({ seq, author, deleted, mentions }) => ({ seq, author, deleted, mentions })),
    // Not by the room's count of messages: of one that could not be read there is no record.
    complete: records.length < size,
  };
}
