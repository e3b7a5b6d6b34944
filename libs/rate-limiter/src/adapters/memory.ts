import { type BucketState, isEmpty, take } from "../gcra.ts";
import type { RateDecision, RateLimiter, RatePolicy } from "../port.ts";

export interface MemoryRateLimiterOptions {
  readonly nowMs?: () => number;
  /** How many buckets are kept; about 200 bytes each. */
  readonly bucketsMax?: number;
}

interface Bucket {
  readonly policy: RatePolicy;
  readonly state: BucketState;
}

const defaultBucketsMax = 100_000;
/** Buckets looked at for each new one: more than one, so that the empty ones go faster than new ones come. */
const sweptForEachNew = 2;

/**
 * Buckets of one process.
 *
 * Bounded: an empty bucket is forgotten without effect. When all `bucketsMax` are in use, the one that was asked longest
 * ago is forgotten for a new one, and its subject has a fresh burst: never more than that, and to gain it somebody must
 * ask in the name of `bucketsMax` other subjects.
 */
export class MemoryRateLimiter implements RateLimiter {
  readonly #nowMs: () => number;
  readonly #bucketsMax: number;
  /** In the order they were last asked, the longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: MemoryRateLimiterOptions = {}) {
    this.#nowMs = options.nowMs ?? Date.now;
    this.#bucketsMax = options.bucketsMax ?? defaultBucketsMax;
  }

  /** How many buckets are held now. */
  get size(): number {
    return this.#buckets.size;
  }

  async take(policy: RatePolicy, subject: string, cost: number = 1): Promise<RateDecision> {
    const name = `${policy.name}\n${subject}`;
    const nowMs = this.#nowMs();
    const { state, decision } = take(policy, this.#buckets.get(name)?.state, { cost, nowMs });
    const isNew = !this.#buckets.delete(name);
    this.#buckets.set(name, { policy, state });
    if (isNew) this.#forget(nowMs);
    return { ...decision, local: false };
  }

  #forget(nowMs: number): void {
    let looked = 0;
    for (const [name, { policy, state }] of this.#buckets) {
      const over = this.#buckets.size > this.#bucketsMax;
      if (looked >= sweptForEachNew && !over) return;
      looked += 1;
      if (over || isEmpty(policy, state, nowMs)) this.#buckets.delete(name);
    }
  }
}
