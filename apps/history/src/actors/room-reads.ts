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
import { type MemberPageInput, mergeMembers, usersTouched } from "../domain/pages.ts";
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
      async () => this.#fetchMembers(image, after, limit),
      (_, fetched) => {
        const { items, more } = membersOf(image, fetched);
        const last = items.at(-1);
        return {
          items: items.map(memberView),
          ...(more && last !== undefined ? { nextCursor: last.user } : {}),
        };
      },
    );
  }

  async #fetchMembers(image: RoomImage, after: UserId | undefined, limit: number): Promise<MemberPageInput> {
    const tail = [...image.tail.events()];
    // As many more as the tail may have taken out.
    const archivedLimit = limit + usersTouched(tail).size + 1;
    const archived = await this.#store.members(image.room, { after, limit: archivedLimit });
    return { archived, archivedLimit, tail, after, limit };
  }

  /** Raises the mark, never above the head; answers the mark that holds then and what is unread above it. */
  async read(image: RoomImage, { user, seq }: OwnerAsk<"read">): Promise<OwnerAnswerBody<"read">> {
    await this.#member(image, user);
    const asked = Math.min(seq, image.record.head);
    if (asked > (await this.#unread.storedMark(image, user))) {
      await this.#store.raiseMark(user, image.room, asked);
    }
    const { mark, unread } = await this.#unread.standing(image, user);
    return { seq: mark, unread, memberCount: image.record.memberCount };
  }

  /** All of one moment: the head, what is unread below it, and the last message. */
  async overview(image: RoomImage, user: UserId): Promise<RoomOverview> {
    return this.#unread.lookingBack(async (size) =>
      readAs(
        { store: this.#store, image, user },
        async () => ({
          standing: await this.#unread.fetch(image, user, size),
          newest: await this.#messages.fetch(image, user, { limit: 1 }),
          members: image.record.kind === "direct" ? await this.#fetchMembers(image, undefined, 2) : undefined,
        }),
        (reader, fetched) => {
          const standing = this.#unread.standingOf(image, reader.member, fetched.standing);
          if (standing === undefined) return undefined;
          const [lastMessage] = this.#messages.pageOf(image, reader, fetched.newest).items;
          const members = fetched.members === undefined ? [] : membersOf(image, fetched.members).items;
          const peer = members.find((member) => member.user !== user)?.user;
          const { settings: _, role: __, ...view } = roomView(image.record, image.epoch, undefined);
          return {
            ...view,
            ...(peer === undefined ? {} : { peer }),
            role: reader.member.role,
            ...standing,
            ...(lastMessage === undefined ? {} : { lastMessage }),
          };
        },
      ),
    );
  }

  async #member(image: RoomImage, user: UserId): Promise<MemberRecord> {
    return readAs(
      { store: this.#store, image, user },
      async () => Promise.resolve(),
      ({ member }) => member,
    );
  }
}

/** The page at the image's head. An archived row above that head means that another owner is ahead of this image. */
function membersOf(image: RoomImage, fetched: MemberPageInput): ReturnType<typeof mergeMembers> {
  if (fetched.archived.some(({ lastSeq }) => lastSeq > image.record.head)) image.dropped = true;
  return mergeMembers({ ...fetched, tail: image.tailSince(fetched.tail) });
}
