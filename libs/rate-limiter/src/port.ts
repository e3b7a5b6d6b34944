/** At most `burst` at once, refilled evenly at `burst` per `windowMs`. */
export interface RatePolicy {
  /** Named in `RateLimit` fields and metrics: `send`, `read`, `guest`. */
  readonly name: string;
  readonly burst: number;
  readonly windowMs: number;
}

export interface RateDecision {
  readonly allowed: boolean;
  /** Whole permits left after this one. */
  readonly remaining: number;
  /** Until the bucket is full again, ms. */
  readonly resetMs: number;
  /**
   * Until the permits asked for are there, to the millisecond, if nobody takes others meanwhile; 0 when allowed. For a
   * cost above `burst`, which can never be had, the policy's whole window.
   */
  readonly retryAfterMs: number;
  /** The shared buckets were out of reach: this node decided alone. */
  readonly local: boolean;
}

/**
 * Token buckets shared by every node, by GCRA (ITU-T I.371, the "continuous-state leaky bucket" form): never more than
 * `burst` are let through at once, and never more than `burst + elapsed / windowMs * burst` in any span. A bucket is
 * named by the policy's name and the subject: policies and subjects do not touch each other.
 */
export interface RateLimiter {
  /** Takes `cost` permits of `subject`'s bucket under `policy`, all or none. Never rejects: failing, it decides locally. */
  take(policy: RatePolicy, subject: string, cost?: number): Promise<RateDecision>;
}
