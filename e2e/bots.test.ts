import { errorCodes, type MessageView, type Problem, type RoomId } from "@parley/protocol";
import { RestClient } from "@parley/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { type Person, World } from "./src/world.ts";

describe("a bot", () => {
  let world: World;
  let owner: Person;
  let room: RoomId;
  let bot: RestClient;
  beforeAll(async () => {
    world = await World.start();
    owner = await world.person("Owner");
    room = await world.room(owner);
    const made = await owner.rest.bot("Build bot", ["rooms:read", "messages:write"]);
    await owner.rest.addMember(room, made.userId);
    bot = new RestClient(world.url, made.token);
    return () => world[Symbol.asyncDispose]();
  });

  const post = (body: unknown, key: string) =>
    bot.request<MessageView & Problem>("POST", `/v1/rooms/${room}/messages`, { body, key });

  test("posts, and finds its message where the answer says", async () => {
    const posted = await post({ text: "build 1 is green" }, crypto.randomUUID());
    expect(posted.status).toBe(201);
    const location = posted.headers.get("location") ?? "";
    expect(await bot.call("GET", location)).toMatchObject({ seq: posted.body.seq, text: "build 1 is green" });
  });

  test("gets the first answer to a key again, also after the server was killed", async () => {
    const key = crypto.randomUUID();
    const first = await post({ text: "build 2 is red" }, key);
    expect(first.status).toBe(201);
    expect(first.headers.get("idempotency-replayed")).toBe(null);
    await world.killAndRestart();
    const again = await post({ text: "build 2 is red" }, key);
    expect(again.status).toBe(200);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.body).toEqual(first.body);
    const texts = (await owner.rest.messages(room)).map(({ text }) => text);
    expect(texts.filter((text) => text === "build 2 is red")).toHaveLength(1);
  });

  test("is told that a key was used for something else, before and after a restart", async () => {
    const key = crypto.randomUUID();
    await post({ text: "one thing" }, key);
    const other = await post({ text: "another thing" }, key);
    await world.stopAndRestart();
    for (const answer of [other, await post({ text: "another thing" }, key)]) {
      expect(answer.status).toBe(422);
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
      expect(answer.body.code).toBe("key_reused");
    }
  });

  test("gets the same answer by REST and by socket for one key", async () => {
    const key = crypto.randomUUID();
    const { body } = await post({ text: "over both" }, key);
    const { userId, token } = await owner.rest.bot("Other bot", ["rooms:read", "messages:write"]);
    await owner.rest.addMember(room, userId);
    using own = await world.peer({ userId, token, rest: bot });
    const others = await own.ask("send", { room, key, text: "over both" });
    expect(others.ok && others.replayed).toBeFalsy();
    using peer = await world.peer({ userId, token: bot.token ?? "", rest: bot });
    const same = await peer.ask("send", { room, key, text: "over both" });
    expect(same).toMatchObject({ ok: true, seq: body.seq, replayed: true });
  });

  test("of many requests under one key at once makes one message", async () => {
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post({ text: "at once" }, key)));
    const accepted = answers.filter(({ status }) => status === 200 || status === 201);
    expect(accepted.length).toBeGreaterThan(0);
    expect(new Set(accepted.map(({ body }) => body.seq)).size).toBe(1);
    for (const { status, body } of answers) {
      if (status >= 300) expect([status, body.code]).toEqual([409, "in_progress"]);
    }
    expect((await owner.rest.messages(room)).filter(({ text }) => text === "at once")).toHaveLength(1);
  });

  test("is refused what its scopes do not cover", async () => {
    const answer = await bot.request<Problem>("PUT", `/v1/rooms/${room}/bans/${owner.userId}`, { body: {} });
    expect(answer.status).toBe(403);
    expect(answer.body.code).toBe("scope_missing");
  });

  test.each([
    ["an empty text", { text: "" }],
    ["a text too long", { text: "x".repeat(8_001) }],
    ["a text of another type", { text: 7 }],
    ["an unknown field", { text: "hello", colour: "red" }],
    ["no object", [1, 2]],
    ["a body too large", { text: "hello", metadata: { blob: "x".repeat(70_000) } }],
    ["metadata too large", { text: "hello", metadata: { blob: "x".repeat(5_000) } }],
    ["a lone surrogate", '{"text":"\\ud800"}'],
    ["broken JSON", '{"text":'],
  ])("is told of %s by the catalogue", async (_, body) => {
    const answer = await post(body, crypto.randomUUID());
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(errorCodes).toContain(answer.body.code);
  });
});
