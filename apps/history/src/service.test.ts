import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandOk, mustParse, parseKey, type RoomId, type UserId } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, eve, newKey, numbers, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-history-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("a history instance", () => {
  it("gives every change the next seq, and a run without a hole", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    const acks = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => world.done(room, ann, send(`${i}`))),
    );
    expect(acks.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(numbers(2, 301));
    const { events, head, mark, role } = await world.join(room, bob, 0);
    expect(events?.map(({ seq }) => seq)).toEqual(numbers(1, 301));
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
    expect(await world.command(room, ann, send("other"), { key })).toMatchObject({ code: "key_reused" });
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
    expect(await world.command(room, eve, send("let me in"), { key })).toMatchObject({
      code: "not_member",
      replayed: false,
    });
    await world.done(room, ann, { kind: "member.add", user: eve });
    expect(await world.command(room, eve, send("let me in"), { key })).toMatchObject({
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
    expect(seen).toEqual(numbers(2, 701));
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
    const cut = await world.join(room, bob, 0, { bytesMax: 2_000 });
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
    const run = await world.ask("events", room, { room, user: eve, after: 0, limit: 1 });
    expect([run.first, run.events.map((event) => event.seq), run.head]).toEqual([seq, [seq], seq + 1]);
    expect((await world.join(room, eve, 1)).reset?.reason).toBe("history_hidden");
  });

  it("computes unread from marks: sending moves one's own, and a mark never goes back", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create("group");
    const sent = [];
    for (const text of ["a", "b <@bob>", "c"]) sent.push(await world.done(room, ann, send(text)));
    const overview = async (user: UserId) =>
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
