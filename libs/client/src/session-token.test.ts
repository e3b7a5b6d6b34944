import { describe, expect, test } from "vitest";
import { SessionToken } from "./session-token.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";
import { refreshInMs, tokenExpiryMs } from "./token-expiry.ts";
import { wireError } from "@parley/protocol";

const jwt = (expSeconds: number, extra = {}) =>
  `h.${Buffer.from(JSON.stringify({ exp: expSeconds, ...extra })).toString("base64url")}.s`;

describe("a token's expiry", () => {
  test("is read from its claims, in ms", () => {
    expect(tokenExpiryMs(jwt(1_800_000_000, { name: "Zoë ÿ~?" }))).toBe(1_800_000_000_000);
  });

  test("is unknown for a bot's token and for anything else without one", () => {
    for (const token of ["pb_secret", "", "a.b.c", `h.${btoa("{}")}.s`, `h.${btoa('{"exp":"soon"}')}.s`]) {
      expect(tokenExpiryMs(token)).toBeUndefined();
    }
  });

  test("is met a minute early, or after four fifths of a short life", () => {
    expect(refreshInMs(3_600_000, 0)).toBe(3_540_000);
    expect(refreshInMs(10_000, 0)).toBe(8_000);
    expect(refreshInMs(0, 10_000)).toBe(0);
  });
});

function setUp(lives: readonly number[]) {
  const clock = new FakeClock();
  let fetched = 0;
  const token = new SessionToken({
    clock,
    serverNowMs: () => clock.nowMs(),
    getToken: async () => {
      const lifeMs = lives[Math.min(fetched, lives.length - 1)]!;
      fetched += 1;
      return jwt((clock.nowMs() + lifeMs) / 1_000, { fetched });
    },
  });
  return { clock, token, fetched: () => fetched };
}

describe("a session's token", () => {
  test("is used for the next connection, too, unless its end is near", async () => {
    const { token, clock, fetched } = setUp([60_000]);
    const first = await token.current();
    expect(await token.current()).toBe(first);
    await clock.advance(56_000);
    expect(await token.current()).not.toBe(first);
    expect(fetched()).toBe(2);
  });

  test("is replaced on the open socket before it expires, again and again", async () => {
    const { token, clock, fetched } = setUp([600_000]);
    await token.current();
    const server = scriptedRequest({ "auth.refresh": () => ({ ok: true, expiresAt: "" }) });
    token.keepFresh(server.request);
    await clock.advance(539_999);
    expect(server.asked).toHaveLength(0);
    await clock.advance(1);
    expect(server.asked).toHaveLength(1);
    await clock.advance(540_000);
    expect([server.asked.length, fetched()]).toEqual([2, 3]);
  });

  test("that was not accepted is offered again until the old one ends", async () => {
    const { token, clock } = setUp([600_000]);
    await token.current();
    let refusals = 2;
    const server = scriptedRequest({
      "auth.refresh": () => {
        refusals -= 1;
        return refusals >= 0 ? { ok: false, error: wireError("unavailable") } : { ok: true, expiresAt: "" };
      },
    });
    token.keepFresh(server.request);
    await clock.advance(552_000);
    expect(server.asked).toHaveLength(3);
  });

  test("is not refreshed on a socket that is gone", async () => {
    const { token, clock } = setUp([60_000]);
    await token.current();
    const server = scriptedRequest({});
    token.keepFresh(server.request);
    token.rest();
    await clock.advance(600_000);
    expect(server.asked).toHaveLength(0);
  });

  test("is not fresh when the application has no other", async () => {
    const token = new SessionToken({
      clock: new FakeClock(),
      serverNowMs: () => 0,
      getToken: async () => "pb_only",
    });
    await token.current();
    expect(await token.fresh()).toBeUndefined();
    await settle();
  });
});
