import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { FakeClock } from "@parley/testing";
import { mustParse, parseUserId, userScopes } from "@parley/protocol";
import jwt from "jsonwebtoken";
import { describe, expect, test } from "vitest";
import { signGuestToken } from "./guest-token.ts";
import { createTokenVerifier, type TokenVerifierOptions } from "./token-verifier.ts";

const secret = "a secret of at least thirty-two bytes";
const clock = new FakeClock();
const nowS = Math.floor(clock.nowMs() / 1_000);
const claims = { sub: "ann", iat: nowS, exp: nowS + 60 };

const verifierWith = (options: Partial<TokenVerifierOptions>) =>
  createTokenVerifier({
    secret: undefined,
    jwks: undefined,
    issuer: undefined,
    audience: undefined,
    clockToleranceS: 5,
    nowMs: clock.nowMs,
    ...options,
  });

const signed = (payload: object, key: string | KeyObject = secret, options: jwt.SignOptions = {}): string =>
  jwt.sign(payload, key, { algorithm: "HS256", ...options });

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwkOf = (key: KeyObject, kid: string) => ({ ...key.export({ format: "jwk" }), kid, use: "sig" });
const rs256 = (kid: string, payload: object = claims) =>
  signed(payload, rsa.privateKey, { algorithm: "RS256", keyid: kid });

describe("a verifier with a secret", () => {
  const verifier = verifierWith({ secret });

  test("names who a token stands for, and what it covers", async () => {
    const token = signed({ ...claims, name: " Ann ", jti: "t1", scope: "rooms:read openid messages:write" });
    expect(await verifier.verify(token)).toEqual({
      ok: true,
      identity: {
        userId: "ann",
        name: "Ann",
        tokenId: "t1",
        scopes: new Set(["rooms:read", "messages:write"]),
        bot: false,
        issuedAtMs: nowS * 1_000,
        expiresAtMs: (nowS + 60) * 1_000,
      },
    });
  });

  test("grants what a person may do when no scope is named, and never admin", async () => {
    const outcome = await verifier.verify(signed(claims));
    expect(outcome.ok && [...outcome.identity.scopes]).toEqual(userScopes);
  });

  test.each([
    ["another secret", signed(claims, "another secret of thirty-two bytes!!")],
    ["the algorithm none", jwt.sign(claims, null, { algorithm: "none" })],
    ["another digest", signed(claims, secret, { algorithm: "HS512" })],
    ["a key pair where none is known", rs256("k1")],
    ["an altered payload", alter(signed(claims))],
    ["no expiry", signed({ sub: "ann" })],
    ["no subject", signed({ exp: claims.exp })],
    ["a subject that is no id", signed({ ...claims, sub: "ann@example.org" })],
    ["a subject of the service's own", signed({ ...claims, sub: "s_system" })],
    ["a time before which it is not valid", signed({ ...claims, nbf: nowS + 60 })],
    ["a time of issue to come", signed({ ...claims, iat: nowS + 60 })],
    ["a critical header field", signed(claims, secret, { header: { alg: "HS256", crit: ["b64"] } })],
    ["no form at all", "not.a.token"],
    ["nothing", ""],
    ["more characters than a token may have", signed({ ...claims, name: "n".repeat(10_000) })],
  ])("refuses a token with %s", async (_, token) => {
    expect(await verifier.verify(token)).toMatchObject({ ok: false, code: "unauthorized" });
  });

  test("takes a token that does not say when it was issued for older than any revocation", async () => {
    const undated = signed({ sub: "ann", exp: claims.exp }, secret, { noTimestamp: true });
    expect(await verifier.verify(undated)).toMatchObject({ ok: true, identity: { issuedAtMs: 0 } });
  });

  test("tolerates an issuer's clock that is a little ahead", async () => {
    expect(await verifier.verify(signed({ ...claims, iat: nowS + 5 }))).toMatchObject({ ok: true });
  });

  test("tells an expired token from a bad one, after the tolerance", async () => {
    expect(await verifier.verify(signed({ ...claims, exp: nowS - 6 }))).toMatchObject({
      code: "token_expired",
    });
    expect(await verifier.verify(signed({ ...claims, exp: nowS - 4 }))).toMatchObject({ ok: true });
    const forged = signed({ ...claims, exp: nowS - 60 }, "another secret of thirty-two bytes!!");
    expect(await verifier.verify(forged)).toMatchObject({ code: "unauthorized" });
  });

  test("does not let a remembered token outlive itself", async () => {
    const later = new FakeClock(clock.nowMs());
    const patient = verifierWith({ secret, nowMs: later.nowMs });
    const token = signed(claims);
    expect(await patient.verify(token)).toMatchObject({ ok: true });
    await later.advance(66_000);
    expect(await patient.verify(token)).toMatchObject({ code: "token_expired" });
  });

  test("wants the issuer and audience that it was told of", async () => {
    const strict = verifierWith({ secret, issuer: "us", audience: "chat" });
    expect(await strict.verify(signed({ ...claims, iss: "us", aud: "chat" }))).toMatchObject({ ok: true });
    expect(await strict.verify(signed({ ...claims, iss: "them", aud: "chat" }))).toMatchObject({ ok: false });
    expect(await strict.verify(signed({ ...claims, iss: "us", aud: "mail" }))).toMatchObject({ ok: false });
    expect(await strict.verify(signed(claims))).toMatchObject({ ok: false });
  });

  test("accepts guests' tokens of the same secret", async () => {
    const real = createTokenVerifier({ ...options(), secret, issuer: "us", audience: "chat" });
    const userId = mustParse(parseUserId, "g_1");
    const guest = { userId, name: "Guest", ttlMs: 60_000, issuer: "us", audience: "chat" };
    const token = signGuestToken(secret, guest);
    expect(await real.verify(token)).toMatchObject({ ok: true, identity: { userId, name: "Guest" } });
    expect(signGuestToken(secret, guest)).not.toBe(token);
  });

  test("does not start with a short secret, or with nothing to verify with", () => {
    expect(() => verifierWith({ secret: "short" })).toThrow(RangeError);
    expect(() => verifierWith({})).toThrow(TypeError);
    const guest = {
      userId: mustParse(parseUserId, "g"),
      name: "G",
      ttlMs: 1,
      issuer: undefined,
      audience: undefined,
    };
    expect(() => signGuestToken("short", guest)).toThrow(RangeError);
  });
});

describe("a verifier with a provider's keys", () => {
  test("checks each token with the key it names", async () => {
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1"), jwkOf(ec.publicKey, "k2")]);
    const verifier = verifierWith({ jwks: { url: server.url } });
    const es256 = signed(claims, ec.privateKey, { algorithm: "ES256", keyid: "k2" });
    expect(await verifier.verify(rs256("k1"))).toMatchObject({ ok: true });
    expect(await verifier.verify(es256)).toMatchObject({ ok: true });
    expect(await verifier.verify(rs256("k2"))).toMatchObject({ code: "unauthorized" });
    expect(server.asked).toBe(1);
  });

  test("refuses an HS256 token whose secret is the provider's public key", async () => {
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
    const confused = hs256ByHand({ ...claims }, pem, "k1");
    for (const verifier of [
      verifierWith({ jwks: { url: server.url } }),
      verifierWith({ jwks: { url: server.url }, secret }),
    ]) {
      expect(await verifier.verify(confused)).toMatchObject({ ok: false, code: "unauthorized" });
    }
  });

  test("asks again for an unknown key, but not within the cool-down", async () => {
    const clock = new FakeClock();
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    const verifier = verifierWith({ jwks: { url: server.url }, nowMs: clock.nowMs });
    expect(await verifier.verify(rs256("k1"))).toMatchObject({ ok: true });
    server.keys = [jwkOf(rsa.publicKey, "k2")];
    expect(await verifier.verify(rs256("k2"))).toMatchObject({ code: "unauthorized" });
    expect(server.asked).toBe(1);
    await clock.advance(30_000);
    expect(await verifier.verify(rs256("k2"))).toMatchObject({ ok: true });
    expect(await verifier.verify(rs256("k1", { ...claims, n: 2 }))).toMatchObject({ code: "unauthorized" });
    expect(server.asked).toBe(2);
  });

  test("asks once for all that need the keys at the same time", async () => {
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    const verifier = verifierWith({ jwks: { url: server.url } });
    const tokens = Array.from({ length: 20 }, (_, n) => rs256("k1", { ...claims, n }));
    const outcomes = await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(server.asked).toBe(1);
  });

  test("goes on with the keys it has while the provider is down", async () => {
    const clock = new FakeClock();
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    const verifier = verifierWith({ jwks: { url: server.url }, nowMs: clock.nowMs });
    const lasting = { ...claims, exp: nowS + 86_400 };
    expect(await verifier.verify(rs256("k1", lasting))).toMatchObject({ ok: true });
    server.down = true;
    await clock.advance(3_600_000);
    expect(await verifier.verify(rs256("k1", { ...lasting, n: 2 }))).toMatchObject({ ok: true });
    expect(await verifier.verify(rs256("k9", lasting))).toMatchObject({ code: "unavailable" });
  });

  test("says that it does not know while the provider has never answered, and soon asks again", async () => {
    const clock = new FakeClock();
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    server.down = true;
    const verifier = verifierWith({ jwks: { url: server.url }, nowMs: clock.nowMs });
    expect(await verifier.verify(rs256("k1"))).toMatchObject({ ok: false, code: "unavailable" });
    server.down = false;
    await clock.advance(2_000);
    expect(await verifier.verify(rs256("k1"))).toMatchObject({ ok: true });
  });

  test("finds the keys by the issuer's discovery document", async () => {
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    const verifier = verifierWith({ issuer: server.issuer });
    expect(await verifier.verify(rs256("k1", { ...claims, iss: server.issuer }))).toMatchObject({ ok: true });
    expect(await verifier.verify(rs256("k1", { ...claims, iss: "them" }))).toMatchObject({ ok: false });
  });

  test("does not believe a discovery document of another issuer", async () => {
    await using server = await KeyServer.start([jwkOf(rsa.publicKey, "k1")]);
    server.claimedIssuer = "https://them.example.org";
    const verifier = verifierWith({ issuer: server.issuer });
    const token = rs256("k1", { ...claims, iss: server.issuer });
    expect(await verifier.verify(token)).toMatchObject({ code: "unavailable" });
  });
});

function options(): TokenVerifierOptions {
  return { secret: undefined, jwks: undefined, issuer: undefined, audience: undefined, clockToleranceS: 5 };
}

function alter(token: string): string {
  const [header, , signature] = token.split(".");
  const payload = Buffer.from(JSON.stringify({ ...claims, sub: "bob" })).toString("base64url");
  return `${header}.${payload}.${signature}`;
}

/** As an attacker signs: jsonwebtoken itself would not use a public key so. */
function hs256ByHand(payload: object, key: string, kid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${part({ alg: "HS256", typ: "JWT", kid })}.${part(payload)}`;
  return `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
}

/** An identity provider on a real port. */
class KeyServer implements AsyncDisposable {
  readonly #server: Server;
  keys: readonly object[];
  asked = 0;
  down = false;
  claimedIssuer: string | undefined;

  private constructor(keys: readonly object[]) {
    this.keys = keys;
    this.#server = createServer((request, response) => {
      if (this.down) {
        response.writeHead(503).end();
        return;
      }
      const discovery = request.url === "/.well-known/openid-configuration";
      if (!discovery) this.asked += 1;
      const issuer = this.claimedIssuer ?? this.issuer;
      const body = discovery ? { issuer, jwks_uri: this.url } : { keys: this.keys };
      response.setHeader("content-type", "application/json").end(JSON.stringify(body));
    });
  }

  static async start(keys: readonly object[]): Promise<KeyServer> {
    const server = new KeyServer(keys);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.issuer}/keys`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
