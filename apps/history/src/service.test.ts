import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalLiveFeed, LocalOwners } from "@parley/bus/local";
import { openSqlite } from "@parley/connections";
import { SqliteHistoryStore } from "@parley/history-store/sqlite";
import {
  type Action,
  type CommandAnswer,
  type CommandOk,
  createdRoomId,
  defaultLimits,
  type JoinedRoom,
  type Key,
  mustParse,
  type OwnerAnswerBody,
  type OwnerAsk,
  type OwnerOp,
  parseKey,
  parseUserId,
  partitionOf,
  type RoomId,
  uuidV7,
} from "@parley/protocol";
import { SqliteRoomLog } from "@parley/room-log/sqlite";
import { createTelemetry } from "@parley/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHistory } from "./service.ts";

const partitions = 4;
const [ann, bob, eve] = ["ann", "bob", "eve"].map((id) => mustParse(parseUserId, id)) as [
  never,
  never,
  never,
];
const newKey = (): Key => mustParse(parseKey, uuidV7(Date.now()));

/** A data folder with instances that can be ended and begun anew over it. */
class World implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly owners = new LocalOwners({ throughJson: true });
  readonly feed = new LocalLiveFeed();
  log!: SqliteRoomLog;
  store!: SqliteHistoryStore;

  static async open(folder: string): Promise<World> {
    const world = new World();
    const logFile = world.#stack.use(await openSqlite(join(folder, "log.sqlite")));
    const storeFile = world.#stack.use(await openSqlite(join(folder, "store.sqlite")));
    world.store = await SqliteHistoryStore.open({ database: storeFile });
    world.log = await SqliteRoomLog.open({
      database: logFile,
      partitions,
      archivedEpoch: await world.store.newestEpoch(),
      bytesMax: 1e9,
      onStored: ({ entry }) => world.feed.publish(entry),
      now: Date.now,
    });
    world.#stack.use(world.log);
    return world;
  }

  async serve(instance: string): Promise<AsyncDisposable> {
    const telemetry = createTelemetry({ service: "history", level: "fatal" });
    const { log, store, owners, feed } = this;
    const config = { instance, keepArchivedMs: 60_000, limits: defaultLimits, faults: new Set<never>() };
    return this.#stack.use(await startHistory(config, { log, store, owners, feed, telemetry }));
  }

  async ask<Op extends OwnerOp>(op: Op, room: RoomId, ask: OwnerAsk<Op>): Promise<OwnerAnswerBody<Op>> {
    const answer = await this.owners.ask(partitionOf(room, partitions), { op, ask }, { deadlineMs: 5_000 });
    if (!answer.ok) throw new Error(answer.error.code);
    return answer.body;
  }

  async command(room: RoomId, author: typeof ann, action: Action, key = newKey()): Promise<CommandAnswer> {
    return this.ask("command", room, { command: { room, author, bot: false, key, action } });
  }

  /** The answer of a command that must succeed. */
  async done(room: RoomId, author: typeof ann, action: Action, key = newKey()): Promise<CommandOk> {
    const answer = await this.command(room, author, action, key);
    if (!answer.decided) throw new Error(answer.error.message);
    return answer;
  }

  async create(roomKind: "group" | "public", history: "all" | "since-join" = "all"): Promise<RoomId> {
    const key = newKey();
    const room = await createdRoomId(ann, key);
    await this.done(room, ann, { kind: "room.create", roomKind, members: [bob], history }, key);
    return room;
  }

  async join(
    room: RoomId,
    user: typeof ann,
    after: number,
    bytesMax = 262_144,
  ): Promise<JoinedRoom & { ok: true }> {
    const joined = await this.ask("join", room, { room, user, cursor: { epoch: 1, seq: after }, bytesMax });
    if (!joined.ok) throw new Error(joined.error.code);
    return joined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-history-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const send = (text: string): Action => ({ kind: "send", text });

describe("a history instance", () => {
  it("gives every change the next seq, and a run without a hole", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    const acks = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => world.done(room, ann, send(`${i}`))),
    );
    expect(acks.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 300 }, (_, i) => i + 2),
    );
    const { events, head, mark, role } = await world.join(room, bob, 0);
    expect(events?.map(({ seq }) => seq)).toEqual(Array.from({ length: 301 }, (_, i) => i + 1));
    expect({ head, mark, role }).toEqual({ head: 301, mark: 1, role: "member" });
  });

  it("keeps everything over a restart, and answers an old key as it did", async () => {
    const key = mustParse(parseKey, "not-a-uuid");
    let room: RoomId;
    let first: CommandOk;
    {
      await using world = await World.open(folder);
      await world.serve("one");
      room = await world.create("group");
      first = await world.done(room, ann, send("hello"), key);
      await world.done(room, ann, { kind: "react", seq: first.seq, emoji: "👍" });
      await world.done(room, ann, { kind: "edit", seq: first.seq, text: "hello!" });
    }
    await using world = await World.open(folder);
    await world.serve("two");
    const again = await world.done(room, ann, send("hello"), key);
    expect(again).toMatchObject({ seq: first.seq, n: first.n, ts: first.ts, replayed: true });
    expect(await world.command(room, ann, send("other"), key)).toMatchObject({ code: "key_reused" });
    const { items } = await world.ask("messages", room, { room, user: bob, page: { limit: 10 } });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      text: "hello!",
      version: 2,
      reactions: [{ emoji: "👍", count: 1, mine: false }],
    });
  });

  it("stores a refusal: the key gets it for ever, also after the reason is gone", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    const key = newKey();
    expect(await world.command(room, eve, send("let me in"), key)).toMatchObject({
      code: "not_member",
      replayed: false,
    });
    await world.done(room, ann, { kind: "member.add", user: eve });
    expect(await world.command(room, eve, send("let me in"), key)).toMatchObject({
      code: "not_member",
      replayed: true,
    });
    expect(await world.command(room, eve, send("let me in"))).toMatchObject({ decided: true });
  });

  it("pages messages through archive and tail without skipping or repeating", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    for (let batch = 0; batch < 10; batch += 1) {
      await Promise.all(
        Array.from({ length: 70 }, async (_, i) => world.done(room, ann, send(`${batch} ${i}`))),
      );
    }
    const seen: number[] = [];
    let before: number | undefined;
    for (;;) {
      const page = { limit: 37, ...(before === undefined ? {} : { before }) };
      const { items, more } = await world.ask("messages", room, { room, user: bob, page });
      seen.unshift(...items.map(({ seq }) => seq));
      before = items[0]?.seq;
      if (!more) break;
    }
    expect(seen).toEqual(Array.from({ length: 700 }, (_, i) => i + 2));
    const around = await world.ask("messages", room, { room, user: bob, page: { around: 300, limit: 10 } });
    expect(around.items.map(({ seq }) => seq)).toEqual([296, 297, 298, 299, 300, 301, 302, 303, 304, 305]);
    const early = await world.ask("events", room, { room, user: bob, after: 3, limit: 5 });
    expect(early.events.map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8]);
  });

  it("cuts a long join and says that there is more, and resets one too far behind", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    await Promise.all(Array.from({ length: 100 }, async (_, i) => world.done(room, ann, send(`${i}`))));
    const cut = await world.join(room, bob, 0, 2_000);
    expect(cut.more).toBe(true);
    expect(cut.events?.length).toBeLessThan(100);
    for (let batch = 0; batch < 5; batch += 1) {
      await Promise.all(Array.from({ length: 200 }, async (_, i) => world.done(room, ann, send(`${i}`))));
    }
    const { reset } = await world.join(room, bob, 1);
    expect(reset).toMatchObject({ reason: "too_far_behind", state: { n: 1_100, messages: { length: 50 } } });
  });

  it("cuts pages and runs by bytes, and a reader still gets everything once", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    const text = "x".repeat(7_000);
    await Promise.all(Array.from({ length: 90 }, async () => world.done(room, ann, send(text))));
    const seen: number[] = [];
    for (let before: number | undefined; ;) {
      const page = { limit: 200, ...(before === undefined ? {} : { before }) };
      const { items, more } = await world.ask("messages", room, { room, user: bob, page });
      expect(items.length).toBeLessThan(40);
      seen.unshift(...items.map(({ seq }) => seq));
      before = items[0]?.seq;
      if (!more) break;
    }
    expect(seen).toEqual(Array.from({ length: 90 }, (_, i) => i + 2));
    const { events, head } = await world.ask("run", room, { room, after: 0, limit: 1_000 });
    expect(events.length).toBeLessThan(40);
    expect(head).toBe(91);
  });

  it("hides what was before one's joining where history begins with it", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group", "since-join");
    await world.done(room, ann, send("secret"));
    const { seq } = await world.done(room, ann, { kind: "member.add", user: eve });
    await world.done(room, ann, send("open"));
    const { items } = await world.ask("messages", room, { room, user: eve, page: { limit: 10 } });
    expect(items.map(({ text }) => text)).toEqual(["open"]);
    const run = await world.ask("events", room, { room, user: eve, after: 0, limit: 10 });
    expect(run.first).toBe(seq);
    expect((await world.join(room, eve, 1)).reset?.reason).toBe("history_hidden");
  });

  it("computes unread from marks: sending moves one's own, and a mark never goes back", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    const sent = [];
    for (const text of ["a", "b <@bob>", "c"]) sent.push(await world.done(room, ann, send(text)));
    const overview = async (user: typeof ann) =>
      (await world.ask("overview", room, { rooms: [room], user })).items[0];
    expect(await overview(bob)).toMatchObject({ unread: 3, mentions: 1, lastMessage: { text: "c" } });
    expect(await overview(ann)).toMatchObject({ unread: 0 });
    const second = sent[1]?.seq ?? 0;
    expect(await world.ask("read", room, { room, user: bob, seq: second })).toMatchObject({
      seq: second,
      unread: 1,
    });
    expect(await world.ask("read", room, { room, user: bob, seq: 1 })).toMatchObject({
      seq: second,
      unread: 1,
    });
    await world.done(room, ann, { kind: "delete", seq: sent[2]?.seq ?? 0 });
    expect(await overview(bob)).toMatchObject({ unread: 0, mentions: 0 });
  });

  it("refuses to read to who was removed, and lists rooms by what is archived", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("public");
    expect((await world.ask("roomsOf", room, { user: bob, limit: 10 })).items).toEqual([room]);
    expect((await world.ask("publicRooms", room, { limit: 10 })).items.map((view) => view.room)).toEqual([
      room,
    ]);
    await world.done(room, ann, { kind: "member.remove", user: bob });
    await expect(world.join(room, bob, 0)).rejects.toThrow("not_member");
    expect((await world.ask("members", room, { room, user: ann, limit: 10 })).items).toMatchObject([
      { user: ann },
    ]);
    expect((await world.ask("roomsOf", room, { user: bob, limit: 10 })).items).toEqual([]);
  });
});

describe("two instances that both serve a room", () => {
  it("never give one seq twice, nor a key two answers", async () => {
    await using world = await World.open(folder);
    const rivals = { a: new LocalOwners(), b: new LocalOwners() };
    // Each believes that it is alone: only the log stands between them.
    const serve = async (owners: LocalOwners, instance: string) => {
      Object.assign(world, { owners });
      await world.serve(instance);
    };
    await serve(rivals.a, "a");
    await serve(rivals.b, "b");
    const room = await world.create("group");
    const keys = Array.from({ length: 120 }, newKey);
    const answers = await Promise.all(
      keys.flatMap((key, index) =>
        [rivals.a, rivals.b].map(async (owners) => {
          const command = { room, author: ann, bot: false, key, action: send(`${index}`) };
          return owners.ask(
            partitionOf(room, partitions),
            { op: "command", ask: { command } },
            { deadlineMs: 20_000 },
          );
        }),
      ),
    );
    const seqs = answers.map((answer) => (answer.ok && answer.body.decided ? answer.body.seq : answer));
    for (let index = 0; index < seqs.length; index += 2) expect(seqs[index]).toEqual(seqs[index + 1]);
    expect(new Set(seqs).size).toBe(keys.length);
    const { events } = await world.join(room, ann, 0);
    expect(events).toHaveLength(keys.length + 1);
  });
});
