import { type Key, mustParse, parseKey, uuidV7 } from "@parley/protocol";
import type { Clock } from "./clock.ts";

/**
 * The server's time as far as this client knows it: its own clock, corrected by what `hello` and `clock_skew` say.
 *
 * Keys carry this time, so a device whose clock is wrong still makes keys that the server takes. Before the server told
 * its time they carry none: a key from the future would be put off until that future has come.
 */
export class ServerClock {
  readonly #clock: Clock;
  #offsetMs = 0;
  #told = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#offsetMs;
  }

  /** Corrects by a time that the server just told (RFC 3339); anything else is ignored. */
  correct(serverTime: unknown): void {
    const timeMs = typeof serverTime === "string" ? Date.parse(serverTime) : Number.NaN;
    if (Number.isNaN(timeMs)) return;
    this.#offsetMs = timeMs - this.#clock.nowMs();
    this.#told = true;
  }

  /** A new idempotency key: a UUIDv7 of the server's time, or of 1970 (valid, and only slower) while that is not known. */
  newKey(): Key {
    return mustParse(parseKey, uuidV7(this.#told ? this.nowMs() : 0));
  }
}
