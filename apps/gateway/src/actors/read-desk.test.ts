import {
  type MessageView,
  mustParse,
  parseRoomId,
  partitionOf,
  type RoomId,
  type RoomOverview,
  wireError,
} from "@parley/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { ann, type DeskFixture, deskFixture, identityOf, room, ts } from "./desk-fixture.ts";
import { decodeMessagePlace } from "./page-cursor.ts";
import { ReadDesk } from "./read-desk.ts";

const asker = { identity: identityOf(ann) };

let fixture: DeskFixture;
let desk: ReadDesk;
beforeEach(() => {
  fixture = deskFixture();
  desk = new ReadDesk(fixture);
});

const message = (seq: number): MessageView => ({
  room,
  seq,
  n: seq,
  ts,
  author: ann,
  text: `m${seq}`,
  version: 1,
  deleted: false,
  pinned: false,
  reactions: [],
  lastSeq: seq,
});

describe("a read of a room", () => {
  test("asks for nothing older than what this node has shown, or the asker has done", async () => {
    fixture.owners.script.message = () => ({ message: message(3) });
    await desk.message(asker, { room, seq: 3 });
    fixture.seenCursors.set(room, { epoch: 2, seq: 40 });
    await desk.message(asker, { room, seq: 3 });
    await desk.message(asker, { room, seq: 3 }, { epoch: 2, seq: 41 });
    await desk.message(asker, { room, seq: 3 }, { epoch: 1, seq: 99 });
    const places = fixture.owners.asked.map(({ ask }) => (ask as { atLeast?: object }).atLeast);
    expect(places).toEqual([undefined, { epoch: 2, seq: 40 }, { epoch: 2, seq: 41 }, { epoch: 2, seq: 40 }]);
  });

  test("hands on no more of the asker's place than a place", async () => {
    fixture.owners.script.room = () => wireError("unavailable");
    await desk.room(asker, room, { epoch: 1, seq: 5, ts, n: 2 } as { epoch: number; seq: number });
    expect(fixture.owners.asked[0]?.ask).toEqual({ room, user: ann, atLeast: { epoch: 1, seq: 5 } });
  });

  test("needs the scope for it, and a permit", async () => {
    const poor = { identity: identityOf(ann, ["messages:write"]) };
    expect(await desk.room(poor, room)).toMatchObject({ error: { code: "scope_missing" } });
    fixture.rateLimiter.exhausted.add("read");
    expect(await desk.room(asker, room)).toMatchObject({ error: { code: "rate_limited" } });
    expect(fixture.owners.asked).toEqual([]);
  });

  test("finds none of the service's own", async () => {
    const own = mustParse(parseRoomId, "s_revocations");
    expect(await desk.events(asker, own, { after: 0, limit: 1 })).toMatchObject({
      error: { code: "no_such_room" },
    });
    expect(fixture.owners.asked).toEqual([]);
  });

  test("is bounded, however much is asked for", async () => {
    fixture.owners.script.events = () => ({ epoch: 1, first: 1, events: [], head: 0 });
    await desk.events(asker, room, { after: 0, limit: 5_000 });
    expect(fixture.owners.asked[0]?.ask).toMatchObject({ limit: 1_000 });
  });
});

describe("a page of messages", () => {
  test.each([
    ["the newest", {}, { before: 4 }],
    ["older ones", { before: 9 }, { before: 4 }],
    ["those around one", { around: 5 }, { before: 4 }],
    ["newer ones", { after: 3 }, { after: 6 }],
  ])("of %s goes on the way it went", async (_, place, next) => {
    fixture.owners.script.messages = () => ({ items: [4, 5, 6].map(message), more: true });
    const outcome = await desk.messages(asker, room, { ...place, limit: 3 });
    const cursor = outcome.ok ? outcome.body.nextCursor : undefined;
    expect(decodeMessagePlace(cursor ?? "")).toEqual(next);
  });

  test("that is the last has no cursor", async () => {
    fixture.owners.script.messages = () => ({ items: [message(1)], more: false });
    const outcome = await desk.messages(asker, room, { limit: 3 });
    expect(outcome).toMatchObject({ ok: true, body: { items: [{ seq: 1 }] } });
    expect(outcome.ok && "nextCursor" in outcome.body).toBe(false);
  });

  test.each([
    "",
    "x",
    "YQ",
    Buffer.from("b0").toString("base64url"),
    Buffer.from("a9999999999999999").toString("base64url"),
  ])("has no cursor like %j", (cursor) => {
    expect(decodeMessagePlace(cursor)).toBeUndefined();
  });
});

describe("the overview of my rooms", () => {
  const rooms = ["r_a", "r_b", "r_c", "r_d", "r_e"].map((id) => mustParse(parseRoomId, id));
  const view = (id: RoomId) => ({ room: id, unread: 1 }) as unknown as RoomOverview;

  test("asks each partition once, and keeps the order and cursor of the index", async () => {
    fixture.owners.script.roomsOf = () => ({ items: rooms, nextCursor: "more" });
    fixture.owners.script.overview = ({ rooms: some }) => ({ items: some.toReversed().map(view) });
    const outcome = await desk.overview(asker, { limit: 50 });
    expect(outcome).toMatchObject({ ok: true, body: { items: rooms.map(view), nextCursor: "more" } });
    const overviews = fixture.owners.asked.filter(({ op }) => op === "overview");
    const partitions = overviews.map(({ partition }) => partition);
    expect(new Set(partitions)).toEqual(new Set(rooms.map((id) => partitionOf(id, 4))));
    expect(new Set(partitions).size).toBe(partitions.length);
  });

  test("leaves out what the owner leaves out", async () => {
    fixture.owners.script.roomsOf = () => ({ items: rooms });
    fixture.owners.script.overview = ({ rooms: some }) => ({
      items: some.filter((id) => id !== rooms[1]).map(view),
    });
    const outcome = await desk.overview(asker, { limit: 50 });
    expect(outcome.ok && outcome.body.items.length).toBe(rooms.length - 1);
  });

  test("is cut where its last messages get too long, and goes on after the last one shown", async () => {
    const lastMessage = { text: "x".repeat(100_000) };
    const long = (id: RoomId) => ({ ...view(id), lastMessage }) as unknown as RoomOverview;
    fixture.owners.script.roomsOf = () => ({ items: rooms, nextCursor: "more" });
    fixture.owners.script.overview = ({ rooms: some }) => ({ items: some.map(long) });
    const outcome = await desk.overview(asker, { limit: 50 });
    expect(outcome.ok && outcome.body.items.map(({ room }) => room)).toEqual(["r_a", "r_b"]);
    expect(outcome).toMatchObject({ body: { nextCursor: "r_b" } });
  });

  test("is an error, not a part, when one partition cannot answer", async () => {
    const lost = partitionOf(rooms[0]!, 4);
    fixture.owners.script.roomsOf = () => ({ items: rooms });
    fixture.owners.script.overview = ({ rooms: some }) =>
      partitionOf(some[0]!, 4) === lost ? wireError("unavailable") : { items: some.map(view) };
    expect(await desk.overview(asker, { limit: 50 })).toMatchObject({ error: { code: "unavailable" } });
  });
});

describe("marking read", () => {
  test("tells the user's sessions, and the room while it is small", async () => {
    fixture.owners.script.read = () => ({ seq: 9, unread: 2, memberCount: 50 });
    expect(await desk.markRead(asker, room, 12)).toMatchObject({ ok: true, body: { seq: 9, unread: 2 } });
    const mark = { room, user: ann, seq: 9, unread: 2 };
    expect(fixture.notifier.userMarks).toEqual([{ users: [ann], marks: [mark] }]);
    expect(fixture.notifier.roomsMarks).toEqual([{ room, mark }]);
  });

  test("tells nobody else in a large room, and nobody at all when refused", async () => {
    fixture.owners.script.read = () => ({ seq: 9, unread: 2, memberCount: 51 });
    await desk.markRead(asker, room, 12);
    fixture.owners.script.read = () => wireError("not_member");
    await desk.markRead(asker, room, 12);
    expect(fixture.notifier.userMarks.length).toBe(1);
    expect(fixture.notifier.roomsMarks).toEqual([]);
  });
});
