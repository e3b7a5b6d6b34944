import { describe, expect, it } from "vitest";
import { drainSlots, slices } from "./drain-slots.ts";

describe("drain slots", () => {
  it("spread the sessions evenly, and leave the end of the drain for those who do not go", () => {
    expect(drainSlots(4, 10_000)).toEqual([0, 1_750, 3_500, 5_250]);
  });

  it("are none for nobody", () => {
    expect(drainSlots(0, 10_000)).toEqual([]);
  });
});

describe("slices", () => {
  it("keep the order and miss nobody", () => {
    expect(slices([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  });
});
