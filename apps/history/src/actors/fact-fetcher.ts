import type { Command, UserId } from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import { factNeeds } from "@parley/rooms";
import { memberAfter, messageAfter, reactedAfter, reactionName } from "../domain/facts.ts";
import type { RoomImage } from "./room-image.ts";

/** Facts held for one command; `release` lets the caches forget them again. */
export interface HeldFacts {
  release(): void;
}

/**
 * Brings the facts that `command` is decided on into the room's caches and holds them there. Throws what the store
 * throws; then nothing is held.
 */
export async function holdFacts(store: HistoryStore, image: RoomImage, command: Command): Promise<HeldFacts> {
  const needs = factNeeds(command);
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const each of releases.splice(0)) each();
  };
  try {
    for (const user of needs.members) {
      await holdMember(store, image, user);
      releases.push(() => image.members.release(user));
    }
    for (const seq of needs.messages) {
      await holdMessage(store, image, seq);
      releases.push(() => image.messages.release(seq));
    }
    if (needs.reaction !== undefined) {
      const name = { author: command.author, ...needs.reaction };
      await holdReaction(store, image, name);
      releases.push(() => image.reactions.release(reactionName(name.seq, name.emoji, name.author)));
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** Whether the archive can know anything of the room: what is all in the tail needs no asking. */
const archiveHasPart = (image: RoomImage): boolean => image.tail.firstSeq > 1;

export async function holdMember(store: HistoryStore, image: RoomImage, user: UserId): Promise<void> {
  if (image.members.hold(user)) return;
  await image.withArchive(async () => {
    const ask = async () => store.member(image.room, user);
    const row = archiveHasPart(image) ? await image.shared(`member ${user}`, ask) : undefined;
    image.members.put(user, memberAfter(user, row, image.tail.events()));
  });
}

async function holdMessage(store: HistoryStore, image: RoomImage, seq: number): Promise<void> {
  if (image.messages.hold(seq)) return;
  await image.withArchive(async () => {
    const ask = async () => store.message(image.room, seq);
    const row = seq < image.tail.firstSeq ? await image.shared(`message ${seq}`, ask) : undefined;
    image.messages.put(seq, messageAfter(seq, row, image.tail.events()));
  });
}

async function holdReaction(
  store: HistoryStore,
  image: RoomImage,
  name: { readonly author: UserId; readonly seq: number; readonly emoji: string },
): Promise<void> {
  const { author, seq, emoji } = name;
  const cached = reactionName(seq, emoji, author);
  if (image.reactions.hold(cached)) return;
  await image.withArchive(async () => {
    const rows = archiveHasPart(image) ? await store.reactionsBy(image.room, author, [seq]) : [];
    const present = rows.some((row) => row.seq === seq && row.emoji === emoji);
    image.reactions.put(cached, reactedAfter(name, present, image.tail.events()));
  });
}
