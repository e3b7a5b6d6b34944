import { type AckOf, type ClientPayload, type RoomEvent, wireError } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { createClient } from "./create-client.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { fakeLinks, hello } from "./testing/fake-link.ts";
import { ann, bob, lobby, message } from "./testing/room-log-model.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";

const change = { n: 0, ts: "", author: bob, user: ann, memberCount: 2, ownerCount: 1 } as const;
const removal = (seq: number): RoomEvent => ({ kind: "member.removed", seq, ...change });
const addition = (seq: number): RoomEvent => ({ kind: "member.added", seq, role: "member", ...change });

/** A client of `ann` in a room whose log is `log`; joins hold `joinEvents` events, requests `pullEvents`. */
async function setUp(
  log: readonly RoomEvent[],
  { joinEvents = 100, pullEvents = 100, leaveAtOnce = false } = {},
) {
  const run = (after: number, most: number) => log.slice(after, after + most);
  const join = ({ rooms }: ClientPayload<"join">): AckOf<"join"> => ({
    ok: true,
    rooms: rooms.map(({ room, cursor }) => {
      const events = run(cursor?.seq ?? 0, joinEvents);
      const more = (events.at(-1)?.seq ?? 0) < log.length;
      const answer = { room, ok: true, epoch: 1, head: log.length, n: 0, mark: 0, role: "member" } as const;
      return { ...answer, events, ...(more ? { more } : {}) };
    }),
  });
  const events = ({ after }: ClientPayload<"events">): AckOf<"events"> => ({
    ok: true,
    epoch: 1,
    first: after + 1,
    events: run(after, pullEvents),
    head: log.length,
  });
  const { openLink, links } = fakeLinks(
    scriptedRequest({ join, events, leave: () => ({ ok: true }) }).request,
  );
  const clock = new FakeClock();
  const client = createClient({ url: "http://test", getToken: async () => "pb_1", clock, openLink });
  const connected = client.connect();
  await settle();
  links[0]!.events.hello(hello({ userId: ann }));
  await connected;
  const room = client.room(lobby);
  const seqs: number[] = [];
  room.on("event", ({ seq }) => seqs.push(seq));
  if (leaveAtOnce) room.on("event", () => void room.leave());
  await room.join({ epoch: 1, seq: 0 }).catch(() => undefined);
  await settle();
  const live = async (...told: RoomEvent[]) => {
    links[0]!.events.received("events", { room: lobby, epoch: 1, first: told[0]!.seq, events: told });
    await settle();
  };
  return { room, seqs, live };
}

describe("a room whose member was removed and added again while away", () => {
  const log = [message(1), removal(2), message(3), addition(4), message(5)];

  test.each([
    ["in one answer", {}],
    ["in an answer that ends between the two", { joinEvents: 2 }],
    ["in pulls of one event each", { joinEvents: 1, pullEvents: 1 }],
  ])("is live and goes on, when it learns of both %s", async (_, sizes) => {
    const { room, seqs, live } = await setUp(log, sizes);
    expect([room.state.kind, seqs]).toEqual(["live", [1, 2, 3, 4, 5]]);
    await live(message(6));
    expect(seqs.at(-1)).toBe(6);
  });
});

test("a room whose member is removed is refused, and takes nothing more", async () => {
  const { room, seqs, live } = await setUp([message(1)]);
  const reading = room[Symbol.asyncIterator]();
  await live(removal(2));
  expect(room.state).toMatchObject({ kind: "refused", error: { code: "not_member" } });
  await live(message(3));
  expect(seqs).toEqual([1, 2]);
  expect(await reading.next()).toMatchObject({ value: { seq: 2 } });
  await expect(reading.next()).rejects.toMatchObject({ code: wireError("not_member").code });
});

test("a room that is left by a listener of its first events stays left", async () => {
  const { room, seqs, live } = await setUp([message(1)], { leaveAtOnce: true });
  await live(message(2));
  expect([room.state.kind, seqs]).toEqual(["closed", [1]]);
});
