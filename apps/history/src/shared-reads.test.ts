import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { RoomId } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, gate, numbers, overriding, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-history-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Long enough that a few hundred of them leave memory once they are archived. */
const long = (text: string | number) => send(`${text} ${"x".repeat(1_500)}`);

/** A room of 600 archived messages, and an archive that says what it had when asked, but only when `held` is resolved. */
async function slowArchive(world: World) {
  const held = gate();
  const first = gate();
  let asked = 0;
  const store = overriding(world.store, {
    messages: async (...ask) => {
      asked += 1;
      const rows = await world.store.messages(...ask);
      first.resolve();
      await held.promise;
      return rows;
    },
  });
  await world.serve("one", { store });
  const room = await world.create();
  for (const from of [0, 200, 400]) {
    await Promise.all(numbers(1, 200).map(async (index) => world.done(room, ann, long(from + index))));
  }
  await world.archived(room);
  const page = async (of: RoomId) =>
    world.ask("messages", of, { room: of, user: bob, page: { before: 100, limit: 20 } });
  return { room, page, held, first, asked: () => asked };
}

describe("readers who ask the same at once", () => {
  it("cost the archive one query", async () => {
    await using world = await World.open(folder);
    const { room, page, held, first, asked } = await slowArchive(world);
    const pages = numbers(1, 20).map(async () => page(room));
    await first.promise;
    // All of them have asked by now: nothing but the archive stands between them and their answers.
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    held.resolve();
    const answers = await Promise.all(pages);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.items.map(({ seq }) => seq)).toEqual(numbers(80, 99));
    expect(asked()).toBe(1);
  });

  it("get what was changed since the query went out, whoever sent it", async () => {
    await using world = await World.open(folder);
    const { room, page, held, first } = await slowArchive(world);
    const before = page(room);
    await first.promise;
    await world.done(room, ann, { kind: "edit", seq: 90, text: "edited" });
    // Enough that the edit would have left memory, were nobody reading.
    for (let batch = 0; batch < 3; batch += 1) {
      await Promise.all(numbers(1, 150).map(async (index) => world.done(room, ann, long(index))));
    }
    await world.archived(room);
    const after = page(room);
    held.resolve();
    const texts = await Promise.all(
      [before, after].map(async (asking) => (await asking).items.find(({ seq }) => seq === 90)?.text),
    );
    expect(texts).toEqual(["edited", "edited"]);
  });
});
