import { FakeClock } from "@parley/testing";
import { describe, expect, test } from "vitest";
import { rateLimiterContract } from "../contract.ts";
import type { RatePolicy } from "../port.ts";
import { MemoryRateLimiter } from "./memory.ts";

rateLimiterContract("MemoryRateLimiter", async () => {
  const clock = new FakeClock();
  return {
    limiter: new MemoryRateLimiter({ nowMs: clock.nowMs }),
    elapse: async (durationMs) => clock.advance(durationMs),
    [Symbol.asyncDispose]: async () => {},
  };
});

describe("the buckets in memory", () => {
  const policy: RatePolicy = { name: "send", burst: 2, windowMs: 1_000 };

  test("are forgotten once they are full again", async () => {
    const clock = new FakeClock();
    const limiter = new MemoryRateLimiter({ nowMs: clock.nowMs });
    for (let user = 0; user < 100; user += 1) await limiter.take(policy, `early-${user}`);
    await clock.advance(policy.windowMs);
    for (let user = 0; user < 100; user += 1) await limiter.take(policy, `late-${user}`);
    expect(limiter.size).toBe(100);
  });

  test("are never more than the bound; the one asked longest ago goes, and its subject has one fresh burst", async () => {
    const limiter = new MemoryRateLimiter({ nowMs: new FakeClock().nowMs, bucketsMax: 3 });
    for (const user of ["ada", "bob", "eve"]) await limiter.take(policy, user, 2);
    expect(await limiter.take(policy, "ada")).toMatchObject({ allowed: false });
    await limiter.take(policy, "new", 2);
    expect(limiter.size).toBe(3);
    expect(await limiter.take(policy, "ada")).toMatchObject({ allowed: false });
    expect(await limiter.take(policy, "bob", 2)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await limiter.take(policy, "bob")).toMatchObject({ allowed: false });
  });
});
