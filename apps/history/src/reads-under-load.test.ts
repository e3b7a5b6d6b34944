import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustParse, parseUserId, type RoomId } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, numbers, overriding, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-reads-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Writes until `reading` has settled. */
async function whileWriting<Value>(
  world: World,
  room: RoomId,
  reading: () => Promise<Value>,
): Promise<Value> {
  const settled = new AbortController();
  const result = reading().finally(() => settled.abort());
  const writer = async () => {
    for (const index of numbers(1, 40)) {
      if (!settled.signal.aborted) await world.done(room, ann, send(`${index}`));
    }
  };
  await Promise.all([writer(), writer(), result]);
  return result;
}

describe("reads while the room is written", () => {
  it("say one moment of it: what is unread, the head, the count and the last message fit together", async () => {
    await using world = await World.open(folder);
    const first = await world.serve("h0");
    const room = await world.create();
    await first[Symbol.asyncDispose]();
    for (const generation of numbers(1, 8)) {
      // Each begins with nothing in memory: what it says comes from the archive and the log.
      await using _ = await world.serve(`h${generation}`);
      await whileWriting(world, room, async () => {
        for (const __ of numbers(1, 4)) {
          const { items } = await world.ask("overview", room, { rooms: [room], user: bob });
          const { head = 0, n, unread, lastMessage } = items[0] ?? {};
          // Only messages are written after the room's creation at seq 1, where bob's mark is.
          const whole = [head - 1, Math.min(head - 1, 100), head];
          expect([n, unread, lastMessage?.seq ?? 1]).toEqual(whole);
        }
      });
    }
  });

  it("say one moment of it also when they begin anew", async () => {
    await using world = await World.open(folder);
    await world.serve("one");
    const room = await world.create();
    await whileWriting(world, room, async () => {
      for (const _ of numbers(1, 60)) {
        const { reset, head } = await world.join(room, bob, 1_000_000);
        expect(reset?.state.messages.at(-1)?.seq ?? 1).toBe(head);
        expect(reset?.state.n).toBe(head - 1);
      }
    });
  });
});

describe("pages of members", () => {
  it("ask the archive once, however many came and went since", async () => {
    await using world = await World.open(folder);
    let asked = 0;
    const store = overriding(world.store, {
      member: async (...ask) => {
        asked += 1;
        return world.store.member(...ask);
      },
    });
    await world.serve("one", { store });
    const room = await world.create("public");
    const users = numbers(1, 150).map((index) => mustParse(parseUserId, `u${1_000 + index}`));
    await Promise.all(users.map(async (user) => world.done(room, user, { kind: "member.join" })));
    await Promise.all(
      users.slice(0, 50).map(async (user) => world.done(room, user, { kind: "member.leave" })),
    );
    const promoted = users[60] ?? bob;
    await world.done(room, ann, { kind: "member.role", user: promoted, role: "moderator" });
    asked = 0;
    const seen = [];
    for (let cursor: string | undefined; ;) {
      const page = { room, user: ann, limit: 17, ...(cursor === undefined ? {} : { cursor }) };
      const { items, nextCursor } = await world.ask("members", room, page);
      seen.push(...items);
      cursor = nextCursor;
      if (cursor === undefined) break;
    }
    expect(seen.map(({ user }) => user)).toEqual([ann, bob, ...users.slice(50)]);
    expect(seen.find(({ user }) => user === promoted)?.role).toBe("moderator");
    expect(asked).toBeLessThan(20);
  });
});
