/** Time and chance, so that tests hold both. */
export interface Clock {
  /** Milliseconds since 1970, by this machine. */
  nowMs(): number;
  /** Runs `task` once after `delayMs`. What it returns cancels the task, and does nothing once it ran. */
  after(delayMs: number, task: () => void): Cancel;
  /** At least 0, below 1. */
  random(): number;
}

export type Cancel = () => void;

/** Timers of JavaScript count in 31 bits; a longer delay would fire at once. */
const timerMsMax = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), timerMsMax));
    return () => {
      clearTimeout(timer);
    };
  },
  random: () => Math.random(),
};

export const noCancel: Cancel = () => undefined;

/** Resolves after `delayMs`, or as soon as `signal` is aborted. */
export const pause = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener("abort", finish);
  });
