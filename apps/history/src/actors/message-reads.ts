import {
  type Limits,
  type MessageRecord,
  type MessageView,
  type OwnerAnswerBody,
  type OwnerAsk,
  type PageQuery,
  ParleyError,
  type RoomEvent,
  type RoomRecord,
  type UserId,
  utf8Bytes,
  wireError,
} from "@parley/protocol";
import type { HistoryStore, Reaction } from "@parley/history-store";
import type { HistoryFault } from "../domain/faults.ts";
import { reactedAfter } from "../domain/facts.ts";
import { mergeMessages, type Slice, slicesOf } from "../domain/pages.ts";
import { messageView } from "../domain/views.ts";
import { readAs, type Reader } from "./asker.ts";
import type { RoomImage } from "./room-image.ts";

/** A page as the archive has it, and what the tail held then. */
export interface FetchedPage {
  readonly slices: readonly { readonly slice: Slice; readonly archived: readonly MessageRecord[] }[];
  readonly mine: readonly Reaction[];
  /** The tail when the archive was asked: with the newer events it leaves no hole. */
  readonly tail: readonly RoomEvent[];
}

interface PageAt extends OwnerAnswerBody<"messages"> {
  /** The room at the head at which the page was read. */
  readonly record: RoomRecord;
}

/** Reads messages of one room, archive and tail merged. */
export class MessageReads {
  readonly #store: HistoryStore;
  readonly #limits: Pick<Limits, "pageBytesMax">;
  readonly #faults: ReadonlySet<HistoryFault>;

  constructor(store: HistoryStore, limits: Pick<Limits, "pageBytesMax">, faults: ReadonlySet<HistoryFault>) {
    this.#store = store;
    this.#limits = limits;
    this.#faults = faults;
  }

  async page(image: RoomImage, ask: OwnerAsk<"messages">): Promise<OwnerAnswerBody<"messages">> {
    const { items, more } = await this.#pageAt(image, ask);
    return { items, more };
  }

  async #pageAt(
    image: RoomImage,
    { user, page, bytesMax }: Omit<OwnerAsk<"messages">, "room"> & { readonly bytesMax?: number | undefined },
  ): Promise<PageAt> {
    return readAs(
      { store: this.#store, image, user },
      async () => this.fetch(image, user, page),
      (reader, fetched) => this.pageOf(image, reader, { ...fetched, bytesMax }),
    );
  }

  /** What `pageOf` needs of the archive. Both belong into one `readAs`. */
  async fetch(image: RoomImage, user: UserId, page: PageQuery): Promise<FetchedPage> {
    // One more of each slice tells whether there are more.
    const slices = slicesOf(page).map((slice) => ({ ...slice, limit: slice.limit + 1 }));
    const tail = [...image.tail.events()];
    const archiveEnd = image.tail.firstSeq;
    const fetched = await Promise.all(
      slices.map(async (slice) => {
        const covered = archiveEnd <= 1 || coveredByTail(slice, tail, archiveEnd);
        return { slice, archived: covered ? [] : await sharedMessages(this.#store, image, slice) };
      }),
    );
    const reacted = fetched.flatMap(({ archived }) => archived.filter(hasReactions).map(({ seq }) => seq));
    const mine = reacted.length === 0 ? [] : await this.#store.reactionsBy(image.room, user, reacted);
    return { slices: fetched, mine, tail };
  }

  pageOf(
    image: RoomImage,
    { member, fromSeq }: Reader,
    {
      bytesMax = this.#limits.pageBytesMax,
      ...fetched
    }: FetchedPage & { readonly bytesMax?: number | undefined },
  ): PageAt {
    const tail = image.tailSince(fetched.tail);
    const share = { fromSeq, bytesMax: bytesMax / fetched.slices.length };
    const pages = fetched.slices.map(({ slice, archived }) =>
      cut(slice, mergeMessages(slice, archived, tail), share),
    );
    const records = pages.flatMap(({ records: items }) => items);
    assertNotBehind(image, records);
    const mine = reactionsOf(member.user, fetched.mine, tail);
    const risen = this.#faults.has("resurrect-deleted") ? { deleted: false } : {};
    const items = records.map((record) => messageView(image.room, { ...record, ...risen }, mine(record)));
    return { items, more: pages[0]?.more ?? false, record: image.record };
  }

  async one(
    image: RoomImage,
    { user, seq }: OwnerAsk<"message">,
  ): Promise<{ readonly message: MessageView }> {
    const { items } = await this.page(image, { room: image.room, user, page: { around: seq, limit: 1 } });
    const message = items.find((item) => item.seq === seq);
    if (message === undefined)
      throw new ParleyError(wireError("no_such_message", `${image.room} has no message ${seq}`));
    return { message };
  }

  /**
   * The newest messages as `user` may see them, as many as fit and at least one, and the room at the very head at which
   * they were read.
   */
  async newest(
    image: RoomImage,
    user: UserId,
    { limit, bytesMax }: { readonly limit: number; readonly bytesMax?: number },
  ): Promise<Omit<PageAt, "more">> {
    return this.#pageAt(image, { user, page: { limit }, bytesMax });
  }
}

/** Archived messages of the slice, asked for once for all that want the same now. */
export const sharedMessages = async (
  store: HistoryStore,
  image: RoomImage,
  slice: Slice,
): Promise<readonly MessageRecord[]> =>
  image.shared(`messages ${slice.before} ${slice.after} ${slice.limit}`, async () =>
    store.messages(image.room, slice),
  );

const hasReactions = ({ reactions }: MessageRecord): boolean => Object.keys(reactions).length > 0;

/** Whether the tail alone holds the slice: it holds enough messages, all newer than what is archived only. */
function coveredByTail(slice: Slice, tail: readonly RoomEvent[], archiveEnd: number): boolean {
  if (slice.after !== undefined) return slice.after + 1 >= archiveEnd;
  const before = slice.before ?? Number.POSITIVE_INFINITY;
  const messages = tail.filter(({ kind, seq }) => kind === "message.created" && seq < before);
  return messages.length >= slice.limit;
}

/** What of the merged messages is shown: from where the asker may read, as many as were asked for, as many as fit. */
function cut(
  slice: Slice,
  merged: readonly MessageRecord[],
  { fromSeq, bytesMax }: { readonly fromSeq: number; readonly bytesMax: number },
): { readonly records: readonly MessageRecord[]; readonly more: boolean } {
  const visible = merged.filter(({ seq }) => seq >= fromSeq);
  const most = slice.limit - 1;
  const forwards = slice.after !== undefined;
  // Nearest to where the page begins first: those are kept when not all fit.
  const nearest = forwards ? visible.slice(0, most) : visible.slice(-most).toReversed();
  const kept = nearest.slice(0, howManyFit(nearest, bytesMax));
  return { records: forwards ? kept : kept.toReversed(), more: visible.length > kept.length };
}

/** At least one, so that a page always gets on. */
function howManyFit(records: readonly MessageRecord[], bytesMax: number): number {
  let bytes = 0;
  const over = records.findIndex((record) => {
    bytes += utf8Bytes(JSON.stringify(record));
    return bytes > bytesMax;
  });
  return over === -1 ? records.length : Math.max(1, over);
}

/** An archived seq above one's own head: another owner is ahead of this image. */
function assertNotBehind(image: RoomImage, records: readonly MessageRecord[]): void {
  if (records.some(({ lastSeq }) => lastSeq > image.record.head)) {
    image.dropped = true;
  }
}

function reactionsOf(
  user: UserId,
  archived: readonly Reaction[],
  tail: readonly RoomEvent[],
): (record: MessageRecord) => ReadonlySet<string> {
  return ({ seq, reactions }) => {
    const emojis = Object.keys(reactions).filter((emoji) => {
      const before = archived.some((row) => row.seq === seq && row.emoji === emoji);
      return reactedAfter({ author: user, seq, emoji }, before, tail);
    });
    return new Set(emojis);
  };
}
