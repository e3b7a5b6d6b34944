const windowMs = 10_000;

/** So many in ten seconds, counted in fixed windows: at most twice as many in any ten. Needs no timer. */
export class WindowBudget {
  readonly #max: number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether one more is within the budget. `nowMs` never goes back. */
  take(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= windowMs) {
      this.#windowStartMs = nowMs;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#max;
  }
}
