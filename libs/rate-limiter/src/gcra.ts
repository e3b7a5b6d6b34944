import type { RateDecision, RatePolicy } from "./port.ts";

/**
 * What a bucket remembers: how full it was and when. Kept in whole numbers, so that no rounding ever refuses the last
 * permit of a burst or grants one too many: one permit is `windowMs` units, and `burst` units leak in a millisecond.
 * Exact while `burst * windowMs` is below 2^53.
 */
export interface BucketState {
  readonly fillUnits: number;
  readonly atMs: number;
}

export interface Taken {
  /** As before when nothing was granted, apart from what has leaked. */
  readonly state: BucketState;
  readonly decision: Omit<RateDecision, "local">;
}

/**
 * One arrival at a bucket: the Generic Cell Rate Algorithm in the form of a continuous-state leaky bucket.
 * Source: ITU-T Recommendation I.371 (03/2004), Annex A.
 *
 * `state` `undefined` is an empty bucket, which grants a whole burst. A clock that goes back leaks nothing.
 */
export function take(
  policy: RatePolicy,
  state: BucketState | undefined,
  arrival: { readonly cost: number; readonly nowMs: number },
): Taken {
  const { burst, windowMs } = policy;
  const capacityUnits = burst * windowMs;
  const nowMs = Math.max(Math.floor(arrival.nowMs), state?.atMs ?? 0);
  const fillUnits = leaked(policy, state, nowMs);
  const wantedUnits = fillUnits + arrival.cost * windowMs;
  const allowed = wantedUnits <= capacityUnits;
  const leftUnits = allowed ? wantedUnits : fillUnits;
  const impossible = arrival.cost > burst;
  const waitMs = impossible ? windowMs : Math.ceil((wantedUnits - capacityUnits) / burst);
  return {
    state: { fillUnits: leftUnits, atMs: nowMs },
    decision: {
      allowed,
      remaining: Math.floor((capacityUnits - leftUnits) / windowMs),
      resetMs: Math.ceil(leftUnits / burst),
      retryAfterMs: allowed ? 0 : waitMs,
    },
  };
}

/** Whether the bucket is as good as a new one: forgetting it grants nobody anything. */
export const isEmpty = (policy: RatePolicy, state: BucketState, nowMs: number): boolean =>
  leaked(policy, state, nowMs) === 0;

function leaked({ burst, windowMs }: RatePolicy, state: BucketState | undefined, nowMs: number): number {
  if (state === undefined) return 0;
  const elapsedMs = Math.min(Math.max(0, Math.floor(nowMs) - state.atMs), windowMs);
  return Math.max(0, state.fillUnits - elapsedMs * burst);
}
