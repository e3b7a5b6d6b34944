import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BucketState, take } from "./gcra.ts";
import type { RatePolicy } from "./port.ts";

const policies = fc.record({
  name: fc.constant("any"),
  burst: fc.integer({ min: 1, max: 1_000_000 }),
  windowMs: fc.integer({ min: 1, max: 3_600_000 }),
});

describe("a bucket", () => {
  test("grants every permit of its burst, whatever the burst and the window", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const burst = Math.min(policy.burst, 500);
        let state: BucketState | undefined;
        for (let taken = 1; taken <= burst; taken += 1) {
          const next = take({ ...policy, burst }, state, { cost: 1, nowMs: 1_780_000_000_000 });
          expect(next.decision).toMatchObject({ allowed: true, remaining: burst - taken });
          state = next.state;
        }
        expect(
          take({ ...policy, burst }, state, { cost: 1, nowMs: 1_780_000_000_000 }).decision.allowed,
        ).toBe(false);
      }),
    );
  });

  test("lets the same through exactly `retryAfterMs` later, and not a millisecond before", () => {
    const nowMs = 1_000_000;
    fc.assert(
      fc.property(policies, fc.nat(), fc.nat(), (policy, first, second) => {
        const spent = take(policy, undefined, { cost: 1 + (first % policy.burst), nowMs });
        const cost = 1 + (second % policy.burst);
        const { state, decision } = take(policy, spent.state, { cost, nowMs });
        fc.pre(!decision.allowed);
        const at = (waitMs: number) => take(policy, state, { cost, nowMs: nowMs + waitMs }).decision.allowed;
        expect([at(decision.retryAfterMs - 1), at(decision.retryAfterMs)]).toEqual([false, true]);
      }),
    );
  });

  test("refills nothing when the clock goes back", () => {
    const policy: RatePolicy = { name: "send", burst: 2, windowMs: 1_000 };
    const spent = take(policy, undefined, { cost: 2, nowMs: 5_000 });
    const back = take(policy, spent.state, { cost: 1, nowMs: 1_000 });
    expect(back.decision.allowed).toBe(false);
    expect(take(policy, back.state, { cost: 1, nowMs: 5_400 }).decision.allowed).toBe(false);
    expect(take(policy, back.state, { cost: 1, nowMs: 5_500 }).decision.allowed).toBe(true);
  });
});
