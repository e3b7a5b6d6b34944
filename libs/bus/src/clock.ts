/** Time and timers, so that tests own them. */
export interface Clock {
  /** Ms since 1970; only differences of it are used. */
  readonly nowMs: () => number;
  /** Calls `run` once after `delayMs`; returns how to cancel. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

export const systemClock: Clock = {
  nowMs: Date.now,
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
