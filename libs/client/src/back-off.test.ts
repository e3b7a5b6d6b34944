import fc from "fast-check";
import { expect, test } from "vitest";
import { hintedPauseMs, pauseMs } from "./back-off.ts";

const backOff = { baseMs: 1_000, maxMs: 30_000 };

test("a pause lies in a window that doubles up to its maximum", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 100].map((attempt) => pauseMs(backOff, attempt, 0.999_999));
  expect(longest).toEqual([999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999, 29_999]);
});

test("no pause is shorter than the server's hint", () => {
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.nat(60_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, retryAfterMs, random) => {
        const ms = hintedPauseMs(backOff, attempt, { retryAfterMs, random });
        expect(ms).toBeGreaterThanOrEqual(retryAfterMs);
        expect(ms).toBeLessThan(retryAfterMs + backOff.maxMs);
      },
    ),
  );
});
