import type { Limits, MemberRecord, UserId } from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import { mergeMessages } from "../domain/pages.ts";
import { countUnread, type MessageWindow, type UnreadCount } from "../domain/message-window.ts";
import { type RoomImage, windowMax } from "./room-image.ts";

export interface Standing extends UnreadCount {
  readonly mark: number;
}

/** Read marks and what is unread above them: computed from the room's one list of newest messages, never counted up. */
export class UnreadCounts {
  readonly #store: HistoryStore;
  readonly #limits: Limits;

  constructor(store: HistoryStore, limits: Limits) {
    this.#store = store;
    this.#limits = limits;
  }

  async storedMark(image: RoomImage, user: UserId): Promise<number> {
    const marks = await this.#store.marks(user, [image.room]);
    return marks[0]?.seq ?? 0;
  }

  /** The mark that holds: the one stored, the seq of joining, or one's own newest message, whichever is latest. */
  mark(image: RoomImage, member: MemberRecord, storedMark: number): number {
    const latest = Math.max(storedMark, member.sinceSeq, image.tail.newestMessageBy(member.user));
    return Math.min(latest, image.record.head);
  }

  /** Brings the room's list of newest messages into memory, once for all that ask. */
  async ready(image: RoomImage): Promise<void> {
    if (image.window !== undefined) return;
    await image.withArchive(async () => {
      const messages = await this.#newest(image, windowMax);
      image.setWindow(messages);
    });
  }

  /**
   * The member's mark and what is unread above it, both of one moment. Looks further back than the list in memory when
   * deletions leave it short.
   */
  async standing(image: RoomImage, member: MemberRecord, storedMark: number): Promise<Standing> {
    const countIn = (window: MessageWindow): Standing | undefined => {
      const mark = this.mark(image, member, storedMark);
      const count = countUnread(window, { mark, user: member.user, max: this.#limits.unreadMax });
      return count === undefined ? undefined : { mark, ...count };
    };
    await this.ready(image);
    for (let size = windowMax * 2; ; size *= 2) {
      const standing = image.window === undefined ? undefined : countIn(image.window);
      if (standing !== undefined) return standing;
      const wider = await image.withArchive(async () => countIn(await this.#newest(image, size)));
      if (wider !== undefined) return wider;
    }
  }

  async #newest(image: RoomImage, size: number): Promise<MessageWindow> {
    const tail = [...image.tail.events()];
    const archived = image.tail.firstSeq <= 1 ? [] : await this.#store.messages(image.room, { limit: size });
    const records = mergeMessages({ limit: size }, archived, image.tailSince(tail));
    return {
      messages: records.map(({ seq, author, deleted, mentions }) => ({ seq, author, deleted, mentions })),
      complete: records.length >= image.record.n,
    };
  }
}
