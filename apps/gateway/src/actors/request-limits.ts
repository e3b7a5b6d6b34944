import { type Limits, type RoomId, type UserId, type WireError, wireError } from "@parley/protocol";
import type { RateDecision, RateLimiter, RatePolicy } from "@parley/rate-limiter";

/** How much of a bucket is left, for `RateLimit` fields. */
export interface RateStatus {
  readonly policy: RatePolicy;
  readonly remaining: number;
  readonly resetMs: number;
}

/** `status`: of the bucket that refused, or else of the one with the least left. */
export interface Admission {
  readonly status: RateStatus;
  readonly error: WireError | undefined;
}

/** The shared rate limits of the edge: one place names each bucket and whose it is. */
export class RequestLimits {
  readonly #rateLimiter: RateLimiter;
  readonly #send: RatePolicy;
  readonly #room: RatePolicy;
  readonly #read: RatePolicy;
  readonly #guest: RatePolicy;

  constructor(rateLimiter: RateLimiter, limits: Limits) {
    this.#rateLimiter = rateLimiter;
    this.#send = { name: "send", burst: limits.userCommandsPerTenSeconds, windowMs: 10_000 };
    this.#room = { name: "room", burst: limits.roomUserCommandsPerFiveSeconds, windowMs: 5_000 };
    this.#read = { name: "read", burst: limits.userReadsPerTenSeconds, windowMs: 10_000 };
    this.#guest = { name: "guest", burst: limits.addressGuestsPerMinute, windowMs: 60_000 };
  }

  /** A command takes from the user's bucket, and from the one that the user has in the room. */
  async command(user: UserId, room: RoomId): Promise<Admission> {
    const whole = await this.#take(this.#send, user);
    if (whole.error !== undefined) return whole;
    const inRoom = await this.#take(this.#room, `${room}:${user}`);
    const nearer = inRoom.status.remaining < whole.status.remaining;
    return inRoom.error !== undefined || nearer ? inRoom : whole;
  }

  /** What changes no room takes from the user's bucket alone. */
  account(user: UserId): Promise<Admission> {
    return this.#take(this.#send, user);
  }

  /** `cost`: how many reads it is worth; never so many that it could not be had at all. */
  read(user: UserId, cost: number = 1): Promise<Admission> {
    return this.#take(this.#read, user, Math.min(cost, this.#read.burst));
  }

  guest(address: string): Promise<Admission> {
    return this.#take(this.#guest, address);
  }

  async #take(policy: RatePolicy, subject: string, cost: number = 1): Promise<Admission> {
    const decision = await this.#rateLimiter.take(policy, subject, cost);
    const { remaining, resetMs } = decision;
    return { status: { policy, remaining, resetMs }, error: refusal(policy, decision) };
  }
}

function refusal(policy: RatePolicy, { allowed, retryAfterMs }: RateDecision): WireError | undefined {
  if (allowed) return undefined;
  const message = `at most ${policy.burst} in ${policy.windowMs / 1_000} s (${policy.name})`;
  return wireError("rate_limited", message, { retryAfterMs, detail: { bucket: policy.name } });
}
