import fc from "fast-check";
import { expect, it } from "vitest";
import { uuidV7, uuidV7TimeMs } from "./index.ts";

it("carries its time", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (timeMs) => {
      expect(uuidV7TimeMs(uuidV7(timeMs))).toBe(timeMs);
    }),
  );
});

it("reads no time out of other versions or variants", () => {
  expect(uuidV7TimeMs("0190163d-8694-4000-8000-000000000000")).toBeUndefined();
  expect(uuidV7TimeMs("0190163d-8694-7000-c000-000000000000")).toBeUndefined();
  expect(uuidV7TimeMs("k1")).toBeUndefined();
});
