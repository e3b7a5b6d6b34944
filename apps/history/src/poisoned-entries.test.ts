import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeEntry, mustParse, parseEntryId, type RoomId } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ann, bob, newKey, send, World } from "./testing/world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-poison-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ts = "2026-01-01T00:00:00.000Z";

/** Appends an entry of one message as another owner would, who then spoils its bytes. */
async function append(world: World, room: RoomId, spoilt?: string): Promise<void> {
  const last = await world.log.last(room);
  const after = last?.entry.header.last ?? 0;
  const event = { kind: "message.created", seq: after + 1, n: after, ts, author: ann, text: "x" } as const;
  const entry = encodeEntry({
    id: mustParse(parseEntryId, newKey()),
    room,
    epoch: 1,
    after,
    events: [event],
    answers: [],
    keyTimeMaxMs: 0,
    traceparent: undefined,
  });
  const stored = spoilt === undefined ? entry : { ...entry, payload: Buffer.from(spoilt) };
  const outcome = await world.log.append(stored, last?.position ?? 0, { deadlineMs: 5_000 });
  expect(outcome.kind).toBe("confirmed");
}

describe.each(["{", "null", '{"events":[null]}'])("an entry that reads %s", (payload) => {
  it("keeps its place: the room goes on after it, before and after it is archived", async () => {
    await using world = await World.open(folder);
    const instance = await world.serve("one");
    const room = await world.create();
    await world.done(room, ann, send("before"));
    await append(world, room, payload);
    expect(await world.done(room, ann, send("after"))).toMatchObject({ seq: 4 });
    const kinds = async () => {
      const run = await world.ask("events", room, { room, user: bob, after: 1, limit: 10 });
      return run.events.map(({ seq, kind }) => `${seq} ${kind}`);
    };
    const expected = ["2 message.created", "3 invalid", "4 message.created"];
    expect(await kinds()).toEqual(expected);
    await world.archived(room);
    await instance[Symbol.asyncDispose]();
    await world.serve("two");
    expect(await kinds()).toEqual(expected);
  });
});

describe("a poisoned message", () => {
  it("is none that anybody has yet to read, and keeps nobody from being told what is", async () => {
    await using world = await World.open(folder);
    const instance = await world.serve("one");
    const room = await world.create();
    await world.done(room, ann, send("before"));
    await append(world, room, "{");
    // Its owner still counted it.
    await append(world, room);
    const overview = async () => (await world.ask("overview", room, { rooms: [room], user: bob })).items[0];
    expect(await overview()).toMatchObject({ unread: 2, head: 4 });
    await world.archived(room);
    await instance[Symbol.asyncDispose]();
    await world.serve("two");
    expect(await overview()).toMatchObject({ unread: 2, head: 4 });
  });
});
