import {
  mustParse,
  parseNodeId,
  parseSessionId,
  parseUserId,
  type PresenceView,
  type SessionId,
  type UserId,
  wireError,
} from "@parley/protocol";
import type { Assertion, Roster } from "@parley/roster";
import { MemoryRoster } from "@parley/roster/memory";
import { FakeClock, settle } from "@parley/testing";
import { afterEach, describe, expect, test } from "vitest";
import { PresenceAgent } from "./presence-agent.ts";
import type { PresenceReport } from "./presence-lease.ts";

const leaseMs = 15_000;
const graceMs = 25_000;
const [g1, g2] = [mustParse(parseNodeId, "g1"), mustParse(parseNodeId, "g2")];
const [s1, s2] = [mustParse(parseSessionId, "s1"), mustParse(parseSessionId, "s2")];
const user = (name: string): UserId => mustParse(parseUserId, name);
const [ada, bob, eve] = [user("ada"), user("bob"), user("eve")];

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

/** A roster that can be cut off, and whose time is the test's. */
function rosterUnderTest() {
  const clock = new FakeClock();
  const memory = new MemoryRoster({ nowMs: clock.nowMs, leaseMs, graceMs });
  const asserted: (readonly Assertion[])[] = [];
  let away = false;
  let loses = false;
  const reach = () => {
    if (away) throw new Error("the roster is away");
  };
  const roster: Roster = {
    open: async (gateway) => (reach(), memory.open(gateway)),
    renew: async (lease) => (reach(), memory.renew(lease)),
    assert: async (lease, assertions) => {
      reach();
      asserted.push(assertions);
      return memory.assert(lease, assertions);
    },
    close: async (lease) => (reach(), memory.close(lease)),
    look: async (users) => (reach(), memory.look(users)),
    sweep: async () => memory.sweep(),
    subscribe: async (handler) => (reach(), memory.subscribe((views) => void (loses || handler(views)))),
  };
  const published: PresenceView[] = [];
  void memory.subscribe((views) => published.push(...views));
  return {
    clock,
    memory,
    roster,
    asserted,
    statuses: () => published.splice(0).map(({ user, status }) => `${user} ${status}`),
    cut: (isAway: boolean) => {
      away = isAway;
    },
    /** From now on the feed loses every change, or none. */
    lose: (isLosing: boolean) => {
      loses = isLosing;
    },
  };
}

type Surroundings = ReturnType<typeof rosterUnderTest>;

async function agentAt({ roster, clock }: Surroundings, gateway = g1) {
  const reports: PresenceReport[] = [];
  const batches: { readonly session: SessionId; readonly views: readonly PresenceView[] }[] = [];
  const agent = new PresenceAgent({
    roster,
    gateway,
    clock,
    watchedUsersMax: 2,
    report: (report) => reports.push(report),
  });
  agent.onBatch((session, views) => batches.push({ session, views }));
  open.push(agent);
  await agent.start();
  return { agent, reports, batches };
}

describe("what a gateway says", () => {
  test("is that a user is here, once for all their sockets, and gone with the last", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.connected(ada);
    agent.connected(ada);
    await settle();
    agent.disconnected(ada);
    await settle();
    expect(around.asserted.flat()).toHaveLength(1);
    agent.disconnected(ada);
    await settle();
    expect(around.asserted.flat().map(({ sockets }) => sockets)).toEqual([1, 0]);
  });

  test("is that a user is gone also when they left while their coming was being said", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.connected(ada);
    agent.disconnected(ada);
    await settle();
    expect(around.asserted.flat().map(({ sockets }) => sockets)).toEqual([1, 0]);
  });

  test("goes together while a request is under way", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    for (const user of [ada, bob, eve]) agent.connected(user);
    await settle();
    expect(around.asserted.length).toBeLessThanOrEqual(2);
    expect(around.statuses().sort()).toEqual(["ada online", "bob online", "eve online"]);
  });

  test("is the declared status, until the last socket here is gone", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.setStatus(ada, "busy", "nobody is here yet");
    agent.connected(ada);
    agent.setStatus(ada, "busy", "deep work");
    await settle();
    expect(await around.memory.look([ada])).toMatchObject([{ status: "busy", text: "deep work" }]);
    agent.disconnected(ada);
    agent.connected(ada);
    await settle();
    expect(around.asserted.flat().at(-1)).toMatchObject({ sockets: 1, status: undefined });
    expect(await around.memory.look([ada])).toMatchObject([{ status: "busy" }]);
  });

  test("keeps its lease for as long as it runs", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.connected(ada);
    for (let round = 0; round < 20; round += 1) {
      await around.clock.advance(5_000);
      expect(await around.memory.sweep()).toEqual({ leasesReaped: 0, wentOffline: 0 });
    }
    expect(around.statuses()).toEqual(["ada online"]);
  });

  test("is said again every minute, so that a roster that lost it has it back", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.connected(ada);
    await settle();
    const before = around.asserted.length;
    await around.clock.advance(60_000);
    expect(around.asserted.slice(before)).toEqual([[expect.objectContaining({ user: ada, sockets: 1 })]]);
  });

  test("is said anew at once when the lease was lost", async () => {
    const around = rosterUnderTest();
    const { agent, reports } = await agentAt(around);
    agent.connected(ada);
    await settle();
    // A second life of the same gateway takes the lease away.
    await around.memory.open(g1);
    await around.clock.advance(5_000);
    expect(reports.map(({ kind }) => kind)).toEqual(["lease_opened", "lease_lost", "lease_opened"]);
    await around.clock.advance(graceMs);
    await around.memory.sweep();
    expect(around.statuses()).toEqual(["ada online"]);
  });

  test("is said anew at once also when it is an assertion that finds the lease lost", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.connected(ada);
    await settle();
    await around.memory.open(g1);
    agent.connected(bob);
    await settle();
    expect(around.statuses()).toEqual(["ada online", "bob online"]);
    await around.clock.advance(graceMs);
    await around.memory.sweep();
    expect(around.statuses()).toEqual([]);
  });

  test("is made up for after the roster was away, for who is here and for who left meanwhile", async () => {
    const around = rosterUnderTest();
    const { agent, reports } = await agentAt(around);
    agent.connected(ada);
    agent.connected(bob);
    await settle();
    around.cut(true);
    await around.clock.advance(20_000);
    agent.disconnected(bob);
    agent.connected(eve);
    await around.memory.sweep();
    around.cut(false);
    await around.clock.advance(5_000);
    expect(reports.some(({ kind }) => kind === "failed")).toBe(true);
    await around.clock.advance(graceMs);
    await around.memory.sweep();
    expect(around.statuses()).toEqual(["ada online", "bob online", "eve online", "bob offline"]);
  });

  test("ends with the agent: its users fall into grace at once, and no timer is left", async () => {
    const around = rosterUnderTest();
    const { agent } = await agentAt(around);
    agent.connected(ada);
    await settle();
    await agent[Symbol.asyncDispose]();
    expect(around.clock.pending).toBe(0);
    await around.clock.advance(graceMs);
    await around.memory.sweep();
    expect(around.statuses()).toEqual(["ada online", "ada offline"]);
  });

  test("does not need the roster for a start or an end", async () => {
    const around = rosterUnderTest();
    around.cut(true);
    const { agent, reports } = await agentAt(around);
    agent.connected(ada);
    agent.connected(bob);
    agent.disconnected(bob);
    expect(reports.map((report) => report.kind === "failed" && report.doing)).toEqual(
      expect.arrayContaining(["lease", "feed"]),
    );
    around.cut(false);
    await around.clock.advance(5_000);
    expect(around.statuses()).toEqual(["ada online"]);
    around.cut(true);
    await agent[Symbol.asyncDispose]();
    expect(around.clock.pending).toBe(0);
  });
});

describe("what a watching session hears", () => {
  const watching = async () => {
    const around = rosterUnderTest();
    const here = await agentAt(around, g1);
    const there = await agentAt(around, g2);
    return { ...around, ...here, there: there.agent };
  };

  test("is how the users are when it begins to watch", async () => {
    const { agent, there } = await watching();
    there.connected(ada);
    await settle();
    const views = await agent.watch(s1, [ada, bob]);
    expect(views.map(({ status }) => status)).toEqual(["online", "offline"]);
  });

  test("is one batch a second at most, with the newest of each user", async () => {
    const { agent, there, clock, batches } = await watching();
    await agent.watch(s1, [ada, bob]);
    await agent.watch(s2, [bob]);
    there.connected(ada);
    there.connected(bob);
    await settle();
    there.setStatus(ada, "busy", undefined);
    await clock.advance(999);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches.map(({ session, views }) => [session, views.map(({ status }) => status)])).toEqual([
      [s1, ["busy", "online"]],
      [s2, ["online"]],
    ]);
    await clock.advance(10_000);
    expect(batches).toHaveLength(2);
  });

  test("is another batch for what changes later", async () => {
    const { agent, there, clock, batches } = await watching();
    await agent.watch(s1, [ada]);
    there.connected(ada);
    await clock.advance(1_000);
    there.setStatus(ada, "away", undefined);
    await clock.advance(1_000);
    expect(batches.map(({ views }) => views.map(({ status }) => status))).toEqual([["online"], ["away"]]);
  });

  test("includes what happened before a feed opened late", async () => {
    const around = rosterUnderTest();
    let refusals = 1;
    const roster: Roster = {
      ...around.roster,
      subscribe: async (handler) => {
        refusals -= 1;
        if (refusals >= 0) throw new Error("no feed yet");
        return around.roster.subscribe(handler);
      },
    };
    const { agent, batches } = await agentAt({ ...around, roster });
    const { agent: there } = await agentAt(around, g2);
    await agent.watch(s1, [ada]);
    there.connected(ada);
    await around.clock.advance(4_000);
    expect(batches).toEqual([]);
    await around.clock.advance(2_000);
    expect(batches).toHaveLength(1);
  });

  test("is nothing when a user reconnects within the grace, on whatever gateway", async () => {
    const { agent, there, clock, batches, memory } = await watching();
    there.connected(ada);
    await settle();
    await agent.watch(s1, [ada]);
    there.disconnected(ada);
    await clock.advance(graceMs - 1_000);
    await memory.sweep();
    agent.connected(ada);
    await clock.advance(2 * graceMs);
    await memory.sweep();
    await clock.advance(2_000);
    expect(batches).toEqual([]);
  });

  test("ends with unwatching, and with the session", async () => {
    const { agent, there, clock, batches } = await watching();
    await agent.watch(s1, [ada]);
    await agent.watch(s2, [ada]);
    agent.unwatch(s1, [ada]);
    there.connected(ada);
    await settle();
    agent.forget(s2);
    await clock.advance(2_000);
    expect(batches).toEqual([]);
  });

  test("includes what the feed lost, within a minute", async () => {
    const { agent, there, clock, batches, lose } = await watching();
    await agent.watch(s1, [ada]);
    lose(true);
    there.connected(ada);
    await clock.advance(50_000);
    expect(batches).toEqual([]);
    await clock.advance(11_000);
    expect(batches.map(({ views }) => views.map(({ status }) => status))).toEqual([["online"]]);
  });

  test("is a refusal when it watches too many, or while the roster is away, and then nothing more", async () => {
    const { agent, there, clock, batches, cut } = await watching();
    await expect(agent.watch(s1, [ada, bob, eve])).rejects.toMatchObject({
      wire: wireError("too_many_watched"),
    });
    cut(true);
    await expect(agent.watch(s1, [ada])).rejects.toMatchObject({ code: "unavailable" });
    cut(false);
    there.connected(ada);
    await clock.advance(62_000);
    expect(batches).toEqual([]);
    expect(await agent.watch(s1, [ada, bob])).toHaveLength(2);
  });
});
