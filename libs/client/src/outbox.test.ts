import { type AckOf, wireError } from "@parley/protocol";
import { uuidV7TimeMs } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { CancelledError, ClientClosedError, OutboxFullError } from "./client-errors.ts";
import { defaultClientLimits } from "./client-limits.ts";
import { Outbox } from "./outbox.ts";
import type { Request } from "./request.ts";
import { ServerClock } from "./server-clock.ts";
import { newCounters } from "./stats.ts";
import { type ClientStorage, MemoryStorage } from "./storage.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { lobby } from "./testing/room-log-model.ts";
import { mustParse, parseRoomId } from "@parley/protocol";

const attic = mustParse(parseRoomId, "r_attic");
const ok = (seq: number) => ({ ok: true, seq, n: seq, ts: "" }) as const;

/** A server that answers when the test says. */
function manualServer() {
  const calls: {
    payload: { room: string; key: string; text: string };
    answer: (ack: unknown) => Promise<void>;
  }[] = [];
  const request: Request = (_, payload) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const answer = async (ack: unknown) => {
      resolve(ack);
      await settle();
    };
    calls.push({ payload: payload as never, answer });
    return promise as Promise<AckOf<never>>;
  };
  return { request, calls };
}

function setUp(storage: ClientStorage = new MemoryStorage(), outboxItemsMax = 10) {
  const clock = new FakeClock();
  const serverClock = new ServerClock(clock);
  const server = manualServer();
  const outbox = new Outbox({
    request: server.request,
    storage,
    clock,
    serverClock,
    counters: newCounters(),
    limits: { ...defaultClientLimits, outboxItemsMax },
  });
  const texts = () => server.calls.map(({ payload }) => payload.text);
  return { clock, serverClock, outbox, storage, calls: server.calls, texts };
}

describe("the outbox", () => {
  test("sends one command of a room at a time, in order, and does not let rooms wait for each other", async () => {
    const { outbox, calls, texts } = setUp();
    outbox.up(32);
    const first = outbox.submit("send", { room: lobby, text: "1" });
    outbox.submit("send", { room: lobby, text: "2" });
    outbox.submit("send", { room: attic, text: "other" });
    await settle();
    expect([texts(), first.state]).toEqual([["1", "other"], "sending"]);
    await calls[0]!.answer(ok(7));
    expect(texts()).toEqual(["1", "other", "2"]);
    expect(await first.acked).toMatchObject({ seq: 7 });
    expect([first.state, outbox.size]).toEqual(["sent", 2]);
  });

  test("tries again under the same key, not before the server's hint, while the room's next command waits", async () => {
    const { outbox, calls, clock, texts } = setUp();
    outbox.up(32);
    const first = outbox.submit("send", { room: lobby, text: "1" });
    outbox.submit("send", { room: lobby, text: "2" });
    await settle();
    await calls[0]!.answer({ ok: false, error: wireError("slow_mode", "", { retryAfterMs: 3_000 }) });
    expect([first.state, first.lastError?.code]).toEqual(["queued", "slow_mode"]);
    await clock.advance(2_999);
    expect(texts()).toEqual(["1"]);
    await clock.advance(1_000);
    expect(texts()).toEqual(["1", "1"]);
    expect(calls[1]!.payload.key).toBe(calls[0]!.payload.key);
    await calls[1]!.answer({ ...ok(1), replayed: true });
    expect(await first.acked).toMatchObject({ replayed: true });
    expect(texts()).toEqual(["1", "1", "2"]);
  });

  test("fails a command that is refused for good and goes on with the next", async () => {
    const { outbox, calls, texts } = setUp();
    outbox.up(32);
    const first = outbox.submit("send", { room: lobby, text: "1" });
    outbox.submit("send", { room: lobby, text: "2" });
    await settle();
    await calls[0]!.answer({ ok: false, error: wireError("banned") });
    await expect(first.acked).rejects.toMatchObject({ code: "banned", retryable: false });
    expect(texts()).toEqual(["1", "2"]);
  });

  test("tries at once what was put off when a new connection is up", async () => {
    const { outbox, calls, texts } = setUp();
    outbox.up(32);
    outbox.submit("send", { room: lobby, text: "1" });
    await settle();
    outbox.down();
    await calls[0]!.answer({ ok: false, error: wireError("unknown") });
    expect(texts()).toEqual(["1"]);
    outbox.up(32);
    expect(texts()).toEqual(["1", "1"]);
  });

  test("stores a command before it is sent, and forgets it when it is answered", async () => {
    const storage = new MemoryStorage();
    const written = Promise.withResolvers<void>();
    const write = storage.write.bind(storage);
    storage.write = async (changes) => {
      await written.promise;
      await write(changes);
    };
    const { outbox, calls } = setUp(storage);
    outbox.up(32);
    outbox.submit("send", { room: lobby, text: "1" });
    await settle();
    expect(calls).toHaveLength(0);
    written.resolve();
    await settle();
    expect([calls.length, (await storage.read("outbox/")).length]).toEqual([1, 1]);
    await calls[0]!.answer(ok(1));
    expect(await storage.read("outbox/")).toEqual([]);
  });

  test("leaves unanswered commands to the next client, in their order, under their keys, before new ones", async () => {
    const first = setUp();
    first.outbox.up(32);
    for (const text of ["1", "2", "3"]) first.outbox.submit("send", { room: lobby, text });
    const unstored = first.outbox.submit("send", { room: lobby, text: "gone" }, { persist: false });
    await settle();
    await first.calls[0]!.answer(ok(1));
    first.outbox.close();
    await expect(unstored.acked).rejects.toThrow(ClientClosedError);

    const second = setUp(first.storage);
    await second.outbox.load();
    second.outbox.submit("send", { room: lobby, text: "4" });
    second.outbox.up(32);
    for (let index = 0; index < 3; index += 1) {
      await settle();
      await second.calls[index]!.answer(ok(index + 2));
    }
    expect(second.texts()).toEqual(["2", "3", "4"]);
    expect(second.calls[0]!.payload.key).toBe(first.calls[1]!.payload.key);
  });

  test("puts what was submitted before the storage was read after what an earlier client left there", async () => {
    const first = setUp();
    first.outbox.submit("send", { room: lobby, text: "1" });
    first.outbox.submit("send", { room: lobby, text: "2" });
    await settle();
    first.outbox.close();

    const second = setUp(first.storage);
    second.outbox.submit("send", { room: lobby, text: "3" });
    await second.outbox.load();
    await settle();
    expect(await second.storage.read("outbox/")).toHaveLength(3);
    second.outbox.up(32);
    for (let index = 0; index < 3; index += 1) {
      await settle();
      await second.calls[index]!.answer(ok(index + 1));
    }
    expect(second.texts()).toEqual(["1", "2", "3"]);
    expect(await second.storage.read("outbox/")).toEqual([]);
  });

  test("keeps its commands apart from those of another client on the same storage", async () => {
    const one = setUp();
    const other = setUp(one.storage);
    await one.outbox.load();
    await other.outbox.load();
    one.outbox.submit("send", { room: lobby, text: "1" });
    other.outbox.submit("send", { room: lobby, text: "2" });
    await settle();
    expect(await one.storage.read("outbox/")).toHaveLength(2);
    other.outbox.up(32);
    await other.calls[0]!.answer(ok(1));
    expect(await one.storage.read("outbox/")).toMatchObject([{ value: { payload: { text: "1" } } }]);
  });

  test("stores what was submitted before it was closed, but nothing that was withdrawn", async () => {
    const { outbox, storage } = setUp();
    const withdrawn = outbox.submit("send", { room: lobby, text: "withdrawn" });
    const sent = outbox.submit("send", { room: lobby, text: "1" });
    withdrawn.cancel();
    outbox.close();
    await outbox.stored();
    await expect(sent.acked).rejects.toThrow(ClientClosedError);
    expect(await storage.read("outbox/")).toMatchObject([{ value: { payload: { text: "1" } } }]);
  });

  test("does not forget over a reconnect when the server wants the next try", async () => {
    const { outbox, calls, clock, texts } = setUp();
    outbox.up(32);
    outbox.submit("send", { room: lobby, text: "1" });
    await settle();
    await calls[0]!.answer({ ok: false, error: wireError("slow_mode", "", { retryAfterMs: 3_000 }) });
    outbox.down();
    await clock.advance(1_000);
    outbox.up(32);
    expect(texts()).toEqual(["1"]);
    await clock.advance(3_000);
    expect(texts()).toEqual(["1", "1"]);
  });

  test("refuses one command too many and queues nothing of it", () => {
    const { outbox } = setUp(new MemoryStorage(), 2);
    outbox.submit("send", { room: lobby, text: "1" });
    outbox.submit("send", { room: lobby, text: "2" });
    expect(() => outbox.submit("send", { room: lobby, text: "3" })).toThrow(OutboxFullError);
    expect(outbox.size).toBe(2);
  });

  test("has no more commands under way than the server allows, and gives every room its turn", async () => {
    const { outbox, calls, texts } = setUp();
    outbox.up(1);
    outbox.submit("send", { room: lobby, text: "a1" });
    outbox.submit("send", { room: lobby, text: "a2" });
    outbox.submit("send", { room: attic, text: "b1" });
    await settle();
    expect(texts()).toEqual(["a1"]);
    await calls[0]!.answer(ok(1));
    expect(texts()).toEqual(["a1", "b1"]);
  });

  test("gives up a command whose patience is over, connected or not", async () => {
    const { outbox, clock } = setUp();
    const offline = outbox.submit("send", { room: lobby, text: "1" }, { patienceMs: 5_000 });
    await clock.advance(5_000);
    await expect(offline.acked).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect(outbox.size).toBe(0);
  });

  test("lets the next command go when the first is withdrawn", async () => {
    const { outbox, calls, texts } = setUp();
    outbox.up(32);
    const first = outbox.submit("send", { room: lobby, text: "1" });
    outbox.submit("send", { room: lobby, text: "2" });
    await settle();
    first.cancel();
    await expect(first.acked).rejects.toThrow(CancelledError);
    await calls[0]!.answer(ok(1));
    expect(texts()).toEqual(["1", "2"]);
    expect(first.state).toBe("failed");
  });

  test("fails a command that cannot be stored, and sends nothing of it", async () => {
    const storage = new MemoryStorage();
    storage.write = async () => {
      throw new Error("disk full");
    };
    const { outbox, calls } = setUp(storage);
    outbox.up(32);
    const first = outbox.submit("send", { room: lobby, text: "1" });
    await expect(first.acked).rejects.toThrow("disk full");
    expect(calls).toHaveLength(0);
  });

  test("makes keys of the server's time, also after the server corrected it", async () => {
    const { outbox, calls, clock, serverClock } = setUp();
    outbox.up(32);
    serverClock.correct(new Date(clock.nowMs() + 90_000).toISOString());
    const first = outbox.submit("send", { room: lobby, text: "1" });
    expect(uuidV7TimeMs(first.key)).toBe(clock.nowMs() + 90_000);
    await settle();
    const serverTime = new Date(clock.nowMs() - 5_000).toISOString();
    await calls[0]!.answer({ ok: false, error: wireError("clock_skew", "", { detail: { serverTime } }) });
    expect(uuidV7TimeMs(outbox.submit("send", { room: attic, text: "2" }).key)).toBe(clock.nowMs() - 5_000);
  });

  test("is empty once everything is answered", async () => {
    const { outbox, calls } = setUp();
    outbox.up(32);
    outbox.submit("send", { room: lobby, text: "1" });
    await settle();
    let empty = false;
    const waiting = outbox.empty().then(() => {
      empty = true;
    });
    await settle();
    expect(empty).toBe(false);
    await calls[0]!.answer(ok(1));
    await waiting;
    expect(empty).toBe(true);
  });
});
