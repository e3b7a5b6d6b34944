import { type Cancel, noCancel } from "./clock.ts";
import type { Pending } from "./submission.ts";

/** The commands of one room, in order: only the first is ever under way. */
export class OutboxLane {
  readonly items: Pending[] = [];
  /** Whether an answer is awaited. */
  busy = false;
  #resting = false;
  #notBeforeMs = 0;
  #cancelRest: Cancel = noCancel;

  /** The command that may be sent now, if any. */
  next(): Pending | undefined {
    const [first] = this.items;
    return this.busy || this.#resting || first?.stored !== true ? undefined : first;
  }

  /** Nothing leaves until `wake`; `cancel` ends the timer that would do that. The server wants none `notBeforeMs`. */
  restUntilWoken(cancel: Cancel, notBeforeMs: number): void {
    this.#resting = true;
    this.#cancelRest = cancel;
    this.#notBeforeMs = notBeforeMs;
  }

  /** Ends a rest that was only for the connection's sake. */
  wakeIfAllowed(nowMs: number): void {
    if (nowMs >= this.#notBeforeMs) this.wake();
  }

  wake(): void {
    this.#cancelRest();
    this.#cancelRest = noCancel;
    this.#resting = false;
  }

  remove(pending: Pending): void {
    const index = this.items.indexOf(pending);
    if (index === 0) this.wake();
    if (index >= 0) this.items.splice(index, 1);
  }
}
