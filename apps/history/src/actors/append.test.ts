import { encodeEntry, type Entry, mustParse, parseEntryId, parseRoomId } from "@parley/protocol";
import { type AppendOutcome, LogUnavailableError, type RoomLog, type StoredEntry } from "@parley/room-log";
import { describe, expect, it } from "vitest";
import { settleAppend, type Settled } from "./append.ts";

const entryOf = (id: string): Entry =>
  encodeEntry({
    id: mustParse(parseEntryId, id),
    room: mustParse(parseRoomId, "r1"),
    epoch: 1,
    after: 0,
    events: [],
    answers: [],
    keyTimeMaxMs: 0,
    traceparent: undefined,
  });
const stored = (id: string, position: number): StoredEntry => ({
  position,
  storedAtMs: 0,
  entry: entryOf(id),
});

interface Script {
  readonly outcomes: readonly (AppendOutcome | Error)[];
  readonly last?: StoredEntry;
}

/** A log that answers by a script; time passes by ten milliseconds an append. */
async function settle({ outcomes, last }: Script): Promise<{ settled: Settled; appends: number }> {
  let appends = 0;
  let nowMs = 0;
  const log = {
    append: async () => {
      const outcome = outcomes[Math.min(appends, outcomes.length - 1)];
      appends += 1;
      nowMs += 10;
      if (outcome === undefined || outcome instanceof Error) throw outcome ?? new Error("no script");
      return outcome;
    },
    last: async () => last,
  } as Partial<RoomLog> as RoomLog;
  const settled = await settleAppend({
    log,
    entry: entryOf("mine"),
    after: 0,
    deadlineAtMs: 100,
    now: () => nowMs,
    pause: async () => undefined,
    onRetry: () => undefined,
  });
  return { settled, appends };
}

const unknown = { kind: "unknown" } as const;
const conflict = { kind: "conflict", actual: 9 } as const;
const away = new LogUnavailableError("away");

describe("settling an append", () => {
  it("asks again with the same entry until the log says what became of it", async () => {
    const script = { outcomes: [unknown, away, { kind: "confirmed", position: 7 }] as const };
    expect(await settle(script)).toEqual({ settled: { kind: "confirmed", position: 7 }, appends: 3 });
  });

  it("takes a conflict for its own success when the room's last entry bears its id", async () => {
    const { settled } = await settle({ outcomes: [unknown, conflict], last: stored("mine", 9) });
    expect(settled).toEqual({ kind: "confirmed", position: 9 });
  });

  it("has lost to any other entry", async () => {
    expect((await settle({ outcomes: [conflict], last: stored("other", 9) })).settled).toEqual({
      kind: "lost",
    });
    expect((await settle({ outcomes: [conflict] })).settled).toEqual({ kind: "lost" });
  });

  it("does not know at the deadline", async () => {
    expect(await settle({ outcomes: [unknown] })).toEqual({ settled: unknown, appends: 10 });
  });

  it("says full only when nothing of it can have landed", async () => {
    expect((await settle({ outcomes: [{ kind: "full" }] })).settled).toEqual({ kind: "full" });
    expect((await settle({ outcomes: [unknown, { kind: "full" }] })).settled).toEqual(unknown);
  });

  it("does not take a bug for a failure of the log", async () => {
    await expect(settle({ outcomes: [new TypeError("bug")] })).rejects.toThrow("bug");
  });
});
