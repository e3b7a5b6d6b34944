import type { JoinedRoom } from "@parley/protocol";
import { describe, expect, it } from "vitest";
import { resetWithin } from "./reset-within.ts";

const answer = (lengths: readonly number[]): JoinedRoom & { readonly ok: true } =>
  ({
    ok: true,
    reset: {
      reason: "epoch",
      state: { n: 9, messages: lengths.map((length, seq) => ({ seq, text: "x".repeat(length) })) },
    },
  }) as unknown as JoinedRoom & { readonly ok: true };

const kept = (lengths: readonly number[], bytesMax: number): readonly number[] | undefined => {
  const within = resetWithin(answer(lengths), bytesMax);
  return within.ok ? within.reset?.state.messages.map(({ seq }) => seq) : undefined;
};

describe("a reset's messages", () => {
  it("are all there when they fit", () => {
    expect(kept([100, 100, 100], 1_000)).toEqual([0, 1, 2]);
  });

  it("are the newest that fit, and ascend", () => {
    expect(kept([100, 100, 100], 300)).toEqual([1, 2]);
    expect(kept([10, 1_000, 10, 10], 300)).toEqual([2, 3]);
  });

  it("are one at least", () => {
    expect(kept([100, 100_000], 1)).toEqual([1]);
    expect(kept([], 1)).toEqual([]);
  });

  it("are all that changes", () => {
    const whole = answer([100, 100]);
    const within = resetWithin(whole, 1);
    expect(within).toMatchObject({ ok: true, reset: { reason: "epoch", state: { n: 9 } } });
    const plain = { ...whole, reset: undefined } as unknown as JoinedRoom;
    expect(resetWithin(plain, 1)).toBe(plain);
  });
});
