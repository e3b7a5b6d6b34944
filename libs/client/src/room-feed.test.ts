import { type ResetState, wireError } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultClientLimits } from "./client-limits.ts";
import { type JoinedOk, RoomFeed } from "./room-feed.ts";
import { newCounters } from "./stats.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { eventsAnswer, lobby, payload, run } from "./testing/room-log-model.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";
import type { Request } from "./request.ts";

const joined = (head: number, extra: Partial<JoinedOk> = {}): JoinedOk => ({
  room: lobby,
  ok: true,
  epoch: 1,
  head,
  n: head,
  mark: 0,
  role: "member",
  ...extra,
});

const state: ResetState = {
  settings: { slowModeMs: 0, archived: false, history: "all" },
  kind: "group",
  role: "member",
  mark: 0,
  n: 0,
  memberCount: 2,
  messages: [],
};

function setUp(
  request: Request,
  options: { heldEventsMax?: number; repairOnHead?: boolean; skipRepair?: boolean } = {},
) {
  const clock = new FakeClock();
  const counters = newCounters();
  const rejoined: RoomFeed[] = [];
  const feed = new RoomFeed(lobby, {
    request,
    clock,
    counters,
    limits: { ...defaultClientLimits, repairEventsMax: 5, heldEventsMax: options.heldEventsMax ?? 100 },
    me: () => undefined,
    saveCursor: () => undefined,
    rejoin: (one) => rejoined.push(one),
    repairOnHead: options.repairOnHead ?? true,
    skipRepair: options.skipRepair ?? false,
  });
  const log: (number | string)[] = [];
  feed.events.on("event", ({ seq }) => log.push(seq));
  feed.events.on("reset", ({ reason, cursor }) =>
    log.push(`reset ${reason} at ${cursor.epoch}/${cursor.seq}`),
  );
  feed.events.on("resync", ({ reason }) => log.push(`resync ${reason}`));
  feed.events.on("head", ({ seq }) => log.push(`head ${seq}`));
  feed.joining();
  return { feed, clock, counters, log, rejoined };
}

const upTo = (first: number, last: number) => run(first, last).map(({ seq }) => seq);

describe("joining", () => {
  test("without a cursor starts at the head, with what overtook the answer after it", () => {
    const { feed, log } = setUp(scriptedRequest({}).request);
    feed.received(payload(8, 8));
    feed.joined(joined(7));
    expect([log, feed.cursor]).toEqual([[8], { epoch: 1, seq: 8 }]);
  });

  test("with a cursor applies the run that follows it", () => {
    const { feed, log } = setUp(scriptedRequest({}).request);
    feed.startFrom({ epoch: 1, seq: 4 });
    feed.joined(joined(7, { events: run(5, 7) }));
    feed.received(payload(8, 8));
    expect(log).toEqual([5, 6, 7, 8]);
  });

  test("pulls the rest of a long run before it applies live events", async () => {
    const server = scriptedRequest({ events: (query) => eventsAnswer(14, query) });
    const { feed, log, counters } = setUp(server.request);
    feed.startFrom({ epoch: 1, seq: 0 });
    feed.joined(joined(13, { events: run(1, 2), more: true }));
    feed.received(payload(14, 14));
    await settle();
    expect(log).toEqual(upTo(1, 14));
    expect(server.asked.map(([, query]) => (query as { after: number }).after)).toEqual([2, 7, 12]);
    expect(counters.gapsRepaired).toBe(0);
  });

  test("announces a reset before the events that follow it", () => {
    const { feed, log } = setUp(scriptedRequest({}).request);
    feed.startFrom({ epoch: 1, seq: 40 });
    feed.received(payload(31, 31, 2));
    feed.joined(joined(30, { epoch: 2, reset: { reason: "epoch", state } }));
    expect(log).toEqual(["reset epoch at 2/30", 31]);
  });
});

describe("a live room", () => {
  test("fetches the missing run once, and counts one gap", async () => {
    const server = scriptedRequest({ events: (query) => eventsAnswer(9, query) });
    const { feed, log, counters } = setUp(server.request);
    feed.joined(joined(2));
    feed.received(payload(6, 6));
    feed.received(payload(8, 9));
    await settle();
    expect(log).toEqual(upTo(3, 9));
    expect([server.asked.length, counters.gapsRepaired, feed.behind]).toEqual([1, 1, false]);
  });

  test("closes a hole that only a head showed", async () => {
    const server = scriptedRequest({ events: (query) => eventsAnswer(4, query) });
    const { feed, log, counters } = setUp(server.request);
    feed.joined(joined(2));
    feed.headTold({ room: lobby, epoch: 1, seq: 4, n: 4 });
    await settle();
    expect([log, counters.gapsRepaired]).toEqual([["head 4", 3, 4], 1]);
  });

  test("leaves such a hole until somebody looks, when so configured", async () => {
    const server = scriptedRequest({ events: (query) => eventsAnswer(4, query) });
    const { feed, log } = setUp(server.request, { repairOnHead: false });
    feed.joined(joined(2));
    feed.headTold({ room: lobby, epoch: 1, seq: 4, n: 4 });
    await settle();
    expect([log, feed.behind]).toEqual([["head 4"], true]);
    await feed.catchUp();
    expect(log).toEqual(["head 4", 3, 4]);
  });

  test("drops what comes again and counts it", () => {
    const { feed, log, counters } = setUp(scriptedRequest({}).request);
    feed.joined(joined(2));
    feed.received(payload(3, 4));
    feed.received(payload(3, 5));
    expect([log, counters.duplicatesDropped]).toEqual([[3, 4, 5], 2]);
  });

  test("goes on after what the server hides from it", async () => {
    const server = scriptedRequest({
      events: () => ({ ok: true, epoch: 1, first: 6, events: run(6, 8), head: 8 }),
    });
    const { feed, log } = setUp(server.request);
    feed.startFrom({ epoch: 1, seq: 0 });
    feed.joined(joined(8, { more: true }));
    await settle();
    expect(log).toEqual([6, 7, 8]);
  });

  test("asks again after a pause when the server cannot answer now", async () => {
    let refusals = 2;
    const server = scriptedRequest({
      events: (query) => {
        refusals -= 1;
        return refusals >= 0
          ? { ok: false, error: wireError("unavailable", undefined, { retryAfterMs: 2_000 }) }
          : eventsAnswer(5, query);
      },
    });
    const { feed, log, clock } = setUp(server.request);
    feed.joined(joined(2));
    feed.received(payload(5, 5));
    await clock.advance(2_499);
    expect(server.asked).toHaveLength(1);
    await clock.advance(10_000);
    expect(log).toEqual([3, 4, 5]);
  });

  test("is refused when the server refuses its events for good", async () => {
    const server = scriptedRequest({ events: () => ({ ok: false, error: wireError("not_member") }) });
    const { feed } = setUp(server.request);
    feed.joined(joined(2));
    feed.received(payload(5, 5));
    await settle();
    expect(feed.state).toMatchObject({ kind: "refused", error: { code: "not_member" } });
  });

  test("joins again for an epoch it was not told of, and applies none of it before", () => {
    const { feed, log, rejoined } = setUp(scriptedRequest({}).request);
    feed.joined(joined(2));
    feed.received(payload(2, 2, 2));
    feed.received(payload(3, 3, 2));
    expect([log, rejoined.length, feed.state.kind]).toEqual([["resync epoch"], 1, "joining"]);
    feed.joined(joined(1, { epoch: 2, reset: { reason: "epoch", state } }));
    expect(log).toEqual(["resync epoch", "reset epoch at 2/1", 2, 3]);
  });

  test("asks for nothing more once the connection is gone", async () => {
    const answer = Promise.withResolvers<ReturnType<typeof eventsAnswer>>();
    const server = scriptedRequest({ events: () => answer.promise });
    const { feed, log } = setUp(server.request);
    feed.joined(joined(2));
    feed.received(payload(5, 5));
    feed.joining();
    answer.resolve(eventsAnswer(5, { room: lobby, after: 2 }));
    await settle();
    expect([log, server.asked.length]).toEqual([[], 1]);
    feed.joined(joined(5, { events: run(3, 5) }));
    expect(log).toEqual([3, 4, 5]);
  });

  test("with the planted fault goes past a hole, so a checker has something to find", () => {
    const { feed, log } = setUp(scriptedRequest({}).request, { skipRepair: true });
    feed.joined(joined(2));
    feed.received(payload(5, 5));
    expect(log).toEqual([5]);
  });
});

test("over any losses, repeats and delays a room applies the log, whole and in order", async () => {
  const deliveries = fc.array(
    fc.record({
      first: fc.integer({ min: 1, max: 40 }),
      length: fc.integer({ min: 1, max: 8 }),
      turns: fc.boolean(),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(
      deliveries,
      fc.integer({ min: 0, max: 20 }),
      fc.nat(30),
      async (sent, start, heldEventsMax) => {
        const server = scriptedRequest({ events: (query) => eventsAnswer(48, query) });
        const { feed, log } = setUp(server.request, { heldEventsMax });
        feed.startFrom({ epoch: 1, seq: start });
        feed.joined(joined(start));
        for (const { first, length, turns } of sent) {
          feed.received(payload(first, first + length - 1));
          if (turns) await settle();
        }
        feed.headTold({ room: lobby, epoch: 1, seq: 48, n: 48 });
        await settle();
        await feed.catchUp();
        expect(log.filter((entry) => typeof entry === "number")).toEqual(upTo(start + 1, 48));
      },
    ),
    { numRuns: 200 },
  );
});
