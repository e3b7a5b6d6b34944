import { defaultLimits, mustParse, parseRoomId, wireError } from "@parley/protocol";
import { expect, test } from "vitest";
import { ClientClosedError, RoomLeftError } from "./client-errors.ts";
import { createClient } from "./create-client.ts";
import { MemoryStorage } from "./storage.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { fakeLinks, hello } from "./testing/fake-link.ts";
import { ann, bob, lobby, payload } from "./testing/room-log-model.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";

const later = { ok: false, error: wireError("unavailable") } as const;

/** A client with something under way in every part: a join, a repair, a command, marks, typing, a listing. */
async function busyClient(storage = new MemoryStorage()) {
  const clock = new FakeClock();
  const server = scriptedRequest({
    join: ({ rooms }) => ({
      ok: true,
      rooms: rooms.map(({ room }) =>
        room === lobby
          ? { room, ok: true, epoch: 1, head: 2, n: 2, mark: 0, role: "member" }
          : { room, ...later },
      ),
    }),
    events: () => later,
    send: () => later,
    read: () => later,
    rooms: () => later,
    typing: () => ({ ok: true }),
  });
  const { openLink, links } = fakeLinks(server.request);
  const client = createClient({ url: "http://test", getToken: async () => "pb_1", storage, clock, openLink });
  const connected = client.connect();
  await settle();
  links[0]!.events.hello(hello({ userId: ann, limits: defaultLimits }));
  await connected;
  const room = client.room(lobby);
  await room.join();
  links[0]!.events.received("events", payload(3, 3));
  links[0]!.events.received("events", payload(9, 9));
  links[0]!.events.received("typing", { room: lobby, user: bob, on: true });
  const attic = client.room("r_attic").join();
  const sent = room.send({ text: "hello" }, { patienceMs: 60_000 });
  room.markRead(3);
  const listed = client.unread.refresh();
  await settle();
  const ends = [attic, sent.acked, listed].map((promise) => promise.catch((error: unknown) => error));
  return { client, clock, room, storage, sent, ends, links };
}

test("a closed client leaves no timer behind, and answers everybody who waits for it", async () => {
  const { client, clock, room, ends, links } = await busyClient();
  expect(clock.waitingMs.length).toBeGreaterThan(4);
  const reading = room[Symbol.asyncIterator]().next();
  await client.close();
  await settle();
  expect(clock.waitingMs).toEqual([]);
  expect(await reading).toEqual({ done: true, value: undefined });
  const [left, unanswered, unlisted] = await Promise.all(ends);
  expect([left, unanswered]).toEqual([
    new RoomLeftError(mustParse(parseRoomId, "r_attic")),
    new ClientClosedError(),
  ]);
  expect(unlisted).toMatchObject({ code: "unavailable" });
  expect([client.state.kind, links[0]!.closed]).toEqual(["offline", true]);
});

test("a closed client takes no more work", async () => {
  const { client, clock, room } = await busyClient();
  await client.close();
  expect(() => room.send({ text: "too late" })).toThrow(ClientClosedError);
  room.markRead(9);
  room.typing(true);
  expect(clock.waitingMs).toEqual([]);
  await expect(room.join()).rejects.toThrow(ClientClosedError);
  await expect(client.connect()).rejects.toThrow(ClientClosedError);
});

test("a closed client has stored its cursors and its unanswered commands", async () => {
  const { client, storage, sent } = await busyClient();
  await client.close();
  expect(await storage.read("cursor/")).toEqual([{ key: "cursor/r_lobby", value: { epoch: 1, seq: 3 } }]);
  expect(await storage.read("outbox/")).toMatchObject([{ value: { payload: { key: sent.key } } }]);
});

test("another user's token on a storage stops the client before it sends anything of it", async () => {
  const { client, storage } = await busyClient();
  await client.close();
  const server = scriptedRequest({});
  const { openLink, links } = fakeLinks(server.request);
  const other = createClient({
    url: "http://test",
    getToken: async () => "pb_2",
    storage,
    clock: new FakeClock(),
    openLink,
  });
  const connected = other.connect();
  await settle();
  links[0]!.events.hello(hello({ userId: bob }));
  await expect(connected).rejects.toMatchObject({ reason: "other_user" });
  expect(server.asked).toEqual([]);
  await other.close();
});

test("flush says what is unanswered also when the storage takes nothing, and leaves no timer of its own", async () => {
  const { client, clock, storage, links } = await busyClient();
  storage.write = async () => {
    throw new Error("disk full");
  };
  links[0]!.events.received("events", payload(4, 4));
  const flushed = client.flush({ timeoutMs: 4_321 });
  await clock.advance(0);
  expect(clock.waitingMs).toContain(4_321);
  await clock.advance(4_321);
  expect(await flushed).toBe(false);
  expect(clock.waitingMs).not.toContain(4_321);
  await expect(client.close()).rejects.toThrow("disk full");
});
