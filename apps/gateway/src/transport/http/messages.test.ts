import { mustParse, parseKey, wireError, type MessageView, type RoomEvent } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ann, applied, bob, room, ts } from "../../actors/desk-fixture.ts";
import { HttpFixture } from "./http-fixture.ts";

const messages = "/v1/rooms/r_1/messages";

let http: HttpFixture;
beforeEach(() => {
  http = new HttpFixture();
  http.parts.owners.script.command = () => ({ decided: true, ...applied() });
});
afterEach(() => http.app.close());

const post = (payload: object = { text: "hello" }, headers: Record<string, string> = {}) =>
  http.ask("POST", messages, { payload, headers });
const replayed = () => {
  http.parts.owners.script.command = () => ({ decided: true, ...applied({ replayed: true }) });
};
const view = (fields: Partial<MessageView> = {}): MessageView => ({
  room,
  seq: 7,
  n: 3,
  ts,
  author: ann,
  text: "hello",
  version: 1,
  deleted: false,
  pinned: false,
  reactions: [],
  lastSeq: 7,
  ...fields,
});

describe("posting a message", () => {
  test("answers it as it was stored", async () => {
    const event = {
      kind: "message.created",
      seq: 7,
      n: 3,
      ts,
      author: ann,
      text: "hi <@bob>",
      mentions: [bob],
    };
    http.parts.owners.script.command = () => ({ decided: true, ...applied({ event: event as RoomEvent }) });
    const answer = await post(
      { text: "hi <@bob>", replyTo: 2, metadata: { a: 1 } },
      { "idempotency-key": "k1" },
    );
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({ location: `${messages}/7`, etag: '"1"' });
    expect(answer.headers["idempotency-replayed"]).toBeUndefined();
    expect(answer.json()).toEqual(
      view({
        key: mustParse(parseKey, "k1"),
        text: "hi <@bob>",
        replyTo: 2,
        metadata: { a: 1 },
        mentions: [bob],
      }),
    );
    expect(http.parts.owners.commands).toMatchObject([
      { author: ann, key: "k1", action: { kind: "send", text: "hi <@bob>", replyTo: 2, metadata: { a: 1 } } },
    ]);
  });

  test("again answers the message as it is now", async () => {
    replayed();
    http.parts.owners.script.message = () => ({ message: view({ text: "edited", version: 2, lastSeq: 9 }) });
    const answer = await post();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ "idempotency-replayed": "true", etag: '"2"' });
    expect(answer.json()).toMatchObject({ text: "edited", version: 2 });
    expect(http.parts.owners.asked.at(-1)?.ask).toMatchObject({ seq: 7, atLeast: { epoch: 1, seq: 7 } });
  });

  test("again answers what was sent when the room can no longer be read", async () => {
    replayed();
    http.parts.owners.script.message = () => wireError("not_member");
    const answer = await post();
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ seq: 7, text: "hello" });
  });

  test.each([
    ["key_reused", 422],
    ["not_member", 403],
    ["slow_mode", 429],
    ["unknown", 503],
    ["no_such_room", 404],
  ] as const)("that is refused as %s has the status %d", async (code, status) => {
    http.parts.owners.script.command = () => ({
      decided: false,
      code,
      error: wireError(code),
      replayed: false,
    });
    expect((await post()).json()).toMatchObject({ code, status });
  });
});

describe("an idempotency key", () => {
  const keyOf = async (field: string) => {
    await post({ text: "a" }, { "idempotency-key": field });
    return http.parts.owners.commands.at(-1)?.key;
  };

  test("is the same quoted or bare", async () => {
    expect(await keyOf("order-42")).toBe("order-42");
    expect(await keyOf('"order-42"')).toBe("order-42");
  });

  test("that is no id is known by its digest", async () => {
    const odd = await keyOf('"order 42/a\\"b"'.replace(" ", ":"));
    expect(odd).toMatch(/^h_[A-Za-z0-9_-]{43}$/u);
    expect(await keyOf('order:42/a"b')).toBe(odd);
    expect(await keyOf("order:42/a")).not.toBe(odd);
    expect(await keyOf("x".repeat(255))).toMatch(/^h_/u);
  });

  test.each(["", '""', "a b", "x".repeat(256), '"a b"', "é"])("is not %j", async (field) => {
    const answer = await post({ text: "a" }, { "idempotency-key": field });
    expect(answer.json()).toMatchObject({ code: "bad_request" });
    expect(http.parts.owners.asked).toEqual([]);
  });

  test("is made here when the client has none, and never twice", async () => {
    await post();
    await post();
    const [first, second] = http.parts.owners.commands;
    expect(first?.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/u);
    expect(second?.key).not.toBe(first?.key);
  });

  test("that is being worked on is in progress to a second request, until it is answered", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ask = http.parts.owners.ask;
    Object.assign(http.parts.owners, {
      ask: async (...request: Parameters<typeof ask>) => {
        await promise;
        return ask(...request);
      },
    });
    const key = { "idempotency-key": "k1" };
    const first = post({ text: "a" }, key);
    const other = post({ text: "a" }, { "idempotency-key": "k2" });
    const second = await post({ text: "a" }, key);
    expect(second.json()).toMatchObject({ code: "in_progress", status: 409 });
    resolve();
    expect((await first).statusCode).toBe(201);
    expect((await other).statusCode).toBe(201);
    expect((await post({ text: "a" }, key)).statusCode).toBe(201);
  });
});

describe("a page of messages", () => {
  test("leads to the next one by a cursor and a link", async () => {
    http.parts.owners.script.messages = () => ({ items: [view({ seq: 4 }), view({ seq: 5 })], more: true });
    const answer = await http.ask("GET", `${messages}?before=6&limit=2`);
    const { nextCursor } = answer.json<{ nextCursor: string }>();
    expect(answer.headers["link"]).toBe(`<${messages}?limit=2&cursor=${nextCursor}>; rel="next"`);
    await http.ask("GET", `${messages}?limit=2&cursor=${nextCursor}`);
    expect(http.parts.owners.asked.at(-1)?.ask).toMatchObject({ page: { before: 4, limit: 2 } });
  });

  test("is of the newest fifty when nothing is said", async () => {
    http.parts.owners.script.messages = () => ({ items: [], more: false });
    const answer = await http.ask("GET", messages);
    expect(answer.json()).toEqual({ items: [] });
    expect(answer.headers["link"]).toBeUndefined();
    expect(http.parts.owners.asked.at(-1)?.ask).toEqual({ room, user: ann, page: { limit: 50 } });
  });
});

describe("one message", () => {
  const get = (headers: Record<string, string> = {}) => http.ask("GET", `${messages}/7`, { headers });

  test("is not sent again to whoever has it", async () => {
    http.parts.owners.script.message = () => ({ message: view() });
    expect((await get()).headers).toMatchObject({ etag: '"1"', "cache-control": "private, no-cache" });
    for (const field of ['"1"', 'W/"1"', '"0", "1"', "*"]) {
      const answer = await get({ "if-none-match": field });
      expect([answer.statusCode, answer.body]).toEqual([304, ""]);
    }
    expect((await get({ "if-none-match": '"2"' })).statusCode).toBe(200);
  });

  test("is another to whoever has it from before a reaction", async () => {
    const reactions = [{ emoji: "+1", count: 1, mine: false }];
    http.parts.owners.script.message = () => ({ message: view({ reactions, lastSeq: 8 }) });
    const answer = await get({ "if-none-match": '"1"' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["etag"]).toBe('"1-8"');
  });

  test("is edited if it has the version that was named", async () => {
    http.parts.owners.script.message = () => ({ message: view({ text: "b", version: 2, lastSeq: 8 }) });
    const patch = (field: string) =>
      http.ask("PATCH", `${messages}/7`, { payload: { text: "b" }, headers: { "if-match": field } });
    const answer = await patch('"1-8"');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["etag"]).toBe('"2"');
    await patch("*");
    const actions = http.parts.owners.commands.map(({ action }) => action);
    expect(actions).toEqual([
      { kind: "edit", seq: 7, text: "b", ifVersion: 1 },
      { kind: "edit", seq: 7, text: "b" },
    ]);
    for (const field of ['W/"1"', '"other"']) {
      expect((await patch(field)).json()).toMatchObject({ code: "version_mismatch", status: 412 });
    }
    for (const field of ["1", '"1', '"1", "2"', ""]) {
      expect((await patch(field)).json()).toMatchObject({ code: "bad_request", status: 400 });
    }
    expect(http.parts.owners.commands.length).toBe(2);
  });

  test("that was edited but cannot be shown is no failure", async () => {
    const answer = await http.ask("PATCH", `${messages}/7`, { payload: { text: "b" } });
    expect([answer.statusCode, answer.body]).toEqual([204, ""]);
  });

  test.each([
    ["DELETE", "", { kind: "delete", seq: 7, ifVersion: 3 }],
    ["PUT", "/reactions/%F0%9F%91%8D%F0%9F%8F%BD", { kind: "react", seq: 7, emoji: "👍🏽" }],
    ["DELETE", "/reactions/:party:", { kind: "unreact", seq: 7, emoji: ":party:" }],
    ["PUT", "/pin", { kind: "pin", seq: 7 }],
    ["DELETE", "/pin", { kind: "unpin", seq: 7 }],
  ] as const)("takes %s %s", async (method, path, action) => {
    const headers = { "if-match": '"3"', "idempotency-key": "k1" };
    const answer = await http.ask(method, `${messages}/7${path}`, { headers });
    expect([answer.statusCode, answer.body]).toEqual([204, ""]);
    expect(http.parts.owners.commands).toMatchObject([{ key: "k1", action }]);
  });

  test.each(["%20", "%00", "x".repeat(65)])("takes no reaction %j", async (emoji) => {
    const answer = await http.ask("PUT", `${messages}/7/reactions/${emoji}`);
    expect(answer.json()).toMatchObject({ code: "bad_request" });
  });
});

describe("the room's order", () => {
  test("is read in runs", async () => {
    http.parts.owners.script.events = () => ({ epoch: 1, first: 3, events: [], head: 2 });
    const answer = await http.ask("GET", "/v1/rooms/r_1/events?after=2");
    expect(answer.json()).toEqual({ epoch: 1, first: 3, events: [], head: 2 });
    expect(http.parts.owners.asked[0]?.ask).toEqual({ room, user: ann, after: 2, limit: 200 });
    expect((await http.ask("GET", "/v1/rooms/r_1/events")).json()).toMatchObject({ code: "bad_request" });
  });

  test("is marked as read", async () => {
    http.parts.owners.script.read = () => ({ seq: 5, unread: 0, memberCount: 2 });
    const answer = await http.ask("POST", "/v1/rooms/r_1/read", { payload: { seq: 9 } });
    expect([answer.statusCode, answer.json()]).toEqual([200, { seq: 5, unread: 0 }]);
  });
});
