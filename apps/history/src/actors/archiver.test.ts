import { type ArchiveBatch, type HistoryStore, StoreUnavailableError } from "@parley/history-store";
import { encodeEntry, mustParse, parseEntryId, parseRoomId, parseUserId } from "@parley/protocol";
import type { RoomLog, StoredEntry } from "@parley/room-log";
import { createTelemetry } from "@parley/telemetry";
import { describe, expect, it } from "vitest";
import { HistoryTelemetry } from "../telemetry.ts";
import { Archiver } from "./archiver.ts";
import type { Environment } from "./environment.ts";

const room = mustParse(parseRoomId, "r1");
const author = mustParse(parseUserId, "ann");
const ts = "2026-01-01T00:00:00.000Z";
const stored = (position: number, spoilt = false): StoredEntry => {
  const id = mustParse(parseEntryId, `e${position}`);
  const event = { kind: "message.created", seq: position, n: position, ts, author, text: "x" } as const;
  const whole = {
    id,
    room,
    epoch: 1,
    after: position - 1,
    events: [event],
    answers: [],
    keyTimeMaxMs: 0,
    traceparent: undefined,
  };
  const entry = encodeEntry(whole);
  return { position, storedAtMs: 0, entry: spoilt ? { ...entry, payload: new Uint8Array([0xff]) } : entry };
};
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => stored(from + index));

/** An archiver over a log of `entries`, and a store that fails as often as it is told. */
function archive(entries: readonly StoredEntry[], failures = 0) {
  const applied: ArchiveBatch["entries"][number][] = [];
  let left = failures;
  const store = {
    apply: async (batch: ArchiveBatch) => {
      left -= 1;
      if (left >= 0) throw new StoreUnavailableError("away");
      applied.push(...batch.entries);
    },
  } as Partial<HistoryStore> as HistoryStore;
  const read = async (_: number, after: number, limit: number) =>
    entries.filter(({ position }) => position > after).slice(0, limit);
  const stop = new AbortController();
  const environment = {
    store,
    log: { read } as Partial<RoomLog> as RoomLog,
    telemetry: new HistoryTelemetry(createTelemetry({ service: "history", level: "silent" })),
    pause: async () => undefined,
    random: () => 0,
  } as Partial<Environment> as Environment;
  const options = {
    environment,
    partition: 0,
    epoch: 1,
    from: 0,
    signal: stop.signal,
    onArchived: () => undefined,
  };
  const archiver = new Archiver(options);
  const running = archiver.run();
  const end = async () => {
    stop.abort();
    await running;
  };
  return { archiver, applied, end };
}
const positions = (applied: readonly { readonly position: number }[]) =>
  applied.map(({ position }) => position);

const never = new AbortController().signal;

describe("the archiver", () => {
  it("applies every entry once, in order", async () => {
    const { archiver, applied, end } = archive([]);
    archiver.offer(range(1, 300));
    archiver.offer(range(301, 310));
    await archiver.until(310, never);
    expect(positions(applied)).toEqual(Array.from({ length: 310 }, (_, index) => index + 1));
    await end();
  });

  it("waits for an archive that is away, and skips nothing", async () => {
    const { archiver, applied, end } = archive([], 5);
    archiver.offer(range(1, 3));
    await archiver.until(3, never);
    expect(positions(applied)).toEqual([1, 2, 3]);
    await end();
  });

  it("reads from the log what its queue could not hold", async () => {
    const entries = range(1, 5_000);
    const { archiver, applied, end } = archive(entries, 1);
    for (let from = 0; from < 5_000; from += 250) archiver.offer(entries.slice(from, from + 250));
    await archiver.until(5_000, never);
    expect(positions(applied)).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
    await end();
  });

  it("keeps the place of an entry that cannot be read, and puts its bytes aside", async () => {
    const { archiver, applied, end } = archive([]);
    archiver.offer([stored(1), stored(2, true), stored(3)]);
    await archiver.until(3, never);
    expect(applied.map(({ events }) => events[0]?.kind)).toEqual([
      "message.created",
      "invalid",
      "message.created",
    ]);
    expect(applied[1]).toMatchObject({ events: [{ seq: 2 }], deadLetter: new Uint8Array([0xff]) });
    await end();
  });

  it("lets nobody wait longer than they like", async () => {
    const { archiver, end } = archive([]);
    const enough = new AbortController();
    const waiting = archiver.until(7, enough.signal);
    enough.abort();
    await expect(waiting).resolves.toBeUndefined();
    await end();
  });

  it("lets nobody wait for ever when it ends", async () => {
    const { archiver, end } = archive([]);
    const waiting = archiver.until(7, never);
    await end();
    await expect(waiting).resolves.toBeUndefined();
  });
});
