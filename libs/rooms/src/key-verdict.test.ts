import { defaultLimits, type Key, mustParse, parseKey, type StoredAnswer, uuidV7 } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { type KeyQuestion, keyVerdict, storedVerdict } from "./key-verdict.ts";
import { ann } from "./room-under-test.ts";

const nowMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;
const keyAt = (timeMs: number): Key => mustParse(parseKey, uuidV7(timeMs));
const plain = mustParse(parseKey, "order-17");

const ask = (question: Partial<KeyQuestion>) =>
  keyVerdict({
    inMemory: undefined,
    key: keyAt(nowMs),
    digest: "d",
    keyTimeFloorMs: nowMs - minuteMs,
    nowMs,
    limits: defaultLimits,
    ...question,
  });

const answered = (key: Key): StoredAnswer => ({ author: ann, key, digest: "d", outcome: "ok", seq: 7 });

describe("a key in memory", () => {
  test("is replayed for the same content and refused for other content", () => {
    for (const key of [plain, keyAt(nowMs - minuteMs), keyAt(nowMs)]) {
      expect(ask({ key, inMemory: answered(key) })).toBe("replay");
      expect(ask({ key, inMemory: answered(key), digest: "e" })).toBe("key_reused");
    }
  });

  test("is replayed however far ahead the clocks say it is", () => {
    const key = keyAt(nowMs + 60 * minuteMs);
    expect(ask({ key, inMemory: answered(key) })).toBe("replay");
  });
});

describe("a key that is not in memory", () => {
  test("is new when it was made after all that were answered before", () => {
    expect(ask({ key: keyAt(nowMs - minuteMs + 1) })).toBe("new");
    expect(ask({ key: keyAt(nowMs), keyTimeFloorMs: 0 })).toBe("new");
  });

  test("is looked up when it may have been answered before", () => {
    expect(ask({ key: keyAt(nowMs - minuteMs) })).toBe("look_up");
    expect(ask({ key: keyAt(1) })).toBe("look_up");
  });

  test("is looked up when it carries no time", () => {
    expect(ask({ key: plain })).toBe("look_up");
    expect(ask({ key: mustParse(parseKey, "f47ac10b-58cc-4372-a567-0e02b2c3d479") })).toBe("look_up");
  });

  test("is refused when it is surely unknown and too far ahead of the clock", () => {
    const aheadMs = nowMs + defaultLimits.keyAheadMs;
    expect(ask({ key: keyAt(aheadMs) })).toBe("new");
    expect(ask({ key: keyAt(aheadMs + 1) })).toBe("clock_skew");
  });

  test("is looked up, not refused, when the clock went back below what was answered", () => {
    expect(ask({ key: keyAt(nowMs), keyTimeFloorMs: nowMs, nowMs: nowMs - 60 * minuteMs })).toBe("look_up");
  });
});

test("what a look-up finds is replayed or refused, and nothing found is new", () => {
  expect(storedVerdict(undefined, "d")).toBe("new");
  expect(storedVerdict(answered(plain), "d")).toBe("replay");
  expect(storedVerdict(answered(plain), "e")).toBe("key_reused");
});
