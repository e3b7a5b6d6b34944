import type { Pulse } from "@parley/protocol";
import { describe, expect, it } from "vitest";
import {
  caughtUp,
  hearPulse,
  hearSilence,
  newPulseWatch,
  owesAnswer,
  pulseSilenceMs,
} from "./pulse-watch.ts";

const pulse = (number: number, position: number, instance = "one"): Pulse => ({
  partition: 0,
  instance,
  number,
  epoch: 1,
  position,
  heads: [],
});

/** One that has heard pulse 1 at position 10 and knows everything up to there. */
const settled = () => {
  const heard = hearPulse(newPulseWatch(0), pulse(1, 10), 0);
  return caughtUp(heard, heard.gaps, 10);
};

describe("pulses", () => {
  it("move the position while none is missed", () => {
    const watch = hearPulse(settled(), pulse(2, 15), 1_000);
    expect(owesAnswer(watch)).toBe(false);
    expect(watch.position).toBe(15);
  });

  it.each([
    ["a number was skipped", pulse(3, 15), 1_000],
    ["another instance pulses", pulse(2, 15, "two"), 1_000],
    ["they were silent for long", pulse(2, 15), pulseSilenceMs + 1],
    ["the instance has begun anew", pulse(1, 15), 1_000],
  ])("leave a question when %s", (_, heard, nowMs) => {
    const watch = hearPulse(settled(), heard, nowMs);
    expect(owesAnswer(watch)).toBe(true);
    expect(watch.position).toBe(10);
  });

  it("of a log that begins anew leave a question about every room", () => {
    // Also when the new log has already passed the place that was known of the old one.
    const watch = hearPulse(settled(), { ...pulse(2, 15), epoch: 2 }, 1_000);
    expect(owesAnswer(watch)).toBe(true);
    expect(watch.position).toBeUndefined();
    expect(caughtUp(watch, watch.gaps, 15).position).toBe(15);
  });

  it("leave a question when they stop, once for each silence", () => {
    const silent = hearSilence(settled(), pulseSilenceMs + 1);
    expect(owesAnswer(silent)).toBe(true);
    expect(hearSilence(silent, pulseSilenceMs + 2)).toBe(silent);
  });

  it("do not move the position past a gap that is still open", () => {
    const gap = hearPulse(settled(), pulse(3, 15), 1_000);
    expect(hearPulse(gap, pulse(4, 20), 2_000).position).toBe(10);
  });

  it("leave the question open when a further gap came while it was asked", () => {
    const asked = hearPulse(settled(), pulse(3, 15), 1_000);
    const again = hearPulse(asked, pulse(9, 40), 2_000);
    const answered = caughtUp(again, asked.gaps, 16);
    expect(owesAnswer(answered)).toBe(true);
    expect(answered.position).toBe(16);
  });
});
