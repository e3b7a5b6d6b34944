import { setImmediate } from "node:timers/promises";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Mid 2026: a plausible present, so that times made from it parse. */
const defaultStartMs = 1_780_000_000_000;

/**
 * Time that passes only when a test says so. Fits every `Clock` of the project: `nowMs()` and `after(delayMs, run)`,
 * which returns how to cancel.
 */
export class FakeClock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs: number = defaultStartMs) {
    this.#nowMs = startMs;
  }

  readonly nowMs = (): number => this.#nowMs;

  readonly after = (delayMs: number, run: () => void): (() => void) => {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  /** How many timers wait: a test of a clean end expects 0. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Lets `durationMs` pass: timers run in the order they are due, equal ones in the order they were set, and what their
   * promises lead to runs before the next. Also those set meanwhile, if they are due within the span.
   */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.dueMs <= endMs);
    return due.sort((left, right) => left.dueMs - right.dueMs)[0];
  }
}

/** Resolves when every promise that can go on without time or I/O has done so. */
export async function settle(): Promise<void> {
  await setImmediate();
}
