import type { Clock } from "./clock.ts";

export type AttemptOutcome<Answer> =
  | { readonly kind: "answered"; readonly answer: Answer }
  /** The instance never got the request: nothing was decided there. */
  | { readonly kind: "unreached" }
  /** The instance got it and will not answer any more: it may have been decided. */
  | { readonly kind: "lost" };

/** Asks one instance. Never rejects; may stay open for ever. */
export type Attempt<Answer> = (instance: string, remainingMs: number) => Promise<AttemptOutcome<Answer>>;

export interface RankedAsk<Answer> {
  /** Who serves now, the first to be asked first. Read anew before every attempt. */
  readonly ranked: () => readonly string[];
  readonly attempt: Attempt<Answer>;
  /** How long one instance is waited for before the next is asked as well. */
  readonly attemptMs: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

export type RankedAnswer<Answer> =
  | { readonly kind: "answered"; readonly answer: Answer }
  /** `reached`: somebody got the request and may have acted on it. */
  | { readonly kind: "unanswered"; readonly reached: boolean };

/**
 * Asks instances by rank until one answers.
 *
 * The next is asked when the one before is gone, or has been silent for `attemptMs`: a frozen instance costs that and no
 * more. A silent one is not given up: whichever answers first is the answer, so a slow lone instance has the whole
 * deadline. No instance is asked twice. Asking two is safe: reads change nothing and commands carry their key.
 */
export const askByRank = async <Answer>(ask: RankedAsk<Answer>): Promise<RankedAnswer<Answer>> =>
  new Promise((resolve) => new Attempts(ask, resolve).begin());

class Attempts<Answer> {
  readonly #ask: RankedAsk<Answer>;
  readonly #resolve: (answer: RankedAnswer<Answer>) => void;
  readonly #asked = new Set<string>();
  readonly #endsAtMs: number;
  #waiting = 0;
  #lost = false;
  #cancelDeadline = () => {};
  #cancelNext = () => {};

  constructor(ask: RankedAsk<Answer>, resolve: (answer: RankedAnswer<Answer>) => void) {
    this.#ask = ask;
    this.#resolve = resolve;
    this.#endsAtMs = ask.clock.nowMs() + ask.deadlineMs;
  }

  begin(): void {
    this.#cancelDeadline = this.#ask.clock.after(this.#ask.deadlineMs, () => this.#giveUp());
    this.#askNext();
  }

  #askNext(): void {
    const { ranked, attempt, attemptMs, clock } = this.#ask;
    this.#cancelNext();
    const instance = ranked().find((candidate) => !this.#asked.has(candidate));
    if (instance === undefined && this.#waiting === 0) {
      this.#giveUp();
      return;
    }
    this.#cancelNext = clock.after(attemptMs, () => this.#askNext());
    if (instance === undefined) return;
    this.#asked.add(instance);
    this.#waiting += 1;
    void attempt(instance, Math.max(0, this.#endsAtMs - clock.nowMs())).then((outcome) =>
      this.#heard(outcome),
    );
  }

  #heard(outcome: AttemptOutcome<Answer>): void {
    this.#waiting -= 1;
    switch (outcome.kind) {
      case "answered":
        this.#end(outcome);
        return;
      case "lost":
        this.#lost = true;
        break;
      case "unreached":
        break;
    }
    this.#askNext();
  }

  #giveUp(): void {
    this.#end({ kind: "unanswered", reached: this.#lost || this.#waiting > 0 });
  }

  #end(answer: RankedAnswer<Answer>): void {
    this.#cancelDeadline();
    this.#cancelNext();
    this.#resolve(answer);
  }
}
