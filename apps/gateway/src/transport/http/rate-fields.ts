import type { RateStatus } from "../../actors/request-limits.ts";

/** Fields of draft-ietf-httpapi-ratelimit-headers, and the older ones that many clients still read. Seconds, rounded up. */
export function rateFields({ policy, remaining, resetMs }: RateStatus): Readonly<Record<string, string>> {
  const { name, burst, windowMs } = policy;
  const resetS = Math.ceil(resetMs / 1_000);
  return {
    "ratelimit-policy": `"${name}";q=${burst};w=${Math.ceil(windowMs / 1_000)}`,
    ratelimit: `"${name}";r=${remaining};t=${resetS}`,
    "x-ratelimit-bucket": name,
    "x-ratelimit-limit": String(burst),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(resetS),
  };
}
