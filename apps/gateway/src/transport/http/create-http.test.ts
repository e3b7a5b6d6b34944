import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { AccountsUnavailableError } from "@parley/accounts";
import { defaultLimits, errorCodes, ProblemSchema, validator, wireError } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applied, bob, identityOf } from "../../actors/desk-fixture.ts";
import { HttpFixture, page } from "./http-fixture.ts";
import { problemOf } from "./problem.ts";

const checkProblem = validator(ProblemSchema);
const messages = "/v1/rooms/r_1/messages";
const json = { "content-type": "application/json" };

let http: HttpFixture;
beforeEach(() => {
  http = new HttpFixture();
  http.parts.owners.script.command = () => ({ decided: true, ...applied() });
});
afterEach(() => http.app.close());

describe("a refusal", () => {
  test("is a problem of the catalogue, with the request's id", async () => {
    const answer = await http.ask("GET", "/v1/rooms/r_1", { headers: { "x-request-id": "req-1" } });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).toMatchObject({
      "content-type": "application/problem+json; charset=utf-8",
      "retry-after": "1",
      "x-request-id": "req-1",
      "cache-control": "no-store",
    });
    expect(checkProblem(answer.json())).toMatchObject({ ok: true });
    expect(answer.json()).toMatchObject({ code: "unavailable", status: 503, requestId: "req-1" });
  });

  test("has a type that leads to its explanation", async () => {
    const docs = (await http.ask("GET", "/docs/errors.md")).body;
    for (const code of errorCodes) {
      const { type } = problemOf(wireError(code), "id");
      expect(type).toBe(`/docs/errors.md#${code}`);
      expect(docs).toContain(`## ${code}\n`);
    }
  });

  test("does not echo a request id that could be something else", async () => {
    const answer = await http.ask("GET", "/v1/me", { headers: { "x-request-id": "<script>" } });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/u);
  });

  test("of what nobody foresaw tells the client nothing, and us everything", async () => {
    http.parts.accounts.failure = new Error("a secret detail");
    const answer = await http.ask("GET", "/v1/me");
    expect(answer.json()).toMatchObject({ code: "internal", status: 500 });
    expect(answer.body).not.toContain("secret");
    expect(http.failures).toEqual([http.parts.accounts.failure]);
  });

  test("while accounts are away is no failure of ours", async () => {
    http.parts.accounts.failure = new AccountsUnavailableError("away");
    expect((await http.ask("GET", "/v1/users")).json()).toMatchObject({ code: "unavailable" });
    expect(http.failures).toEqual([]);
  });
});

describe("an address", () => {
  test.each(["/", "/v1", "/v1/nothing", "/v2/me", "/v1/rooms/r_1/messages/3/extra", "/socket.io"])(
    "like %s leads nowhere",
    async (url) => {
      expect((await http.ask("GET", url)).json()).toMatchObject({ code: "not_found", status: 404 });
    },
  );

  test("answers the methods it has, and names them to whoever tries another", async () => {
    const answer = await http.ask("PUT", "/v1/rooms/r_1");
    expect(answer.json()).toMatchObject({ code: "method_not_allowed", status: 405 });
    expect(answer.headers["allow"]?.toString().split(", ").toSorted()).toEqual(["GET", "HEAD", "PATCH"]);
  });

  test.each([
    "/v1/rooms/",
    "/v1/rooms/a%20b",
    "/v1/rooms/r_1/messages/0",
    "/v1/rooms/r_1/messages/1.0",
    "/v1/rooms/%zz",
    `/v1/rooms/${"r".repeat(65)}`,
  ])("like %s is malformed", async (url) => {
    expect((await http.ask("GET", url)).json()).toMatchObject({ code: "bad_request", status: 400 });
    expect(http.parts.owners.asked).toEqual([]);
  });

  test.each([
    "?after=-1",
    "?after=01",
    "?after=1e3",
    "?limit=0",
    "?limit=201",
    "?limit=1&limit=2",
    "?untold=1",
    "?after=1&before=2",
    "?cursor=x",
    "?cursor=YjU&after=1",
  ])("does not take the query %s", async (query) => {
    expect((await http.ask("GET", messages + query)).json()).toMatchObject({ code: "bad_request" });
    expect(http.parts.owners.asked).toEqual([]);
  });
});

describe("a body", () => {
  const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
    http.ask("POST", messages, { payload, headers });

  test.each<[string, string | Buffer, string]>([
    ["is not JSON", "{", "bad_request"],
    ["is nothing", "", "bad_request"],
    ["is no object", "[]", "bad_request"],
    ["lacks what is needed", "{}", "bad_request"],
    ["has unknown fields", '{"text":"a","txet":"b"}', "bad_request"],
    [
      "is not UTF-8",
      Buffer.from([...Buffer.from('{"text":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
      "bad_request",
    ],
    ["holds a lone surrogate", '{"text":"\\ud800"}', "bad_request"],
    ["nests too deep", `{"text":"a","metadata":{"a":${"[".repeat(20)}${"]".repeat(20)}}}`, "bad_request"],
    ["has a text over its limit", JSON.stringify({ text: "x".repeat(8_001) }), "too_large"],
    [
      "has metadata over its limit",
      JSON.stringify({ text: "a", metadata: { a: "x".repeat(4_096) } }),
      "too_large",
    ],
    ["is over the limit of bodies", JSON.stringify({ text: "x".repeat(65_536) }), "too_large"],
  ])("that %s is refused, and nothing is asked", async (_, payload, code) => {
    const answer = await post(payload);
    expect(answer.json()).toMatchObject({ code });
    expect(checkProblem(answer.json())).toMatchObject({ ok: true });
    expect(http.parts.owners.asked).toEqual([]);
  });

  test.each([
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "application/json; charset=latin1" },
    { "content-type": "application/json", "content-encoding": "gzip" },
  ])("of another kind is refused: %j", async (headers) => {
    expect((await post('{"text":"a"}', headers)).json()).toMatchObject({
      code: "unsupported_media_type",
      status: 415,
    });
  });

  test("is pointed into where it is wrong", async () => {
    const answer = await post('{"text":7}');
    expect(answer.json()).toMatchObject({ errors: [{ pointer: "/text" }] });
  });

  test("may say its charset when it is UTF-8", async () => {
    expect(
      (await post('{"text":"é"}', { "content-type": "application/json; charset=UTF-8" })).statusCode,
    ).toBe(201);
  });

  test("where there should be none is refused", async () => {
    const answer = await http.ask("POST", "/v1/rooms/r_1/join", { payload: '{"a":1}', headers: json });
    expect(answer.json()).toMatchObject({ code: "bad_request" });
  });
});

describe("a token", () => {
  test.each([undefined, "", "Basic YTpi", "Bearer", "Bearer a b", "Bearer forged", "token-of-ann"])(
    "is needed: %j is none",
    async (authorization) => {
      const answer = await http.app.inject({
        method: "POST",
        url: messages,
        payload: "not even read",
        headers: { ...json, ...(authorization !== undefined && { authorization }) },
      });
      expect(answer.json()).toMatchObject({ code: "unauthorized", status: 401 });
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/u);
    },
  );

  test("in the query is not looked at", async () => {
    const answer = await http.app.inject({ method: "GET", url: "/v1/me?token=token-of-ann" });
    expect(answer.json()).toMatchObject({ code: "unauthorized" });
  });

  test("without the scope does not do", async () => {
    http.identities.set("bob", identityOf(bob, ["rooms:read"]));
    const headers = { authorization: "bearer token-of-bob" };
    const answer = await http.ask("POST", messages, { payload: { text: "a" }, headers });
    expect(answer.json()).toMatchObject({ code: "scope_missing", status: 403 });
    expect(answer.headers["www-authenticate"]).toBe('Bearer error="insufficient_scope"');
  });
});

describe("rate limits", () => {
  test("are told with every answer that took from one", async () => {
    const { headers } = await http.ask("POST", messages, { payload: { text: "a" } });
    expect(headers).toMatchObject({
      "ratelimit-policy": '"room";q=100;w=5',
      ratelimit: '"room";r=99;t=7',
      "x-ratelimit-limit": "100",
      "x-ratelimit-remaining": "99",
      "x-ratelimit-reset": "7",
    });
  });

  test("that are used up name the bucket and the wait", async () => {
    http.parts.rateLimiter.exhausted.add("send");
    const answer = await http.ask("POST", messages, { payload: { text: "a" } });
    expect(answer.json()).toMatchObject({
      code: "rate_limited",
      status: 429,
      bucket: "send",
      retryAfterMs: 2_100,
    });
    expect(answer.headers).toMatchObject({ "retry-after": "3", ratelimit: '"send";r=0;t=7' });
  });
});

describe("pages in browsers", () => {
  const from = (origin: string) => ({ headers: { origin, host: "api.example.org" } });

  test("of the list may ask and read the answer", async () => {
    const { statusCode, headers } = await http.ask("GET", "/v1/me", from(page));
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ "access-control-allow-origin": page, vary: "origin" });
    expect(headers["access-control-expose-headers"]).toContain("ratelimit");
  });

  test("of this service itself may ask", async () => {
    expect((await http.ask("GET", "/v1/me", from("http://api.example.org"))).statusCode).toBe(200);
  });

  test.each([
    "https://evil.example.org",
    "null",
    "https://chat.example.org.evil.org",
    "http://chat.example.org",
  ])("of %s may not", async (origin) => {
    const answer = await http.ask("POST", messages, { payload: { text: "a" }, ...from(origin) });
    expect(answer.json()).toMatchObject({ code: "origin_refused", status: 403 });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(http.parts.owners.asked).toEqual([]);
  });

  test("ask first, without a token", async () => {
    const answer = await http.app.inject({
      method: "OPTIONS",
      url: messages,
      headers: { origin: page, "access-control-request-method": "POST" },
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers["access-control-allow-methods"]).toContain("PATCH");
    expect(answer.headers["access-control-allow-headers"]).toContain("idempotency-key");
  });

  test("cannot frame, sniff or keep what is answered", async () => {
    expect((await http.ask("GET", "/v1/me")).headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
  });
});

describe("bytes that are no request", () => {
  test.each([
    ["nonsense", "hello\r\n\r\n", "bad_request"],
    ["a header too large", `GET / HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, "too_large"],
  ])("like %s get a problem, and the end", async (_, bytes, code) => {
    await http.app.listen({ host: "127.0.0.1", port: 0 });
    const socket = connect((http.app.server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(bytes);
    const answer = await text(socket);
    expect(answer).toContain("connection: close");
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({ code });
  });
});

describe("a connection that the peer keeps open after its end", () => {
  test.each([
    ["bytes that are no request", "hello\r\n\r\n"],
    ["an upgrade to nothing", "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"],
  ])("is gone soon: %s", async (_, bytes) => {
    await http.app.listen({ host: "127.0.0.1", port: 0 });
    http.app.server.on("upgrade", (_request, socket) => socket.end());
    const { port } = http.app.server.address() as AddressInfo;
    const accepted = new Promise<Socket>((done) => http.app.server.once("connection", done));
    const peer = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    peer.resume().write(bytes);
    await expect(once(await accepted, "close")).resolves.toBeDefined();
    peer.destroy();
  });
});

describe("connections that say nothing", () => {
  test("are dropped above the bound of all connections, and counted", async () => {
    await http.app.close();
    http = new HttpFixture({}, { limits: { ...defaultLimits, connectionsMax: 1, plainConnectionsMax: 2 } });
    await http.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = http.app.server.address() as AddressInfo;
    const silent = Array.from({ length: 3 }, () => connect(port, "127.0.0.1"));
    await Promise.all(silent.map(async (peer) => once(peer, "connect")));
    await once(connect(port, "127.0.0.1").resume(), "close");
    expect(http.dropped).toBe(1);
    for (const peer of silent) peer.destroy();
  });
});

describe("an address in another spelling", () => {
  const spelled = async (target: string, origin: string): Promise<string> => {
    await http.app.listen({ host: "127.0.0.1", port: 0 });
    const socket = connect((http.app.server.address() as AddressInfo).port, "127.0.0.1");
    const fields = `host: a\r\norigin: ${origin}\r\nauthorization: Bearer token-of-ann\r\nconnection: close`;
    socket.write(`GET ${target} HTTP/1.1\r\n${fields}\r\n\r\n`);
    return text(socket);
  };
  const spellings = ["/%761/me", "/v%31/me", "http://elsewhere/v1/me"];

  test.each(spellings)("is guarded like the address itself: %s", async (target) => {
    expect(await spelled(target, "https://evil.example.org")).toContain("origin_refused");
  });

  test.each(spellings)("is served no sooner, and not kept by anybody: %s", async (target) => {
    http.missing = ["the room of revocations"];
    const answer = await spelled(target, page);
    expect(answer).toContain('"code":"unavailable"');
    expect(answer).toContain("cache-control: no-store");
  });
});

describe("whoever runs the process", () => {
  test("learns whether it lives and whether it serves, without a token", async () => {
    http.missing = ["the room of revocations"];
    expect((await http.app.inject("/healthz")).statusCode).toBe(200);
    const waiting = await http.app.inject("/readyz");
    expect(waiting.statusCode).toBe(503);
    expect(waiting.json()).toEqual({ status: "not ready", missing: ["the room of revocations"] });
    http.missing = [];
    expect((await http.app.inject("/readyz")).statusCode).toBe(200);
    expect((await http.app.inject("/metrics")).body).toBe("up 1\n");
  });

  test("finds nobody served before the node was ready once, and everybody after that", async () => {
    http.missing = ["the room of revocations"];
    expect((await http.ask("GET", "/v1/me")).json()).toMatchObject({ code: "unavailable" });
    http.missing = [];
    expect((await http.ask("GET", "/v1/me")).statusCode).toBe(200);
    http.missing = ["sockets are not let in"];
    expect((await http.ask("GET", "/v1/me")).statusCode).toBe(200);
  });

  test("sees routes, never addresses", async () => {
    await http.ask("GET", "/v1/rooms/r_secret");
    await http.ask("GET", "/elsewhere");
    expect(http.answered).toEqual(["GET /v1/rooms/:room 503", "GET undefined 404"]);
  });
});
