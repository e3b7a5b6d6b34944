import { describe, expect, test } from "vitest";
import { defaultClientLimits } from "./client-limits.ts";
import { ServerClock } from "./server-clock.ts";
import { Session } from "./session.ts";
import { newCounters } from "./stats.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { fakeLinks, hello } from "./testing/fake-link.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";

function setUp(getToken: () => Promise<string> = async () => "pb_token") {
  const clock = new FakeClock();
  const { openLink, links } = fakeLinks(scriptedRequest({ typing: () => ({ ok: true }) }).request);
  const session = new Session({
    url: "http://test",
    getToken,
    openLink,
    clock,
    serverClock: new ServerClock(clock),
    limits: defaultClientLimits,
    counters: newCounters(),
    admit: ({ userId }) => userId !== "u_other",
  });
  const states: string[] = [];
  session.events.on("state", (state) => {
    states.push("reason" in state ? `${state.kind}: ${state.reason}` : state.kind);
  });
  const heard: string[] = [];
  session.events.on("up", () => heard.push("up"));
  session.events.on("down", () => heard.push("down"));
  const last = () => links.at(-1)!;
  const goOnline = async () => {
    session.connect();
    await settle();
    last().events.hello(hello());
  };
  return { clock, session, links, last, states, heard, goOnline };
}

describe("a session", () => {
  test("is online once the server said hello", async () => {
    const { session, states, heard, goOnline, last } = setUp();
    await goOnline();
    expect([states, heard]).toEqual([["connecting", "online"], ["up"]]);
    expect([last().target.auth, session.userId]).toEqual([{ token: "pb_token" }, "u_ann"]);
  });

  test("comes back after a lost connection, naming the session it had", async () => {
    const { clock, states, heard, goOnline, last, links } = setUp();
    await goOnline();
    last().events.ended({ kind: "lost", reason: "transport close" });
    await clock.advance(499);
    expect(links).toHaveLength(1);
    await clock.advance(1);
    expect(last().target.auth).toEqual({ token: "pb_token", session: "s_1" });
    last().events.hello(hello());
    expect(states).toEqual(["connecting", "online", "waiting: connection_lost", "connecting", "online"]);
    expect(heard).toEqual(["up", "down", "up"]);
  });

  test("waits longer with every connection that does not last, and starts over after one that did", async () => {
    const { clock, session, goOnline, last } = setUp();
    const waitMs = () => (session.state.kind === "waiting" ? session.state.retryAtMs - clock.nowMs() : -1);
    await goOnline();
    const waits: number[] = [];
    for (let time = 0; time < 4; time += 1) {
      last().events.ended({ kind: "lost", reason: "" });
      waits.push(waitMs());
      await clock.advance(waitMs());
      last().events.hello(hello());
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
    await clock.advance(defaultClientLimits.stableMs);
    last().events.ended({ kind: "lost", reason: "" });
    expect(waitMs()).toBe(500);
  });

  test("keeps its socket until its drain slot, then comes back at once", async () => {
    const { clock, session, goOnline, last, links, states } = setUp();
    await goOnline();
    last().events.received("drain", { afterMs: 3_000, reason: "deploy" });
    expect([session.state.kind, session.up]).toEqual(["draining", true]);
    await clock.advance(2_999);
    expect([links.length, links[0]!.closed]).toEqual([1, false]);
    await clock.advance(1);
    expect([links.length, links[0]!.closed]).toEqual([2, true]);
    expect(states.slice(2)).toEqual(["draining: deploy", "connecting"]);
  });

  test("stops when its token was revoked, and opens nothing more by itself", async () => {
    const { clock, session, goOnline, last, links, states } = setUp();
    await goOnline();
    last().events.ended({ kind: "closed", code: "token_revoked" });
    await clock.advance(3_600_000);
    expect([states.at(-1), links.length, clock.waitingMs]).toEqual(["stopped: token_revoked", 1, []]);
    session.connect();
    await settle();
    expect(links).toHaveLength(2);
  });

  test("replaces an expired token once, and stops when there is no other", async () => {
    let issued = 0;
    const { goOnline, last, states } = setUp(async () => `pb_${Math.min(2, (issued += 1))}`);
    await goOnline();
    last().events.ended({ kind: "closed", code: "token_expired" });
    await settle();
    expect(last().target.auth).toMatchObject({ token: "pb_2" });
    last().events.ended({ kind: "refused", refusal: { code: "token_expired" } });
    await settle();
    expect(states.at(-1)).toBe("stopped: token_expired");
  });

  test("waits when no token can be had", async () => {
    const { session, states, clock } = setUp(async () => {
      throw new Error("the identity provider is down");
    });
    session.connect();
    await settle();
    expect(states).toEqual(["connecting", "waiting: no_token"]);
    await clock.advance(500);
    expect(states.slice(2)).toEqual(["connecting", "waiting: no_token"]);
  });

  test("hears nothing of a socket that it has replaced", async () => {
    const { session, goOnline, links, states } = setUp();
    await goOnline();
    session.close();
    links[0]!.events.hello(hello());
    links[0]!.events.ended({ kind: "lost", reason: "" });
    expect(states).toEqual(["connecting", "online", "offline"]);
  });

  test("refuses to be of another user than its storage", async () => {
    const { session, states, last } = setUp();
    session.connect();
    await settle();
    last().events.hello(hello({ userId: "u_other" as never }));
    expect(states).toEqual(["connecting", "stopped: other_user"]);
    expect(last().closed).toBe(true);
  });

  test("asks nothing while there is no connection", async () => {
    const { session, goOnline } = setUp();
    const typing = { room: "r_lobby" as never, on: true };
    expect(await session.request("typing", typing)).toMatchObject({ error: { code: "unavailable" } });
    await goOnline();
    expect(await session.request("typing", typing)).toEqual({ ok: true });
  });

  test("does not stop because a fresh token could not be fetched once", async () => {
    let issued = 0;
    const { clock, session, states, last } = setUp(async () => {
      issued += 1;
      if (issued === 2) throw new Error("the network is away");
      return `pb_${issued}`;
    });
    session.connect();
    await settle();
    const expired = { kind: "refused", refusal: { code: "token_expired" } } as const;
    last().events.ended(expired);
    await clock.advance(30_000);
    last().events.ended(expired);
    await settle();
    expect([states.at(-1), last().target.auth.token]).toEqual(["connecting", "pb_3"]);
  });
});
