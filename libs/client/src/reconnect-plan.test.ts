import { closeCodes, closeClass, errorCodes, isFinal } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { planAfter, type PlanFacts } from "./reconnect-plan.ts";

const facts: PlanFacts = {
  backOff: { baseMs: 1_000, maxMs: 30_000 },
  attempt: 0,
  tokenIsFresh: false,
  random: 0.5,
};

describe("after a socket ended", () => {
  test("every close code is followed as its class says", () => {
    for (const code of closeCodes.filter((one) => one !== "token_expired")) {
      const plan = planAfter({ kind: "closed", code }, facts);
      expect([code, plan.kind]).toEqual([code, closeClass(code) === "stop" ? "stop" : "wait"]);
    }
  });

  test("every error code that refuses a connection is followed as its class says", () => {
    const onlyErrors = errorCodes.filter((code) => !closeCodes.includes(code as never));
    for (const code of onlyErrors) {
      const plan = planAfter({ kind: "refused", refusal: { code } }, facts);
      expect([code, plan.kind]).toEqual([code, isFinal(code) ? "stop" : "wait"]);
    }
  });

  test("a resume comes at once the first time and backs off when it does not last", () => {
    const ending = { kind: "closed", code: "slow_consumer" } as const;
    expect(planAfter(ending, facts)).toMatchObject({ afterMs: 50 });
    expect(planAfter(ending, { ...facts, attempt: 3 })).toMatchObject({ afterMs: 4_000 });
  });

  test("a back-off waits for the server's hint, then its jitter", () => {
    const ending = { kind: "closed", code: "server_busy", retryAfterMs: 5_000 } as const;
    expect(planAfter(ending, facts)).toEqual({ kind: "wait", afterMs: 5_500, reason: "server_busy" });
  });

  test("a lost connection is retried with full jitter", () => {
    const ending = { kind: "lost", reason: "transport close" } as const;
    expect(planAfter(ending, { ...facts, attempt: 2 })).toEqual({
      kind: "wait",
      afterMs: 2_000,
      reason: "connection_lost",
    });
  });

  test("an expired token is replaced once", () => {
    const ending = { kind: "refused", refusal: { code: "token_expired" } } as const;
    expect(planAfter(ending, facts)).toEqual({ kind: "fresh-token" });
    expect(planAfter(ending, { ...facts, tokenIsFresh: true })).toEqual({
      kind: "stop",
      reason: "token_expired",
    });
  });
});
