import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { RateLimiter, RatePolicy } from "./port.ts";

/** A limiter whose time the suite controls. */
export interface LimiterSetting extends AsyncDisposable {
  readonly limiter: RateLimiter;
  /** Resolves when `durationMs` have passed for the limiter. */
  elapse(durationMs: number): Promise<void>;
}

const policy: RatePolicy = { name: "send", burst: 5, windowMs: 1_000 };
const permitMs = 200;

/** The promise of `RateLimiter`. `open` begins with empty buckets. */
export function rateLimiterContract(name: string, open: () => Promise<LimiterSetting>): void {
  describe(`${name} keeps the promise of RateLimiter`, () => {
    const settings: LimiterSetting[] = [];
    const opened = async () => {
      const setting = await open();
      settings.push(setting);
      return setting;
    };
    afterEach(async () => {
      for (const setting of settings.splice(0)) await setting[Symbol.asyncDispose]();
    });

    test("a burst is granted at once, and no more", async () => {
      const { limiter } = await opened();
      const decisions = [];
      for (let taken = 0; taken < 7; taken += 1) decisions.push(await limiter.take(policy, "ada"));
      expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true, false, false]);
      expect(decisions.map(({ remaining }) => remaining)).toEqual([4, 3, 2, 1, 0, 0, 0]);
    });

    test("many that ask at the same moment get a burst together", async () => {
      const { limiter } = await opened();
      const decisions = await Promise.all(
        Array.from({ length: 20 }, async () => limiter.take(policy, "ada")),
      );
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(policy.burst);
    });

    test("a refusal takes nothing", async () => {
      const { limiter, elapse } = await opened();
      await limiter.take(policy, "ada", 4);
      expect(await limiter.take(policy, "ada", 2)).toMatchObject({ allowed: false, remaining: 1 });
      expect(await limiter.take(policy, "ada", 1)).toMatchObject({ allowed: true, remaining: 0 });
      await elapse(permitMs);
      expect(await limiter.take(policy, "ada")).toMatchObject({ allowed: true });
    });

    test("after `retryAfterMs` the permits asked for are there, and not before", async () => {
      const { limiter, elapse } = await opened();
      await limiter.take(policy, "ada", 5);
      const refused = await limiter.take(policy, "ada", 2);
      expect(refused).toMatchObject({ allowed: false, retryAfterMs: 2 * permitMs });
      await elapse(refused.retryAfterMs - 1);
      expect(await limiter.take(policy, "ada", 2)).toMatchObject({ allowed: false, retryAfterMs: 1 });
      await elapse(1);
      expect(await limiter.take(policy, "ada", 2)).toMatchObject({ allowed: true, retryAfterMs: 0 });
    });

    test("`resetMs` is when the bucket is full again", async () => {
      const { limiter, elapse } = await opened();
      expect(await limiter.take(policy, "ada", 2)).toMatchObject({ resetMs: 2 * permitMs });
      await elapse(50);
      const { resetMs } = await limiter.take(policy, "ada");
      expect(resetMs).toBe(3 * permitMs - 50);
      await elapse(resetMs);
      expect(await limiter.take(policy, "ada", 5)).toMatchObject({ allowed: true, remaining: 0 });
    });

    test("a cost above the burst is refused, for ever", async () => {
      const { limiter, elapse } = await opened();
      const impossible = { allowed: false, remaining: 5, retryAfterMs: policy.windowMs };
      expect(await limiter.take(policy, "ada", 6)).toMatchObject(impossible);
      await elapse(policy.windowMs);
      expect(await limiter.take(policy, "ada", 6)).toMatchObject(impossible);
    });

    test("subjects and policies do not touch each other", async () => {
      const { limiter } = await opened();
      await limiter.take(policy, "ada", 5);
      expect(await limiter.take(policy, "bob", 5)).toMatchObject({ allowed: true });
      expect(await limiter.take({ ...policy, name: "read" }, "ada", 5)).toMatchObject({ allowed: true });
      expect(await limiter.take(policy, "ada")).toMatchObject({ allowed: false });
    });

    test("in no span more is granted than a burst and what the span refills", async () => {
      const policies = fc.record({
        name: fc.constant("any"),
        burst: fc.integer({ min: 1, max: 12 }),
        windowMs: fc.integer({ min: 1, max: 5_000 }),
      });
      const arrivals = fc.array(fc.record({ pauseMs: fc.nat(400), cost: fc.integer({ min: 1, max: 3 }) }), {
        maxLength: 60,
      });
      await fc.assert(
        fc.asyncProperty(policies, arrivals, async (any, steps) => {
          await using setting = await open();
          const grants: { readonly atMs: number; readonly cost: number }[] = [];
          let atMs = 0;
          for (const { pauseMs, cost } of steps) {
            await setting.elapse(pauseMs);
            atMs += pauseMs;
            const { allowed } = await setting.limiter.take(any, "ada", cost);
            if (allowed) grants.push({ atMs, cost });
          }
          expectNoSpanAbove(any, grants);
        }),
        { numRuns: 60 },
      );
    });
  });
}

function expectNoSpanAbove(
  { burst, windowMs }: RatePolicy,
  grants: readonly { readonly atMs: number; readonly cost: number }[],
): void {
  for (const [first, { atMs: fromMs }] of grants.entries()) {
    let granted = 0;
    for (const { atMs, cost } of grants.slice(first)) {
      granted += cost;
      // Multiplied out, so that the bound is a whole number.
      expect(granted * windowMs).toBeLessThanOrEqual(burst * windowMs + (atMs - fromMs) * burst);
    }
  }
}
