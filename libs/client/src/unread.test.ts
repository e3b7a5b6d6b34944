import {
  type AckOf,
  type ClientPayload,
  type RoomEvent,
  type RoomOverview,
  wireError,
} from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { ann, bob, lobby, message } from "./testing/room-log-model.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";
import { Unread } from "./unread.ts";
import { afterEvent, afterMark } from "./unread-model.ts";

const overview = (extra: Partial<RoomOverview> = {}): RoomOverview => ({
  room: lobby,
  kind: "group",
  epoch: 1,
  head: 10,
  n: 10,
  memberCount: 2,
  role: "member",
  mark: 8,
  unread: 2,
  mentions: 0,
  ...extra,
});

describe("the unread count of a room", () => {
  test("rises with another's message and its mention, to a hundred", () => {
    const mention = { ...message(11), mentions: [ann] } as RoomEvent;
    expect(afterEvent(overview(), mention, ann)).toMatchObject({ unread: 3, mentions: 1, head: 11 });
    expect(afterEvent(overview({ unread: 100 }), mention, ann)).toMatchObject({ unread: 100 });
  });

  test("is nothing after one's own message", () => {
    expect(afterEvent(overview(), { ...message(11), author: ann }, ann)).toMatchObject({
      unread: 0,
      mark: 11,
    });
  });

  test("stays, as the mark does, at messages that a mark of another device is past", () => {
    const marked = afterMark(overview(), { seq: 13, unread: 0 });
    const own = afterEvent(marked, { ...message(11), author: ann }, ann);
    expect(own).toMatchObject({ head: 11, mark: 13, unread: 0 });
    expect(afterEvent(own, message(12), ann)).toMatchObject({ head: 12, mark: 13, unread: 0 });
  });

  test("falls with an unread message that is deleted, not with a read one", () => {
    const deletion = (target: number) =>
      ({ kind: "message.deleted", seq: 11, n: 10, ts: "", author: bob, target, version: 2 }) as const;
    expect(afterEvent(overview(), deletion(9), ann)).toMatchObject({ unread: 1, head: 11 });
    expect(afterEvent(overview(), deletion(8), ann)).toMatchObject({ unread: 2 });
  });

  test("does not count an event twice", () => {
    const room = overview();
    expect(afterEvent(room, message(10), ann)).toBe(room);
  });

  test("follows a mark forward, never back", () => {
    expect(afterMark(overview(), { seq: 9, unread: 1 })).toMatchObject({ mark: 9, unread: 1 });
    const room = overview();
    expect(afterMark(room, { seq: 7, unread: 9 })).toBe(room);
  });
});

function setUp(rooms: (query: ClientPayload<"rooms">) => AckOf<"rooms">) {
  const clock = new FakeClock();
  const server = scriptedRequest({ rooms });
  const signal = new AbortController().signal;
  const unread = new Unread({
    request: server.request,
    clock,
    patient: { clock, backOff: { baseMs: 8, maxMs: 8 }, patienceMs: 10, signal },
    everyMs: 60_000,
    roomsMax: 1_000,
    me: () => ann,
  });
  return { clock, unread, asked: () => server.asked.length };
}

describe("the list of my rooms", () => {
  test("is listed page by page, then again every minute and on every connection", async () => {
    const { clock, unread, asked } = setUp(({ cursor }) => ({
      ok: true,
      items: [overview(cursor === undefined ? {} : { room: "r_attic" as never })],
      ...(cursor === undefined ? { nextCursor: "2" } : {}),
    }));
    unread.up();
    await settle();
    expect(asked()).toBe(0);
    await unread.refresh();
    expect([asked(), unread.rooms.size, unread.total]).toEqual([2, 2, 4]);
    await clock.advance(60_000);
    expect(asked()).toBe(4);
    unread.up();
    await settle();
    expect(asked()).toBe(6);
    unread.down();
    await clock.advance(600_000);
    expect(asked()).toBe(6);
  });

  test("keeps what overtook its listing", async () => {
    const { unread } = setUp(() => ({ ok: true, items: [overview()] }));
    await unread.refresh();
    unread.event(lobby, message(11));
    await unread.refresh();
    expect(unread.rooms.get(lobby)).toMatchObject({ head: 11, unread: 3 });
  });

  test("keeps a mark that overtook its listing, and counts what the listing knows beyond it", async () => {
    let items = [overview()];
    const { unread } = setUp(() => ({ ok: true, items }));
    await unread.refresh();
    unread.marked(lobby, { seq: 10, unread: 0 });
    items = [overview({ head: 12, n: 12, unread: 4 })];
    await unread.refresh();
    expect(unread.rooms.get(lobby)).toMatchObject({ head: 12, mark: 10, unread: 2 });
    items = [overview({ head: 13, n: 13, mark: 12, unread: 1 })];
    await unread.refresh();
    expect(unread.rooms.get(lobby)).toMatchObject({ head: 13, mark: 12, unread: 1 });
  });

  test("goes on listing after a refusal", async () => {
    let refuse = true;
    const { clock, unread } = setUp(() =>
      refuse ? { ok: false, error: wireError("unavailable") } : { ok: true, items: [overview()] },
    );
    unread.up();
    const refused = unread.refresh().catch((error: unknown) => error);
    await clock.advance(100);
    expect(await refused).toMatchObject({ code: "unavailable" });
    refuse = false;
    await clock.advance(60_000);
    expect(unread.total).toBe(2);
  });

  test("loses a room I was removed from, and says so", async () => {
    const { unread } = setUp(() => ({ ok: true, items: [overview()] }));
    const sizes: number[] = [];
    unread.events.on("change", (rooms) => sizes.push(rooms.size));
    await unread.refresh();
    unread.noticed({ kind: "room.removed", room: lobby, by: bob });
    expect(sizes).toEqual([1, 0]);
  });
});
