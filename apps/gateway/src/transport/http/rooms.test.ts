import {
  type CommandOk,
  createdRoomId,
  mustParse,
  parseKey,
  type RoomEvent,
  type RoomView,
  wireError,
} from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ann, applied, bob, room, ts } from "../../actors/desk-fixture.ts";
import { HttpFixture } from "./http-fixture.ts";

let http: HttpFixture;
beforeEach(() => {
  http = new HttpFixture();
  answerWith(applied());
});
afterEach(() => http.app.close());

const answerWith = (...oks: readonly CommandOk[]) => {
  const left = [...oks];
  http.parts.owners.script.command = () => ({ decided: true, ...(left.shift() ?? applied()) });
};
const event = (fields: object) => ({ seq: 7, n: 3, ts, author: ann, ...fields }) as RoomEvent;
const view = (fields: Partial<RoomView> = {}): RoomView => ({
  room,
  kind: "group",
  name: "Team",
  epoch: 1,
  head: 9,
  n: 4,
  memberCount: 2,
  settings: { slowModeMs: 0, archived: false, history: "all" },
  role: "owner",
  ...fields,
});
const actions = () => http.parts.owners.commands.map(({ action }) => action);

describe("creating a room", () => {
  const create = () =>
    http.ask("POST", "/v1/rooms", {
      payload: { kind: "group", name: "Team", members: [bob], history: "since-join" },
      headers: { "idempotency-key": "k1" },
    });

  test("answers where it is", async () => {
    answerWith(applied({ seq: 1, n: 0, event: event({ kind: "room.created", members: [] }) }));
    const id = await createdRoomId(ann, mustParse(parseKey, "k1"));
    const answer = await create();
    expect(answer.statusCode).toBe(201);
    expect(answer.headers["location"]).toBe(`/v1/rooms/${id}`);
    expect(answer.json()).toEqual({ room: id, kind: "group", name: "Team", head: 1, n: 0 });
    expect(actions()).toEqual([
      { kind: "room.create", roomKind: "group", name: "Team", members: [bob], history: "since-join" },
    ]);
  });

  test("again answers the room as it is now", async () => {
    answerWith(applied({ seq: 1, n: 0, replayed: true }));
    http.parts.owners.script.room = () => ({ view: view({ name: "Renamed" }) });
    const answer = await create();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["idempotency-replayed"]).toBe("true");
    expect(answer.json()).toMatchObject({ kind: "group", name: "Renamed", head: 9, n: 4 });
  });

  test("that was there already, by another key, is no replay", async () => {
    http.parts.owners.script.room = () => ({ view: view({ kind: "direct" }) });
    const answer = await http.ask("POST", "/v1/rooms", { payload: { kind: "direct", members: [bob] } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["idempotency-replayed"]).toBeUndefined();
  });
});

describe("a room", () => {
  test("is not sent again to whoever has it", async () => {
    http.parts.owners.script.room = () => ({ view: view() });
    const answer = await http.ask("GET", "/v1/rooms/r_1");
    expect(answer.json()).toEqual(view());
    expect(answer.headers["etag"]).toBe('"1-9"');
    const again = await http.ask("GET", "/v1/rooms/r_1", { headers: { "if-none-match": '"1-9"' } });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
  });

  test("is opened before its other changes, and closed after them", async () => {
    http.parts.owners.script.room = () => ({ view: view() });
    const patch = (archived: boolean) =>
      http.ask("PATCH", "/v1/rooms/r_1", {
        payload: { name: "New", slowModeMs: 1_000, archived },
        headers: { "idempotency-key": "k1" },
      });
    expect((await patch(true)).json()).toEqual(view());
    expect((await patch(false)).statusCode).toBe(200);
    const update = { kind: "room.update", name: "New", slowModeMs: 1_000 };
    expect(actions()).toEqual([
      update,
      { kind: "room.archive", archived: true },
      { kind: "room.archive", archived: false },
      update,
    ]);
    const keys = http.parts.owners.commands.map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
    expect(keys[1]).toBe(keys[2]);
  });

  test("is not changed by nothing", async () => {
    const answer = await http.ask("PATCH", "/v1/rooms/r_1", { payload: {} });
    expect(answer.json()).toMatchObject({ code: "bad_request" });
    expect(http.parts.owners.asked).toEqual([]);
  });

  test("that is public can be found", async () => {
    http.parts.owners.script.publicRooms = () => ({ items: [view({ kind: "public" })], nextCursor: "c/1" });
    const answer = await http.ask("GET", "/v1/rooms?kind=public&q=te%20am");
    expect(http.parts.owners.asked[0]?.ask).toEqual({ query: "te am", limit: 50 });
    expect(answer.headers["link"]).toBe('</v1/rooms?kind=public&q=te+am&cursor=c%2F1>; rel="next"');
    expect((await http.ask("GET", "/v1/rooms")).json()).toMatchObject({ code: "bad_request" });
  });

  test("is joined and left", async () => {
    http.parts.owners.script.room = () => ({ view: view({ role: "member" }) });
    const joined = await http.ask("POST", "/v1/rooms/r_1/join");
    expect([joined.statusCode, joined.json()]).toEqual([200, view({ role: "member" })]);
    expect((await http.ask("POST", "/v1/rooms/r_1/leave", { payload: {} })).statusCode).toBe(204);
    expect(actions()).toEqual([{ kind: "member.join" }, { kind: "member.leave" }]);
  });
});

describe("a member", () => {
  const put = (payload?: object) =>
    http.ask("PUT", "/v1/rooms/r_1/members/bob", {
      ...(payload !== undefined && { payload }),
      headers: { "idempotency-key": "k1" },
    });

  test("is added, with the role that was asked for", async () => {
    const added = event({ kind: "member.added", user: bob, role: "moderator" });
    answerWith(applied({ event: added }));
    const answer = await put({ role: "moderator" });
    expect([answer.statusCode, answer.json()]).toEqual([200, { room, user: bob, role: "moderator" }]);
    expect(actions()).toEqual([{ kind: "member.add", user: bob, role: "moderator" }]);
  });

  test("is added with the usual role when none was asked for, also without a body", async () => {
    answerWith(applied({ event: event({ kind: "member.added", user: bob, role: "member" }) }));
    expect((await put()).json()).toEqual({ room, user: bob, role: "member" });
    expect(actions()).toEqual([{ kind: "member.add", user: bob }]);
  });

  test("that is there already gets the role by a second command of a key of its own", async () => {
    expect((await put({ role: "owner" })).json()).toEqual({ room, user: bob, role: "owner" });
    expect(actions()).toEqual([
      { kind: "member.add", user: bob, role: "owner" },
      { kind: "member.role", user: bob, role: "owner" },
    ]);
    const [first, second] = http.parts.owners.commands.map(({ key }) => key);
    await put({ role: "owner" });
    const [third, fourth] = http.parts.owners.commands.slice(2).map(({ key }) => key);
    expect([first, second]).toEqual([third, fourth]);
    expect(first).not.toBe(second);
  });

  test("is removed, banned and let in again", async () => {
    const room1 = "/v1/rooms/r_1";
    const answers = [
      await http.ask("DELETE", `${room1}/members/bob`),
      await http.ask("DELETE", `${room1}/members/ann`),
      await http.ask("PUT", `${room1}/bans/bob`, { payload: { reason: "spam" } }),
      await http.ask("PUT", `${room1}/bans/bob`, { headers: { "x-audit-reason": "flood" } }),
      await http.ask("DELETE", `${room1}/bans/bob`),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204, 204, 204]);
    expect(actions()).toEqual([
      { kind: "member.remove", user: bob },
      { kind: "member.leave" },
      { kind: "member.ban", user: bob, reason: "spam" },
      { kind: "member.ban", user: bob, reason: "flood" },
      { kind: "member.unban", user: bob },
    ]);
  });

  test("is listed in pages", async () => {
    const items = [{ user: bob, role: "member", sinceSeq: 2 } as const];
    http.parts.owners.script.members = () => ({ items, nextCursor: "next" });
    const answer = await http.ask("GET", "/v1/rooms/r_1/members?limit=1&cursor=here");
    expect(answer.json()).toEqual({ items, nextCursor: "next" });
    expect(http.parts.owners.asked[0]?.ask).toEqual({ room, user: ann, limit: 1, cursor: "here" });
  });
});

test("my rooms are the owner's overview", async () => {
  http.parts.owners.script.roomsOf = () => ({ items: [room] });
  http.parts.owners.script.overview = () => wireError("unavailable");
  expect((await http.ask("GET", "/v1/me/rooms")).json()).toMatchObject({ code: "unavailable" });
});
