import {
  type EntryHeader,
  isControlEvent,
  mustParse,
  parseEntryId,
  parseRoomId,
  parseUserId,
  type RoomId,
  type UserId,
} from "@parley/protocol";
import type { ArchiveEntry, HistoryStore } from "../port.ts";
import { type ModelStep, RoomModel } from "./room-model.ts";

/** A step in one of the rooms; `ends`: the entry ends after it. */
export interface ArchiveStep extends ModelStep {
  readonly room: number;
  readonly ends: boolean;
}

/** How many events and answers the room had when its open entry began. */
interface EntryBegin {
  readonly events: number;
  readonly answers: number;
}

let worlds = 0;

/**
 * Some rooms of one partition with ids of their own, the entries their log would hold, and what a store must say of them. A store
 * may hold any number of such worlds.
 */
export class ArchiveModel {
  readonly partition: number;
  /** In every room's name, and in no other world's. */
  readonly tag: string;
  readonly users: readonly UserId[];
  readonly rooms: readonly RoomModel[];
  readonly entries: ArchiveEntry[] = [];
  readonly #open = new Map<RoomModel, EntryBegin>();

  constructor(steps: readonly ArchiveStep[]) {
    worlds += 1;
    const world = worlds;
    this.partition = world;
    this.tag = `Wörld-${world}.`;
    this.users = Array.from({ length: 4 }, (_, index) => mustParse(parseUserId, `u_${world}_${index}`));
    this.rooms = ["a", "b"].map((letter) => {
      const room = mustParse(parseRoomId, `r_${world}_${letter}`);
      return new RoomModel(room, `${this.tag} ${letter}`, this.users);
    });
    for (const model of this.rooms) this.#endEntry(model, { events: 0, answers: 0 });
    for (const step of steps) this.#take(step);
    for (const [model, begin] of this.#open) this.#endEntry(model, begin);
  }

  /** All that a store has to say of the world, in one value. */
  expected(): Snapshot {
    return {
      floor: { epoch: 1, position: this.entries.at(-1)?.position ?? 0 },
      listed: this.rooms.filter(({ record }) => !record.settings.archived).map(({ record }) => record.room),
      rooms: this.rooms.map((model) => this.#expectedRoom(model)),
      roomsOf: this.users.map((user) => this.#roomsOf(user)),
      marks: this.users.map((user) => this.#marksOf(user)),
    };
  }

  #take({ room, ends, ...step }: ArchiveStep): void {
    const model = this.rooms[room % this.rooms.length]!;
    const before = { events: model.events.length, answers: model.answers.length };
    model.take(step);
    const begin = this.#open.get(model) ?? before;
    this.#open.set(model, begin);
    if (!ends) return;
    this.#open.delete(model);
    this.#endEntry(model, begin);
  }

  #endEntry(model: RoomModel, from: EntryBegin): void {
    const position = this.entries.length * 3 + 1;
    const events = model.events.slice(from.events);
    const header: EntryHeader = {
      id: mustParse(parseEntryId, `e_${this.partition}_${position}`),
      room: model.record.room,
      epoch: 1,
      first: from.events + 1,
      last: model.events.length,
      control: events.some(isControlEvent),
      answers: model.answers.slice(from.answers),
      keyTimeMaxMs: position,
    };
    const unreadable = events.some((event) => event.kind === "invalid");
    this.entries.push({ position, header, events, deadLetter: unreadable ? new Uint8Array([7]) : undefined });
  }

  #expectedRoom({ record, messages, members, events, answers, reactions }: RoomModel): RoomSnapshot {
    const ofRoom = this.entries.filter(({ header }) => header.room === record.room);
    const byUser = [...members.values()].sort((left, right) => (left.user < right.user ? -1 : 1));
    return {
      room: { epoch: 1, record: { ...record }, keyTimeMaxMs: ofRoom.at(-1)?.header.keyTimeMaxMs ?? 0 },
      events,
      messages: [...messages.values()],
      members: this.users.map((user) => members.get(user)),
      active: byUser.filter((member) => member.status === "active"),
      reactions: [...reactions].sort(),
      answers,
    };
  }

  #roomsOf(user: UserId): readonly RoomId[] {
    const inside = this.rooms.filter(({ members }) => members.get(user)?.status === "active");
    return inside.map(({ record }) => record.room);
  }

  #marksOf(user: UserId): ReadonlyMap<RoomId, number> {
    const marked = this.rooms.map(({ record, marks }) => [record.room, marks.get(user) ?? 0] as const);
    return new Map(marked.filter(([, seq]) => seq > 0));
  }
}

type Found<Method extends keyof HistoryStore> = Awaited<ReturnType<HistoryStore[Method]>>;

export interface RoomSnapshot {
  readonly room: Found<"room">;
  readonly events: Found<"events">;
  readonly messages: Found<"messages">;
  readonly members: readonly Found<"member">[];
  readonly active: Found<"members">;
  /** `author seq emoji`, sorted. */
  readonly reactions: readonly string[];
  readonly answers: readonly Found<"answer">[];
}

export interface Snapshot {
  readonly floor: Found<"floor">;
  readonly listed: readonly RoomId[];
  readonly rooms: readonly RoomSnapshot[];
  readonly roomsOf: readonly Found<"roomsOf">[];
  readonly marks: readonly ReadonlyMap<RoomId, number>[];
}

const all = { after: undefined, limit: 1_000 };

/** Asks the store everything about the world. */
export async function snapshot(store: HistoryStore, world: ArchiveModel): Promise<Snapshot> {
  const ids = world.rooms.map(({ record }) => record.room);
  const listed = await store.publicRooms(world.tag.toUpperCase(), all);
  return {
    floor: await store.floor(world.partition),
    listed: listed.map(({ record }) => record.room),
    rooms: await Promise.all(world.rooms.map((model) => roomSnapshot(store, world, model))),
    roomsOf: await Promise.all(world.users.map((user) => store.roomsOf(user, all))),
    marks: await Promise.all(
      world.users.map(async (user) => {
        const marks = await store.marks(user, ids);
        return new Map(marks.map(({ room, seq }) => [room, seq]));
      }),
    ),
  };
}

async function roomSnapshot(
  store: HistoryStore,
  { users }: ArchiveModel,
  model: RoomModel,
): Promise<RoomSnapshot> {
  const { room } = model.record;
  const seqs = model.events.map((event) => event.seq);
  const reacted = async (user: UserId) =>
    (await store.reactionsBy(room, user, seqs)).map(({ seq, emoji }) => `${user} ${seq} ${emoji}`);
  return {
    room: await store.room(room),
    events: await store.events(room, 0, 1_000),
    messages: await store.messages(room, { limit: 1_000 }),
    members: await Promise.all(users.map((user) => store.member(room, user))),
    active: await store.members(room, all),
    reactions: (await Promise.all(users.map(reacted))).flat().sort(),
    answers: await Promise.all(model.answers.map(({ author, key }) => store.answer(room, author, key))),
  };
}
