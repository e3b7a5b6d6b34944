import { createTokenVerifier, hashBotToken } from "@parley/auth";
import { parseUserId, wireError } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ann, bob, identityOf, nowMs } from "../../actors/desk-fixture.ts";
import { HttpFixture } from "./http-fixture.ts";

const secret = "a secret of at least thirty-two bytes";

let http: HttpFixture;
beforeEach(() => {
  http = new HttpFixture();
});
afterEach(() => http.app.close());

describe("a guest", () => {
  const signing = { secret, ttlMs: 60_000, issuer: undefined, audience: undefined };

  test("gets a user and a token that this deployment accepts", async () => {
    const open = new HttpFixture({ signing });
    const answer = await open.app.inject({ method: "POST", url: "/v1/guests", payload: { name: "Gus" } });
    expect(answer.statusCode).toBe(201);
    const { userId, token, expiresAt } = answer.json<Record<string, string>>();
    expect(expiresAt).toBe(new Date(nowMs + 60_000).toISOString());
    const options = { secret, jwks: undefined, issuer: undefined, audience: undefined, clockToleranceS: 0 };
    const outcome = await createTokenVerifier(options).verify(token ?? "");
    expect(outcome).toMatchObject({ ok: true, identity: { userId, name: "Gus" } });
    expect(open.parts.accounts.people.get(parseUserId(userId)!)).toMatchObject({ name: "Gus", bot: false });
    expect(open.parts.rateLimiter.taken).toEqual(["guest 127.0.0.1"]);
    await open.app.close();
  });

  test("is counted by the address that trusted proxies name, and by no other", async () => {
    const headers = { "x-forwarded-for": "203.0.113.7" };
    for (const [trustedProxies, counted] of [
      [["127.0.0.1"], "guest 203.0.113.7"],
      [[], "guest 127.0.0.1"],
    ] as const) {
      const open = new HttpFixture({ signing }, { trustedProxies });
      await open.app.inject({ method: "POST", url: "/v1/guests", payload: { name: "Gus" }, headers });
      expect(open.parts.rateLimiter.taken).toEqual([counted]);
      await open.app.close();
    }
  });

  test("gets nothing where there are none, or too many", async () => {
    const post = (fixture: HttpFixture) =>
      fixture.app.inject({ method: "POST", url: "/v1/guests", payload: { name: "Gus" } });
    expect((await post(http)).json()).toMatchObject({ code: "guests_disabled", status: 403 });
    const open = new HttpFixture({ signing });
    open.parts.rateLimiter.exhausted.add("guest");
    expect((await post(open)).json()).toMatchObject({ code: "rate_limited", bucket: "guest" });
    expect(open.parts.accounts.people.size).toBe(0);
    await open.app.close();
  });
});

describe("a bot", () => {
  const make = (payload: object = { name: "Echo", scopes: ["messages:write"] }, key = "k1") =>
    http.ask("POST", "/v1/bots", { payload, headers: { "idempotency-key": key } });
  const made = async () => (await make()).json<{ userId: string; tokenId: string; token: string }>();

  test("is made with a token that is stored only as its hash", async () => {
    const answer = await make();
    expect(answer.statusCode).toBe(201);
    const { userId, tokenId, token } = answer.json<Record<string, string>>();
    expect(http.parts.accounts.people.get(parseUserId(userId)!)).toMatchObject({
      name: "Echo",
      bot: true,
      ownerId: ann,
    });
    expect([...http.parts.accounts.tokens]).toMatchObject([
      [hashBotToken(token ?? ""), { tokenId, userId, scopes: ["messages:write"], revoked: false }],
    ]);
    expect((await http.ask("GET", "/v1/bots")).json()).toEqual({
      items: [{ userId, name: "Echo", bot: true }],
    });
  });

  test("made again under the same key is the same one, with another token", async () => {
    const first = await made();
    const answer = await make();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["idempotency-replayed"]).toBe("true");
    expect(answer.json()).toMatchObject({ userId: first.userId });
    expect(answer.json<{ token: string }>().token).not.toBe(first.token);
    expect((await make(undefined, "k2")).json<{ userId: string }>().userId).not.toBe(first.userId);
  });

  test("is not granted what its maker has not, nor made by a bot", async () => {
    expect((await make({ name: "Echo", scopes: ["admin"] })).json()).toMatchObject({ code: "scope_missing" });
    http.identities.set("ann", { ...identityOf(ann), bot: true });
    expect((await make()).json()).toMatchObject({ code: "forbidden" });
    expect(http.parts.accounts.tokens.size).toBe(0);
  });

  test("has tokens that are added, listed without their secret, and revoked everywhere", async () => {
    const { userId, tokenId } = await made();
    const tokens = `/v1/bots/${userId}/tokens`;
    const expiresAt = new Date(nowMs + 1_000).toISOString();
    const added = await http.ask("POST", tokens, { payload: { expiresAt } });
    expect(added.statusCode).toBe(201);
    const second = added.json<{ tokenId: string; token: string }>();
    expect((await http.ask("GET", tokens)).json()).toMatchObject({
      items: [
        { tokenId, revoked: false },
        { tokenId: second.tokenId, scopes: ["messages:write"], expiresAt, revoked: false },
      ],
    });
    expect((await http.ask("GET", tokens)).body).not.toContain("pb_");
    expect((await http.ask("DELETE", `${tokens}/${tokenId}`)).statusCode).toBe(204);
    expect(http.parts.revocations.revoked).toEqual([`token ${tokenId}`]);
    expect((await http.ask("GET", tokens)).json()).toMatchObject({
      items: [{ revoked: true }, { revoked: false }],
    });
    expect((await http.ask("DELETE", `${tokens}/t_other`)).json()).toMatchObject({ code: "no_such_token" });
    const past = { payload: { expiresAt: new Date(nowMs).toISOString() } };
    expect((await http.ask("POST", tokens, past)).json()).toMatchObject({ code: "bad_request" });
  });

  test("of somebody else does not exist", async () => {
    const { userId } = await made();
    http.identities.set("ann", identityOf(bob));
    for (const path of [`/v1/bots/${userId}/tokens`, "/v1/bots/ann/tokens", "/v1/bots/nobody/tokens"]) {
      expect((await http.ask("GET", path)).json()).toMatchObject({ code: "no_such_user", status: 404 });
    }
    expect((await http.ask("GET", "/v1/bots")).json()).toEqual({ items: [] });
  });

  test("whose revocation cannot be stored is said to be so", async () => {
    const { userId, tokenId } = await made();
    http.parts.revocations.failure = wireError("unavailable");
    const answer = await http.ask("DELETE", `/v1/bots/${userId}/tokens/${tokenId}`);
    expect(answer.json()).toMatchObject({ code: "unavailable" });
  });
});

describe("a revocation", () => {
  const revoke = (payload: object) => http.ask("POST", "/v1/revocations", { payload });

  test("of oneself needs no scope", async () => {
    http.identities.set("ann", { ...identityOf(ann, []), tokenId: "t1" as never });
    expect((await revoke({ user: "ann" })).statusCode).toBe(204);
    expect((await revoke({ token: "t1" })).statusCode).toBe(204);
    expect(http.parts.revocations.revoked).toEqual(["user ann", "token t1"]);
  });

  test.each([{ user: "bob" }, { token: "t2" }, { session: "ann" }])("of %j needs admin", async (payload) => {
    expect((await revoke(payload)).json()).toMatchObject({ code: "scope_missing" });
    expect(http.parts.revocations.revoked).toEqual([]);
    http.identities.set("ann", identityOf(ann, ["admin"]));
    expect((await revoke(payload)).statusCode).toBe(204);
    expect(http.parts.revocations.revoked.length).toBe(1);
  });

  test.each([{}, { user: "ann", token: "t1" }])("names one: not %j", async (payload) => {
    expect((await revoke(payload)).json()).toMatchObject({ code: "bad_request" });
  });
});

describe("users", () => {
  test("see what their token stands for", async () => {
    http.identities.set("ann", { ...identityOf(ann, ["rooms:read"]), name: "Ann", expiresAtMs: nowMs });
    expect((await http.ask("GET", "/v1/me")).json()).toEqual({
      userId: ann,
      name: "Ann",
      bot: false,
      scopes: ["rooms:read"],
      expiresAt: new Date(nowMs).toISOString(),
    });
  });

  test("are found in pages that end", async () => {
    for (const userId of [ann, bob, "carol" as typeof ann]) {
      const createdAt = new Date(nowMs).toISOString();
      await http.parts.accounts.putUser({ userId, name: userId, bot: false, ownerId: undefined, createdAt });
    }
    const seen: string[] = [];
    let address: string | undefined = "/v1/users?limit=2";
    while (address !== undefined) {
      const answer = await http.ask("GET", address);
      seen.push(...answer.json<{ items: { userId: string }[] }>().items.map(({ userId }) => userId));
      address = /^<(.*)>/u.exec(String(answer.headers["link"]))?.[1];
    }
    expect(seen).toEqual(["ann", "bob", "carol"]);
    expect((await http.ask("GET", "/v1/users?q=bo")).json()).toMatchObject({ items: [{ userId: "bob" }] });
    expect((await http.ask("GET", "/v1/users?cursor=x")).json()).toMatchObject({ code: "bad_request" });
  });
});
