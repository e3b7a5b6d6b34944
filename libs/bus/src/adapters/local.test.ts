import { encodeEntry, mustParse, parseEntryId, parseRoomId, type Pulse, wireError } from "@parley/protocol";
import { FakeClock, settle } from "@parley/testing";
import { describe, expect, test } from "vitest";
import { liveFeedContract, ownersContract } from "../contract.ts";
import type { LiveEntry } from "../port.ts";
import { LocalLiveFeed, LocalOwners, type Tampering } from "./local.ts";

const room = mustParse(parseRoomId, "r_1");
const attemptMs = 1_500;

for (const throughJson of [false, true]) {
  ownersContract(throughJson ? "LocalOwners through JSON" : "LocalOwners", async ({ asksMax }) => {
    const clock = new FakeClock();
    const owners = new LocalOwners({ clock, attemptMs, asksMax, throughJson });
    return {
      attemptMs,
      participant: async () => owners,
      agree: settle,
      elapse: async (durationMs) => clock.advance(durationMs),
      [Symbol.asyncDispose]: async () => {
        if (clock.pending > 0) throw new Error(`${clock.pending} timers are left`);
      },
    };
  });
}

liveFeedContract("LocalLiveFeed", async () => {
  const feed = new LocalLiveFeed();
  return {
    participant: async () => feed,
    stored: async (entry) => feed.publish(entry),
    delivered: settle,
    [Symbol.asyncDispose]: async () => {},
  };
});

describe("LocalOwners", () => {
  test("leaves no timer behind once everybody is answered", async () => {
    const clock = new FakeClock();
    const owners = new LocalOwners({ clock });
    await using seat = await owners.serve("h1", async () => ({ ok: false, error: wireError("internal") }));
    await owners.ask(0, { op: "changes", ask: { partition: 0, epoch: 1, since: 0 } }, { deadlineMs: 5_000 });
    expect(seat.mine(0)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("closes a seat whose handler hangs at the deadline of what it was asked", async () => {
    const clock = new FakeClock();
    const owners = new LocalOwners({ clock });
    const seat = await owners.serve("h1", async () => new Promise<never>(() => {}));
    const asked = owners.ask(
      0,
      { op: "changes", ask: { partition: 0, epoch: 1, since: 0 } },
      { deadlineMs: 5_000 },
    );
    let isClosed = false;
    const closing = seat[Symbol.asyncDispose]().then(() => {
      isClosed = true;
    });
    await clock.advance(4_999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(await asked).toMatchObject({ ok: false });
  });

  test("refuses a second seat under a name that serves", async () => {
    const owners = new LocalOwners();
    const handler = async () => ({ ok: false, error: wireError("internal") }) as const;
    await owners.serve("h1", handler);
    await expect(owners.serve("h1", handler)).rejects.toThrow("h1");
  });

  test("reports handlers and listeners that throw", async () => {
    const faults: unknown[] = [];
    const owners = new LocalOwners({ onFault: (error) => faults.push(error) });
    const seat = await owners.serve("h1", async () => {
      throw new Error("handler");
    });
    seat.onChange(() => {
      throw new Error("listener");
    });
    await owners.serve("h2", async () => ({ ok: false, error: wireError("internal") }));
    await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map(async (partition) =>
        owners.ask(
          partition,
          { op: "changes", ask: { partition, epoch: 1, since: 0 } },
          { deadlineMs: 5_000 },
        ),
      ),
    );
    expect(faults).toContainEqual(new Error("listener"));
    expect(faults).toContainEqual(new Error("handler"));
  });
});

describe("LocalLiveFeed", () => {
  const entry = (first: number) =>
    encodeEntry({
      id: mustParse(parseEntryId, `e${first}`),
      room,
      epoch: 1,
      after: first - 1,
      events: [],
      answers: [],
      keyTimeMaxMs: 0,
      traceparent: undefined,
    });
  const firstsHeard = async (tampering: Tampering, firsts: readonly number[]) => {
    const feed = new LocalLiveFeed({ tampering });
    const heard: number[] = [];
    await feed.subscribe(room, ({ header }) => heard.push(header.first));
    for (const first of firsts) feed.publish(entry(first));
    await settle();
    return heard;
  };

  test("delivers to the others when one handler throws, and reports it", async () => {
    const faults: unknown[] = [];
    const feed = new LocalLiveFeed({ onFault: (error) => faults.push(error) });
    const heard: number[] = [];
    await feed.subscribe(room, () => {
      throw new Error("a bug");
    });
    await feed.subscribe(room, ({ header }) => heard.push(header.first));
    feed.publish(entry(1));
    await settle();
    expect(heard).toEqual([1]);
    expect(faults).toEqual([new Error("a bug")]);
  });

  test("keeps the order when a handler publishes", async () => {
    const feed = new LocalLiveFeed();
    const heard: number[] = [];
    await feed.subscribe(room, ({ header }) => {
      if (header.first === 1) feed.publish(entry(3));
    });
    await feed.subscribe(room, ({ header }) => heard.push(header.first));
    feed.publish(entry(1));
    feed.publish(entry(2));
    await settle();
    expect(heard).toEqual([1, 2, 3]);
  });

  test("can be made to lose, to double and to swap entries", async () => {
    const lossy: Tampering = { entry: (each) => (each.header.first === 2 ? [] : [each]) };
    expect(await firstsHeard(lossy, [1, 2, 3])).toEqual([1, 3]);
    expect(await firstsHeard({ entry: (each) => [each, each] }, [1, 2])).toEqual([1, 1, 2, 2]);
    const held: LiveEntry[] = [];
    const swapping: Tampering = {
      entry: (each) => (each.header.first === 1 ? (held.push(each), []) : [each, ...held.splice(0)]),
    };
    expect(await firstsHeard(swapping, [1, 2, 3])).toEqual([2, 1, 3]);
  });

  test("can be made to lose pulses", async () => {
    const feed = new LocalLiveFeed({ tampering: { pulse: () => [] } });
    const heard: Pulse[] = [];
    await feed.subscribePulses(0, (pulse) => heard.push(pulse));
    feed.publishPulse({ partition: 0, instance: "h1", number: 1, epoch: 1, position: 1, heads: [] });
    await settle();
    expect(heard).toEqual([]);
  });
});
