import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalOwners } from "@parley/bus/local";
import { type CommandAnswer, mustParse, parseKey, partitionOf } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, gate, newKey, numbers, overriding, partitions, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-rivals-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const seqOf = (answer: CommandAnswer): number | string => (answer.decided ? answer.seq : answer.code);

describe("two instances of which each believes that it is alone", () => {
  it("never give one seq twice, nor a key two answers", async () => {
    await using world = await World.open(folder);
    const rivals = [new LocalOwners(), new LocalOwners()] as const;
    for (const [index, owners] of rivals.entries()) await world.serve(`rival-${index}`, { owners });
    const room = await world.create("group", "all", rivals[0]);
    const keys = numbers(1, 120).map(newKey);
    const answers = await Promise.all(
      keys.map(async (key, index) =>
        Promise.all(
          rivals.map(async (owners) =>
            seqOf(await world.command(room, ann, send(`${index}`), { key, owners })),
          ),
        ),
      ),
    );
    for (const [one, other] of answers) expect(one).toEqual(other);
    expect(new Set(answers.map(([seq]) => seq)).size).toBe(keys.length);
    expect((await world.logged(room)).map(({ seq }) => seq)).toEqual(numbers(1, keys.length + 1));
  });

  it("answer every key as it was answered first, over restarts and whatever the key looks like", async () => {
    await using world = await World.open(folder);
    const keys = numbers(1, 60).map((index) =>
      index % 2 === 0 ? newKey() : mustParse(parseKey, `key-${index}`),
    );
    const first = new Map<string, number | string>();
    let room: Awaited<ReturnType<World["create"]>> | undefined;
    for (const generation of numbers(1, 4)) {
      const rivals = [new LocalOwners(), new LocalOwners()] as const;
      const seats = [];
      for (const [index, owners] of rivals.entries()) {
        seats.push(await world.serve(`g${generation}-${index}`, { owners }));
      }
      room ??= await world.create("group", "all", rivals[0]);
      const at = room;
      await Promise.all(
        keys.slice(0, generation * 15).flatMap((key) =>
          rivals.map(async (owners) => {
            const seq = seqOf(await world.command(at, ann, send(key), { key, owners }));
            expect(first.get(key) ?? seq).toBe(seq);
            first.set(key, seq);
          }),
        ),
      );
      for (const seat of seats) await seat[Symbol.asyncDispose]();
    }
    expect(new Set(first.values())).toEqual(new Set(numbers(2, 61)));
  });

  it("ask the archive again for a key that it did not know, once the room was loaded anew", async () => {
    await using world = await World.open(folder);
    const [slow, quick] = [new LocalOwners(), new LocalOwners()];
    const asked = gate();
    const release = gate();
    const store = overriding(world.store, {
      answer: async (...ask) => {
        const answer = await world.store.answer(...ask);
        asked.resolve();
        await release.promise;
        return answer;
      },
    });
    await world.serve("slow", { owners: slow, store });
    await world.serve("quick", { owners: quick });
    const room = await world.create("group", "all", slow);
    const key = mustParse(parseKey, "no-uuid");
    const first = world.command(room, ann, send("once"), { key, owners: slow });
    await asked.promise;
    const second = await world.command(room, ann, send("once"), { key, owners: quick });
    await world.archived(room);
    release.resolve();
    expect(await first).toMatchObject({ decided: true, seq: seqOf(second), replayed: true });
    expect(await world.logged(room)).toHaveLength(2);
  });

  it("show each other's entries to who has seen them, whoever is asked", async () => {
    await using world = await World.open(folder);
    const [one, other] = [new LocalOwners(), new LocalOwners()];
    await world.serve("one", { owners: one });
    await world.serve("other", { owners: other });
    const room = await world.create("group", "all", one);
    const read = async (owners: LocalOwners, seq: number) =>
      world.ask(
        "events",
        room,
        { room, user: bob, after: 0, limit: 100, atLeast: { epoch: 1, seq } },
        owners,
      );
    for (const round of numbers(1, 10)) {
      const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
      const answer = await world.command(room, ann, send(`${round}`), { owners: writer });
      const run = await read(reader, round + 1);
      expect([seqOf(answer), run.head]).toEqual([round + 1, round + 1]);
      expect(run.events.map(({ seq }) => seq)).toEqual(numbers(1, round + 1));
    }
  });
});

describe("partitions that change hands under load", () => {
  it("lose no answer and double none", async () => {
    await using world = await World.open(folder);
    const rooms = [];
    let seat = await world.serve("h0");
    for (const _ of numbers(1, 6)) rooms.push(await world.create());
    const answers = new Map<string, Promise<CommandAnswer>>();
    for (const generation of numbers(1, 4)) {
      for (const room of rooms) {
        for (const index of numbers(1, 30)) {
          const text = `${room} ${generation} ${index}`;
          answers.set(text, retried(world, { room, text }));
        }
      }
      const next = await world.serve(`h${generation}`);
      // The one before says goodbye with its hands full.
      await seat[Symbol.asyncDispose]();
      seat = next;
    }
    for (const answer of await Promise.all(answers.values())) expect(answer.decided).toBe(true);
    for (const room of rooms) {
      const events = await world.logged(room);
      expect(events.map(({ seq }) => seq)).toEqual(numbers(1, 121));
      const texts = events.flatMap((event) => (event.kind === "message.created" ? [event.text] : []));
      expect(new Set(texts).size).toBe(120);
      for (const event of events) {
        if (event.kind !== "message.created") continue;
        expect(await answers.get(event.text)).toMatchObject({ seq: event.seq, ts: event.ts });
      }
      expect(partitionOf(room, partitions)).toBeLessThan(partitions);
    }
  });
});

/** Sends with one key until there is a final answer, as a client does. */
async function retried(
  world: World,
  { room, text }: { room: Awaited<ReturnType<World["create"]>>; text: string },
) {
  const key = newKey();
  for (;;) {
    const answer = await world.command(room, ann, send(text), { key });
    if (answer.decided) return answer;
  }
}
