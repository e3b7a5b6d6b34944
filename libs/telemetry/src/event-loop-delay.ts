import { monitorEventLoopDelay } from "node:perf_hooks";

const resolutionMs = 10;
const windowMs = 1_000;
const nanosecondsPerMs = 1_000_000;

/** How late the event loop has run what was due. */
export interface EventLoopDelay extends Disposable {
  /** The largest delay of the last one to two seconds, ms: what a new socket would have felt. */
  recentMaxMs(): number;
  /** What was until now says nothing about what is to come: a service calls this when its start, which blocks, is over. */
  forget(): void;
}

/** Begins to watch. Keeps no process alive. */
export function watchEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  // The histogram holds the time between two ticks of its own timer, so an idle loop reads as one resolution.
  const maxMs = () =>
    histogram.count === 0 ? 0 : Math.max(0, histogram.max / nanosecondsPerMs - resolutionMs);
  let previousMs = 0;
  const timer = setInterval(() => {
    previousMs = maxMs();
    histogram.reset();
  }, windowMs).unref();
  return {
    recentMaxMs: () => Math.max(previousMs, maxMs()),
    forget() {
      previousMs = 0;
      histogram.reset();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
