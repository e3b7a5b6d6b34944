export type { RateDecision, RateLimiter, RatePolicy } from "./port.ts";
export { isEmpty, take, type BucketState, type Taken } from "./gcra.ts";
