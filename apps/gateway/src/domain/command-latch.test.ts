import { type ErrorCode, type Key, mustParse, parseKey, parseRoomId } from "@parley/protocol";
import { describe, expect, it } from "vitest";
import { CommandLatch } from "./command-latch.ts";

const room = mustParse(parseRoomId, "lobby");
const other = mustParse(parseRoomId, "other");
const key = (name: string): Key => mustParse(parseKey, name);
const giveUpMs = 5_000;

function latch(waitingMax = 3) {
  const one = new CommandLatch<string>({ waitingMax, giveUpMs });
  return {
    one,
    offer: (name: string, nowMs = 0, where = room) =>
      one.offer({ room: where, key: key(name), what: name }, nowMs),
    ends: (code?: ErrorCode, nowMs = 0, retryAfterMs?: number) =>
      one.answered(room, { code, retryAfterMs }, nowMs),
  };
}

describe("a session's commands in one room", () => {
  it("run one at a time, in the order sent", () => {
    const { offer, ends } = latch();
    expect([offer("a").kind, offer("b").kind, offer("c").kind]).toEqual(["run", "wait", "wait"]);
    expect([ends().next, ends().next, ends().next]).toEqual(["b", "c", undefined]);
  });

  it("do not wait for those in another room", () => {
    const { offer } = latch();
    offer("a");
    expect(offer("b", 0, other).kind).toBe("run");
  });

  it("go on after a final refusal", () => {
    const { offer, ends } = latch();
    offer("a");
    offer("b");
    expect(ends("not_member")).toEqual({ next: "b", passedOver: [] });
  });
});

describe("after an answer that keeps the key", () => {
  it.each([
    "unknown",
    "busy",
    "rate_limited",
    "slow_mode",
    "clock_skew",
    "no_such_room",
    "unavailable",
  ] as const)("such as %s, those that wait are passed over", (code) => {
    const { offer, ends, one } = latch();
    offer("a");
    offer("b");
    offer("c");
    expect(ends(code)).toEqual({ next: undefined, passedOver: ["b", "c"] });
    expect(one.waitingCount).toBe(0);
  });

  it("others are not attempted, and learn which key goes first", () => {
    const { offer, ends } = latch();
    offer("a");
    ends("unknown", 1_000);
    expect(offer("b", 2_000)).toEqual({ kind: "not-attempted", key: "a", retryAfterMs: 4_000 });
  });

  it("the key itself is let through, and its final answer lets the others go on", () => {
    const { offer, ends } = latch();
    offer("a");
    ends("unknown");
    expect(offer("a").kind).toBe("run");
    ends();
    expect(offer("b").kind).toBe("run");
  });

  it("the key is given up when the room is left", () => {
    const { offer, ends, one } = latch();
    offer("a");
    ends("unknown");
    one.release(room);
    expect(offer("b").kind).toBe("run");
  });

  it("the key is given up after a while, counted from when it may be retried", () => {
    const { offer, ends } = latch();
    offer("a");
    ends("slow_mode", 0, 10_000);
    expect(offer("b", 10_000 + giveUpMs - 1).kind).toBe("not-attempted");
    expect(offer("b", 10_000 + giveUpMs).kind).toBe("run");
  });

  it("an earlier key takes the place of a later one", () => {
    const { offer, ends } = latch(1);
    offer("a");
    offer("b");
    expect(offer("c").kind).toBe("busy");
    expect(ends("unknown").passedOver).toEqual(["b"]);
    expect(offer("c")).toMatchObject({ kind: "not-attempted", key: "a" });
  });
});

describe("the bound on waiting commands", () => {
  it("holds over all rooms together", () => {
    const { offer } = latch(2);
    offer("a");
    offer("b", 0, other);
    expect([offer("c").kind, offer("d", 0, other).kind, offer("e").kind]).toEqual(["wait", "wait", "busy"]);
  });

  it("lets nothing overtake what it refused", () => {
    const { offer, ends } = latch(1);
    offer("a");
    offer("b");
    expect(offer("c").kind).toBe("busy");
    ends();
    ends();
    expect(offer("d")).toMatchObject({ kind: "not-attempted", key: "c" });
    expect(offer("c").kind).toBe("run");
    ends();
    expect(offer("d").kind).toBe("run");
  });
});

describe("what is kept of rooms once written to", () => {
  it("is forgotten when their keys are given up, however many there are", () => {
    const { one, offer } = latch();
    let largest = 0;
    for (let count = 0; count < 10_000; count += 1) {
      const nowMs = count * 100;
      const where = mustParse(parseRoomId, `nowhere_${count}`);
      expect(offer("a", nowMs, where).kind).toBe("run");
      one.answered(where, { code: "no_such_room", retryAfterMs: undefined }, nowMs);
      largest = Math.max(largest, one.size);
    }
    // Within `giveUpMs` there are 50 of them.
    expect(largest).toBeLessThan(150);
  });
});
