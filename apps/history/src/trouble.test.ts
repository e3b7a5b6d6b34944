import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HistoryStore, StoreUnavailableError } from "@parley/history-store";
import {
  type CommandAnswer,
  encodeEntry,
  mustParse,
  parseEntryId,
  parseKey,
  type RoomId,
} from "@parley/protocol";
import { LogUnavailableError } from "@parley/room-log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, newKey, numbers, overriding, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-trouble-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const codeOf = (answer: CommandAnswer): string => (answer.decided ? "ok" : answer.code);
const oldKey = mustParse(parseKey, "no-uuid");

/** The store of `world`, which fails in everything while `away.now` is set. */
function failing(world: World): { readonly store: HistoryStore; readonly away: { now: boolean } } {
  const away = { now: false };
  const store = new Proxy(world.store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        if (away.now) throw new StoreUnavailableError("away");
        return Reflect.apply(method, target, args) as unknown;
      };
    },
  });
  return { store, away };
}

describe("while the archive is away", () => {
  it("sends in rooms that are in memory go on, and only keys that it alone can know stay open", async () => {
    await using world = await World.open(folder);
    const { store, away } = failing(world);
    await world.serve("one", { store });
    const room = await world.create();
    away.now = true;
    const sent = await Promise.all(
      numbers(1, 100).map(async (index) => world.done(room, ann, send(`${index}`))),
    );
    expect(new Set(sent.map(({ seq }) => seq))).toEqual(new Set(numbers(2, 101)));
    expect(codeOf(await world.command(room, ann, send("old"), { key: oldKey }))).toBe("unknown");
    const run = await world.ask("events", room, { room, user: bob, after: 90, limit: 100 });
    expect(run.events.map(({ seq }) => seq)).toEqual(numbers(91, 101));
    const other = await world.ask("join", room, { room, user: bob, bytesMax: 1_000 }).catch(String);
    expect(other).toBe("Error: unavailable");
    away.now = false;
    expect(await world.done(room, ann, send("old"), oldKey)).toMatchObject({ seq: 102, replayed: false });
    expect(await world.done(room, ann, send("old"), oldKey)).toMatchObject({ seq: 102, replayed: true });
    await world.archived(room);
    expect((await world.store.room(room))?.record.head).toBe(102);
  });

  it("what cannot leave memory is refused, and accepted again when it has left", async () => {
    await using world = await World.open(folder);
    const { store, away } = failing(world);
    await world.serve("one", { store, limits: { tailBytesMax: 20_000 } });
    const room = await world.create();
    away.now = true;
    const send300 = async () =>
      Promise.all(
        numbers(1, 300).map(async (index) => world.command(room, ann, send(`${index}${"x".repeat(200)}`))),
      );
    // Refusals take memory too, although they have no events.
    const refused300 = async () =>
      Promise.all(
        numbers(1, 300).map(async () => world.command(room, bob, { kind: "room.archive", archived: true })),
      );
    expect((await refused300()).map(codeOf)).toContain("forbidden");
    expect((await send300()).map(codeOf)).toContain("unavailable");
    expect(new Set((await refused300()).map(codeOf))).toEqual(new Set(["unavailable"]));
    away.now = false;
    await world.archived(room);
    // The very next one: nobody has to ask often enough for the room to be measured again.
    const answers = [];
    for (const _ of numbers(1, 3)) answers.push(codeOf(await world.command(room, ann, send("again"))));
    expect(answers.at(-1)).toBe("ok");
  });

  it("a service that ends does not wait for it", async () => {
    await using world = await World.open(folder);
    const { store, away } = failing(world);
    const instance = await world.serve("one", { store });
    const room = await world.create();
    away.now = true;
    await world.done(room, ann, send("x"));
    await instance[Symbol.asyncDispose]();
    away.now = false;
    await world.serve("two", { store });
    await world.archived(room);
    expect((await world.store.room(room))?.record.head).toBe(2);
  });
});

describe("a log", () => {
  it("that is full refuses and loses nothing, and the same key is taken when there is room", async () => {
    const key = newKey();
    let room: RoomId;
    let sent = 0;
    {
      await using world = await World.open(folder, { logBytesMax: 20_000 });
      await world.serve("one");
      room = await world.create();
      while ((await world.command(room, ann, send("x".repeat(1_000)))).decided) sent += 1;
      const answer = await world.command(room, ann, send("y".repeat(1_000)), { key });
      expect(answer).toMatchObject({ decided: false, code: "unavailable" });
      const { items } = await world.ask("messages", room, { room, user: bob, page: { limit: 100 } });
      expect(items).toHaveLength(sent);
    }
    await using world = await World.open(folder);
    await world.serve("one");
    const answer = await world.done(room, ann, send("y".repeat(1_000)), key);
    expect(answer).toMatchObject({ seq: sent + 2, replayed: false });
  });

  it("that does not say what it did leaves the key open, and what it stored is found", async () => {
    await using world = await World.open(folder);
    let silent = false;
    const log = overriding(world.log, {
      append: async (...asked) => {
        const outcome = await world.log.append(...asked);
        return silent ? { kind: "unknown" } : outcome;
      },
      last: async (room) => {
        if (silent) throw new LogUnavailableError("away");
        return world.log.last(room);
      },
    });
    await world.serve("one", { log });
    const room = await world.create();
    const key = newKey();
    silent = true;
    const command = { room, author: ann, bot: false, key, action: send("once") };
    const open = await world.owners.ask(0, { op: "command", ask: { command } }, { deadlineMs: 300 });
    expect(open.ok ? open.body : open.error).toMatchObject({ code: "unknown" });
    silent = false;
    expect(await world.done(room, ann, send("once"), key)).toMatchObject({ seq: 2, replayed: true });
    expect(await world.logged(room)).toHaveLength(2);
  });

  it("that fails by a bug fails the commands of that entry only: whoever was told so was not stored", async () => {
    await using world = await World.open(folder);
    let bugs = 1;
    const log = overriding(world.log, {
      append: async (...asked) => {
        const [{ header }] = asked;
        if (header.last - header.first < 15 || bugs === 0) return world.log.append(...asked);
        bugs -= 1;
        throw new TypeError("a bug");
      },
    });
    await world.serve("one", { log });
    const room = await world.create();
    // Some twenty fill an entry: the others of those that were taken together wait for the next.
    const outcomes = await Promise.allSettled(
      numbers(1, 60).map(async () => world.done(room, ann, send("x".repeat(3_000)))),
    );
    const done = outcomes.filter(({ status }) => status === "fulfilled");
    expect(done.length).toBeLessThan(60);
    expect(await world.logged(room)).toHaveLength(done.length + 1);
  });

  it("that was lost begins a new epoch: seqs go on, old keys keep their answers, old cursors are told", async () => {
    let room: RoomId;
    const uuid = newKey();
    {
      await using world = await World.open(folder);
      await world.serve("one");
      room = await world.create();
      await world.done(room, ann, send("first"), oldKey);
      await world.done(room, ann, send("second"), uuid);
      await world.archived(room);
    }
    for (const suffix of ["", "-wal", "-shm"]) await rm(join(folder, `log.sqlite${suffix}`), { force: true });
    await using world = await World.open(folder);
    await world.serve("two");
    const joined = await world.join(room, bob, 2);
    expect(joined).toMatchObject({ epoch: 2, head: 3, reset: { reason: "epoch", state: { n: 2 } } });
    expect(joined.reset?.state.messages.map(({ text }) => text)).toEqual(["first", "second"]);
    expect(await world.done(room, ann, send("first"), oldKey)).toMatchObject({ seq: 2, replayed: true });
    expect(await world.done(room, ann, send("second"), uuid)).toMatchObject({ seq: 3, replayed: true });
    expect(await world.done(room, ann, send("third"))).toMatchObject({ seq: 4, n: 3, epoch: 2 });
    expect((await world.join(room, bob, 3, { epoch: 2 })).events?.map(({ seq }) => seq)).toEqual([4]);
    await world.archived(room);
    expect(await world.store.room(room)).toMatchObject({ epoch: 2, record: { head: 4 } });
  });

  it("whose entries of a room were all forgotten takes the room's next one, and no key twice", async () => {
    await using world = await World.open(folder);
    const instance = await world.serve("one");
    const room = await world.create();
    const key = newKey();
    await world.done(room, ann, send("first"), key);
    await world.archived(room);
    for (const partition of numbers(0, 3)) await world.log.purge(partition, 1e9, Date.now() + 60_000);
    expect(await world.log.last(room)).toBeUndefined();
    // In memory here, and loaded from nothing but the archive there.
    expect(await world.done(room, ann, send("second"))).toMatchObject({ seq: 3 });
    await world.archived(room);
    for (const partition of numbers(0, 3)) await world.log.purge(partition, 1e9, Date.now() + 60_000);
    await instance[Symbol.asyncDispose]();
    await world.serve("two");
    expect(await world.done(room, ann, send("first"), key)).toMatchObject({ seq: 2, replayed: true });
    expect(await world.done(room, ann, send("third"))).toMatchObject({ seq: 4 });
  });

  it("that holds an entry of somebody else makes the room be loaded again", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create();
    const last = await world.log.last(room);
    const event = {
      kind: "member.removed",
      seq: 2,
      n: 0,
      ts: "2026-01-01T00:00:00.000Z",
      author: ann,
      user: bob,
      memberCount: 1,
      ownerCount: 1,
    } as const;
    const entry = encodeEntry({
      id: mustParse(parseEntryId, "foreign"),
      room,
      epoch: 1,
      after: 1,
      events: [event],
      answers: [],
      keyTimeMaxMs: 0,
      traceparent: undefined,
    });
    await world.log.append(entry, last?.position ?? 0, { deadlineMs: 5_000 });
    // The command is decided on what is stored, whether or not the entry was seen before.
    expect(codeOf(await world.command(room, bob, send("too late")))).toBe("not_member");
    await expect(world.join(room, bob, 0)).rejects.toThrow("not_member");
  });
});
