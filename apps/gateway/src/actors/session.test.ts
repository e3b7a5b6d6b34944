import type { Identity } from "@parley/auth";
import { defaultLimits, mustParse, parseSessionId, parseUserId } from "@parley/protocol";
import { FakeClock } from "@parley/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Session, type SessionLink } from "./session.ts";

const ann = mustParse(parseUserId, "ann");

let clock: FakeClock;
let closed: string[];
let session: Session;
beforeEach(() => {
  clock = new FakeClock();
  closed = [];
  const link: SessionLink = {
    open: true,
    writable: () => Promise.resolve(),
    writeFrame: () => true,
    emit() {},
    entered() {},
    left() {},
    close: (code) => closed.push(code),
  };
  const sessionId = mustParse(parseSessionId, "session-ann");
  session = new Session({ sessionId, identity: livingFor(1_000), link, clock, limits: defaultLimits });
});

const livingFor = (ttlMs: number): Identity => ({
  userId: ann,
  name: "ann",
  bot: false,
  scopes: new Set(),
  tokenId: undefined,
  issuedAtMs: clock.nowMs(),
  expiresAtMs: clock.nowMs() + ttlMs,
});

describe("a session", () => {
  it("is closed when its token expires, and a fresh one puts that off", async () => {
    session.refresh(livingFor(5_000));
    await clock.advance(4_000);
    expect(closed).toEqual([]);
    await clock.advance(1_000);
    expect(closed).toEqual(["token_expired"]);
  });

  it("that has ended leaves nothing running, whatever it had asked for", async () => {
    const asked = vi.fn(async () => undefined);
    const waiting = Array.from({ length: 10 }, () => session.seating.run(asked));
    session.end();
    session.refresh(livingFor(5_000));
    await Promise.all(waiting);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });
});
