import {
  type MemberRecord,
  type OwnerAnswerBody,
  type OwnerAsk,
  type RoomOverview,
  type RoomView,
  type UserId,
  parseUserId,
} from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import { mergeMembers, usersTouched } from "../domain/pages.ts";
import { memberView, roomView } from "../domain/views.ts";
import { readAs } from "./asker.ts";
import type { MessageReads } from "./message-reads.ts";
import type { RoomImage } from "./room-image.ts";
import type { UnreadCounts } from "./unread-counts.ts";

/** Reads what a room is, who is in it, and how it stands to one member. */
export class RoomReads {
  readonly #store: HistoryStore;
  readonly #messages: MessageReads;
  readonly #unread: UnreadCounts;

  constructor(store: HistoryStore, messages: MessageReads, unread: UnreadCounts) {
    this.#store = store;
    this.#messages = messages;
    this.#unread = unread;
  }

  async view(image: RoomImage, user: UserId): Promise<RoomView> {
    return roomView(image.record, image.epoch, await this.#member(image, user));
  }

  /** Active members by id. `cursor` is the last id of the page before. */
  async members(
    image: RoomImage,
    { user, cursor, limit }: OwnerAsk<"members">,
  ): Promise<OwnerAnswerBody<"members">> {
    const after = parseUserId(cursor);
    return readAs(
      { store: this.#store, image, user },
      async () => {
        const tail = [...image.tail.events()];
        const users = [...usersTouched(tail)];
        const archivedLimit = limit + users.length + 1;
        const [archived, rows] = await Promise.all([
          this.#store.members(image.room, { after, limit: archivedLimit }),
          Promise.all(users.map(async (id) => [id, await this.#store.member(image.room, id)] as const)),
        ]);
        return { archived, archivedLimit, touched: new Map(rows), tail, after, limit };
      },
      (_, fetched) => {
        const tail = image.tailSince(fetched.tail);
        const { items, more } = mergeMembers({ ...fetched, tail });
        const last = items.at(-1);
        return {
          items: items.map(memberView),
          ...(more && last !== undefined ? { nextCursor: last.user } : {}),
        };
      },
    );
  }

  /** Raises the mark, never above the head; answers the mark that holds then and what is unread above it. */
  async read(image: RoomImage, { user, seq }: OwnerAsk<"read">): Promise<OwnerAnswerBody<"read">> {
    const member = await this.#member(image, user);
    const asked = Math.min(seq, image.record.head);
    const stored = await this.#unread.storedMark(image, user);
    if (asked > stored) await this.#store.raiseMark(user, image.room, asked);
    const { mark, unread } = await this.#unread.standing(image, member, Math.max(stored, asked));
    return { seq: mark, unread, memberCount: image.record.memberCount };
  }

  async overview(image: RoomImage, user: UserId): Promise<RoomOverview> {
    const storedMark = await this.#unread.storedMark(image, user);
    const [lastMessage] = (await this.#messages.newest(image, user, 1)).items;
    const peer = image.record.kind === "direct" ? await this.#peer(image, user) : undefined;
    const member = await this.#member(image, user);
    const standing = await this.#unread.standing(image, member, storedMark);
    const { settings: _, role: __, ...view } = roomView(image.record, image.epoch, undefined);
    return {
      ...view,
      ...(peer === undefined ? {} : { peer }),
      role: member.role,
      ...standing,
      ...(lastMessage === undefined ? {} : { lastMessage }),
    };
  }

  async #member(image: RoomImage, user: UserId): Promise<MemberRecord> {
    return readAs(
      { store: this.#store, image, user },
      async () => Promise.resolve(),
      ({ member }) => member,
    );
  }

  async #peer(image: RoomImage, user: UserId): Promise<UserId | undefined> {
    const { items } = await this.members(image, { room: image.room, user, limit: 2 });
    return items.find((member) => member.user !== user)?.user;
  }
}
