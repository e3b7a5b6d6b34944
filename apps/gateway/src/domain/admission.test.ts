import { defaultLimits } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, fullBucket, type NodeLoad } from "./admission.ts";

const limits = { ...defaultLimits, connectionsMax: 100, connectsPerSecond: 10, handshakesMax: 5 };
const calm: NodeLoad = { nowMs: 0, connections: 0, handshakes: 0, eventLoopDelayMs: 0, draining: false };
const ask = (load: Partial<NodeLoad>, bucket = fullBucket(limits, 0)) =>
  admit(bucket, { ...calm, ...load }, limits);

describe("a socket that asks to be let in", () => {
  it("is let in by a calm node", () => {
    expect(ask({}).admitted).toBe(true);
  });

  it.each([
    ["drain", { draining: true }],
    ["too_many_connections", { connections: 100 }],
    ["server_busy", { handshakes: 5 }],
    ["server_busy", { eventLoopDelayMs: limits.eventLoopDelayMs + 1 }],
  ] as const)("is refused with %s when %o", (code, load) => {
    expect(ask(load)).toMatchObject({ admitted: false, code, retryAfterMs: expect.any(Number) as number });
  });

  it("costs nothing when it is refused", () => {
    expect(ask({ handshakes: 5 }).bucket.tokens).toBe(limits.connectsPerSecond);
  });

  it("is refused with connect_rate when too many came before, and let in as the bucket fills", () => {
    const empty = { tokens: 0, atMs: 0 };
    expect(ask({}, empty)).toMatchObject({ code: "connect_rate" });
    expect(ask({ nowMs: 100 }, empty).admitted).toBe(true);
  });

  it("is never one of more than a bucket and its refill allow", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 200 }), (pauses) => {
        let bucket = fullBucket(limits, 0);
        let nowMs = 0;
        let admitted = 0;
        for (const pause of pauses) {
          nowMs += pause;
          const admission = ask({ nowMs }, bucket);
          bucket = admission.bucket;
          if (admission.admitted) admitted += 1;
        }
        expect(admitted).toBeLessThanOrEqual(limits.connectsPerSecond * (1 + nowMs / 1_000));
      }),
    );
  });
});
