import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, numbers, overriding, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-large-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("a room of large events", () => {
  it("is read from the archive by as much as an answer holds, and is still had whole", async () => {
    await using world = await World.open(folder);
    const first = await world.serve("one", { limits: { joinBytesMax: 32_768 } });
    const room = await world.create();
    const count = 400;
    await Promise.all(numbers(1, count).map(async () => world.done(room, ann, send("x".repeat(4_000)))));
    await world.archived(room);
    await first[Symbol.asyncDispose]();
    let fetched = 0;
    const store = overriding(world.store, {
      events: async (...asked) => {
        const events = await world.store.events(...asked);
        fetched += events.length;
        return events;
      },
    });
    await world.serve("two", { store, limits: { joinBytesMax: 32_768 } });
    const { events, more } = await world.join(room, bob, 1, { bytesMax: 32_768 });
    expect(more).toBe(true);
    expect(fetched).toBeLessThan(100);
    const seqs = (events ?? []).map(({ seq }) => seq);
    while ((seqs.at(-1) ?? 0) < count + 1) {
      fetched = 0;
      const ask = { room, user: bob, after: seqs.at(-1) ?? 1, limit: 1_000 };
      const run = await world.ask("events", room, ask);
      expect(fetched).toBeLessThan(100);
      expect(run.events.length).toBeGreaterThan(0);
      seqs.push(...run.events.map(({ seq }) => seq));
    }
    expect(seqs).toEqual(numbers(2, count + 1));
  });
});
