import type { CloseCode, Limits } from "@parley/protocol";

export type AdmissionLimits = Pick<
  Limits,
  "connectionsMax" | "connectsPerSecond" | "handshakesMax" | "eventLoopDelayMs"
>;

/** The node as it is when a socket asks to be let in. */
export interface NodeLoad {
  readonly nowMs: number;
  readonly connections: number;
  readonly handshakes: number;
  readonly eventLoopDelayMs: number;
  readonly draining: boolean;
}

/** The accept-rate bucket: `tokens` at `atMs`. */
export interface AcceptBucket {
  readonly tokens: number;
  readonly atMs: number;
}

export type Admission =
  | { readonly admitted: true; readonly bucket: AcceptBucket }
  | {
      readonly admitted: false;
      readonly bucket: AcceptBucket;
      readonly code: CloseCode;
      /** Until it is worth asking again; the caller adds jitter. */
      readonly retryAfterMs: number;
    };

export const fullBucket = (limits: AdmissionLimits, nowMs: number): AcceptBucket => ({
  tokens: limits.connectsPerSecond,
  atMs: nowMs,
});

/** In the order of cost: the first that says no is the answer. The bucket is charged only when all else said yes. */
export function admit(bucket: AcceptBucket, load: NodeLoad, limits: AdmissionLimits): Admission {
  const refill = ((load.nowMs - bucket.atMs) / 1_000) * limits.connectsPerSecond;
  const tokens = Math.min(limits.connectsPerSecond, bucket.tokens + Math.max(0, refill));
  const now = { tokens, atMs: load.nowMs };
  const refuse = (code: CloseCode, retryAfterMs: number): Admission => ({
    admitted: false,
    bucket: now,
    code,
    retryAfterMs,
  });
  if (load.draining) return refuse("drain", 1_000);
  if (load.connections >= limits.connectionsMax) return refuse("too_many_connections", 5_000);
  if (tokens < 1) return refuse("connect_rate", 1_000);
  if (load.handshakes >= limits.handshakesMax) return refuse("server_busy", 1_000);
  if (load.eventLoopDelayMs > limits.eventLoopDelayMs) return refuse("server_busy", 2_000);
  return { admitted: true, bucket: { tokens: tokens - 1, atMs: load.nowMs } };
}
