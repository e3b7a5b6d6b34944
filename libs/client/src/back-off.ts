/** A window of pauses: from nothing up to `baseMs · 2^attempt`, never above `maxMs`. */
export interface BackOff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The pause before try number `attempt` (0 is the first retry), drawn evenly from the whole window.
 *
 * Full jitter, after M. Brooker, "Exponential Backoff And Jitter" (2015): clients that lost one server together come
 * back spread over the window, not in waves. `random` is at least 0 and below 1.
 */
export function pauseMs(backOff: BackOff, attempt: number, random: number): number {
  const windowMs = Math.min(backOff.maxMs, backOff.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random * windowMs);
}

/** As `pauseMs`, but not before the server's own hint: `retryAfterMs`, then the jitter on top. */
export const hintedPauseMs = (
  backOff: BackOff,
  attempt: number,
  hint: { readonly retryAfterMs: number | undefined; readonly random: number },
): number => (hint.retryAfterMs ?? 0) + pauseMs(backOff, attempt, hint.random);
