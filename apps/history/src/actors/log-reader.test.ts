import { setImmediate } from "node:timers/promises";
import type { HistoryStore } from "@parley/history-store";
import { encodeEntry, mustParse, parseEntryId, parseRoomId, parseUserId, type Pulse } from "@parley/protocol";
import { LogUnavailableError, type RoomLog, type StoredEntry } from "@parley/room-log";
import { createTelemetry } from "@parley/telemetry";
import { describe, expect, it } from "vitest";
import { HistoryTelemetry } from "../telemetry.ts";
import type { Environment } from "./environment.ts";
import { changesSince, LogReader } from "./log-reader.ts";

const author = mustParse(parseUserId, "ann");
const ts = "2026-01-01T00:00:00.000Z";

/** An entry with one message; `refusal` for one without events. */
const stored = (position: number, room: string, seq: number, refusal = false): StoredEntry => ({
  position,
  storedAtMs: 0,
  entry: encodeEntry({
    id: mustParse(parseEntryId, `e${position}`),
    room: mustParse(parseRoomId, room),
    epoch: 1,
    after: seq - 1,
    events: refusal ? [] : [{ kind: "message.created", seq, n: seq, ts, author, text: "x" }],
    answers: [],
    keyTimeMaxMs: 0,
    traceparent: undefined,
  }),
});

/** A partition's log that a test writes and breaks, and an archive whose `apply` a test may hold up. */
function scene({ apply = async () => undefined }: { readonly apply?: () => Promise<void> } = {}) {
  const entries: StoredEntry[] = [];
  let wake = Promise.withResolvers<void>();
  let broken = false;
  const nudge = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const read = async (_: number, after: number, limit: number) =>
    entries.filter(({ position }) => position > after).slice(0, limit);
  async function* follow(_: number, after: number, signal: AbortSignal) {
    signal.addEventListener("abort", nudge);
    for (let seen = after; !signal.aborted;) {
      if (broken) throw new LogUnavailableError("away");
      const batch = await read(0, seen, 100);
      if (batch.length > 0) yield batch;
      else await wake.promise;
      seen = batch.at(-1)?.position ?? seen;
    }
  }
  const log = {
    epoch: () => 1,
    read,
    follow,
    lastPosition: async () => entries.at(-1)?.position ?? 0,
  } as Partial<RoomLog> as RoomLog;
  const pulses: Pulse[] = [];
  const pauses: (() => void)[] = [];
  const reader = new LogReader({
    environment: {
      log,
      store: { floor: async () => undefined, apply } as Partial<HistoryStore> as HistoryStore,
      telemetry: new HistoryTelemetry(createTelemetry({ service: "history", level: "silent" })),
      pause: async (_ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          if (signal?.aborted === true) resolve();
          pauses.push(resolve);
          signal?.addEventListener("abort", () => resolve());
        }),
      random: () => 0,
    } as Partial<Environment> as Environment,
    instance: "one",
    partition: 0,
    onEntry: () => undefined,
    onFloor: () => undefined,
    onArchived: () => undefined,
    publishPulse: (pulse) => pulses.push(pulse),
  });
  return {
    reader,
    pulses,
    log,
    /** Lets all that waits for a pause go on. */
    goOn: () => pauses.splice(0).forEach((resolve) => resolve()),
    store: async (...more: readonly StoredEntry[]) => {
      entries.push(...more);
      nudge();
      await setImmediate();
    },
    setBroken: async (value: boolean) => {
      broken = value;
      nudge();
      await setImmediate();
    },
  };
}

describe("a log reader", () => {
  it("pulses the newest head of every room that got an event since the pulse before", async () => {
    const { reader, pulses, store } = scene();
    await store(stored(1, "r1", 1), stored(2, "r2", 1), stored(3, "r1", 2));
    reader.pulse();
    await store(stored(4, "r1", 3), stored(5, "r2", 2, true));
    reader.pulse();
    reader.pulse();
    const head = (room: string, seq: number) => ({ room, epoch: 1, seq, n: seq });
    expect(pulses).toEqual([
      {
        partition: 0,
        instance: "one",
        number: 1,
        epoch: 1,
        position: 3,
        heads: [head("r1", 2), head("r2", 1)],
      },
      { partition: 0, instance: "one", number: 2, epoch: 1, position: 5, heads: [head("r1", 3)] },
      { partition: 0, instance: "one", number: 3, epoch: 1, position: 5, heads: [] },
    ]);
    await reader[Symbol.asyncDispose]();
  });

  it("loses no head when it has to begin again, and does not say that it follows while it does not", async () => {
    const { reader, pulses, store, setBroken, goOn } = scene();
    await store(stored(1, "r1", 1));
    expect(reader.caughtUp).toBe(true);
    await setBroken(true);
    expect(reader.caughtUp).toBe(false);
    reader.pulse();
    expect(pulses).toEqual([]);
    await store(stored(2, "r2", 1));
    await setBroken(false);
    goOn();
    await setImmediate();
    reader.pulse();
    expect(pulses).toMatchObject([{ number: 1, position: 2, heads: [{ room: "r1" }, { room: "r2" }] }]);
    await reader[Symbol.asyncDispose]();
  });

  it("does not say that it follows while its archiver still ends", async () => {
    const held = Promise.withResolvers<void>();
    const { reader, store, setBroken } = scene({ apply: async () => held.promise });
    await store(stored(1, "r1", 1));
    expect(reader.caughtUp).toBe(true);
    await setBroken(true);
    expect(reader.caughtUp).toBe(false);
    held.resolve();
    await reader[Symbol.asyncDispose]();
  });

  it("ends at once, also while it waits to try a failing archive again", async () => {
    const away = Object.assign(new Error("away"), { retryable: true });
    const { reader, store } = scene({
      apply: async () => {
        throw away;
      },
    });
    await store(stored(1, "r1", 1));
    await expect(reader[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it("lets nobody wait for an archive that is away longer than they said", async () => {
    const { reader, store, goOn } = scene({ apply: async () => new Promise<void>(() => undefined) });
    await store(stored(1, "r1", 1));
    const settled = reader.settled(250);
    await setImmediate();
    goOn();
    await expect(settled).resolves.toBeUndefined();
  });

  it("leaves the rest of the heads to be asked for when there are too many to say", async () => {
    const { reader, pulses, store } = scene();
    await store(...Array.from({ length: 5_000 }, (_, index) => stored(index + 1, `r${index}`, 1)));
    reader.pulse();
    await store(stored(5_001, "r1", 2));
    reader.pulse();
    // The number before is never said: whoever hears the next knows that something is missing.
    expect(pulses).toMatchObject([
      { number: 2, position: 5_000 },
      { number: 3, position: 5_001, heads: [{ room: "r1" }] },
    ]);
    await reader[Symbol.asyncDispose]();
  });
});

describe("what changed since a position", () => {
  const asked = async (entries: readonly StoredEntry[], since: number, lastPosition?: number, epoch = 1) => {
    const log = {
      epoch: () => 1,
      read: async (_: number, after: number, limit: number) =>
        entries.filter(({ position }) => position > after).slice(0, limit),
      lastPosition: async () => lastPosition ?? entries.at(-1)?.position ?? 0,
    } as Partial<RoomLog> as RoomLog;
    return changesSince({ log }, { partition: 0, epoch, since });
  };
  const entries = [stored(3, "r1", 1), stored(5, "r2", 1), stored(8, "r1", 2), stored(9, "r1", 3, true)];

  it("is the newest head of every room with an event above it", async () => {
    expect(await asked(entries, 3)).toMatchObject({
      position: 9,
      complete: true,
      heads: [
        { room: "r2", seq: 1 },
        { room: "r1", seq: 2 },
      ],
    });
    expect(await asked(entries, 9)).toEqual({ position: 9, heads: [], complete: true });
    expect(await asked([], 0)).toEqual({ position: 0, heads: [], complete: true });
  });

  it("cannot be said when the log has forgotten some of it", async () => {
    expect(await asked(entries, 2)).toMatchObject({ position: 9, complete: false });
    expect(await asked([], 2, 9)).toMatchObject({ position: 9, complete: false });
    expect(await asked(entries, 3, 9, 2)).toMatchObject({ position: 9, complete: false });
    expect(await asked([], 9, 9)).toEqual({ position: 9, heads: [], complete: true });
  });

  it("cannot be said when it is too much", async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => stored(index + 1, `r${index}`, 1));
    expect(await asked(many, 1)).toEqual({ position: 5_000, heads: [], complete: false });
  });
});
