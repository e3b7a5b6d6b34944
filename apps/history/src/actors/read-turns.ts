import { ParleyError, wireError } from "@parley/protocol";

export interface ReadTurnsOptions {
  /** Reads that run at once. */
  readonly together: number;
  readonly waitingMax: number;
  /** Milliseconds; never goes back. */
  readonly now: () => number;
}

/**
 * Lets so many reads run at once, and the others wait in the order they came.
 *
 * Each holds a page of what it reads in memory, which may be megabytes for kilobytes of answer: were all that are asked to
 * run together, a few users could ask for more than the process has.
 */
export class ReadTurns {
  readonly #options: ReadTurnsOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: ReadTurnsOptions) {
    this.#options = options;
  }

  /** Throws `ParleyError`: `busy` when too many wait, `unavailable` when its turn comes after `deadlineAtMs`. */
  async run<Value>(deadlineAtMs: number, work: () => Promise<Value>): Promise<Value> {
    const { together, waitingMax, now } = this.#options;
    if (this.#running >= together) {
      if (this.#waiting.length >= waitingMax) throw new ParleyError(wireError("busy", "too many reads wait"));
      // Whoever ends hands its turn on, so `#running` stays as it is.
      await new Promise<void>((done) => this.#waiting.push(done));
    } else this.#running += 1;
    try {
      if (now() > deadlineAtMs) throw new ParleyError(wireError("unavailable", "the read waited too long"));
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
