import {
  type AckBodies,
  type AckOf,
  type ClientEventName,
  type ClientPayload,
  ParleyError,
  type WireError,
} from "@parley/protocol";
import { type BackOff, hintedPauseMs } from "./back-off.ts";
import { type Clock, pause } from "./clock.ts";

/** Asks the server once; never rejects. See `Link.request` for what no answer means. */
export type Request = <Name extends ClientEventName>(
  name: Name,
  payload: ClientPayload<Name>,
) => Promise<AckOf<Name>>;

export interface PatientOptions {
  readonly clock: Clock;
  readonly backOff: BackOff;
  /** No try starts later than this after the first. */
  readonly patienceMs: number;
  /** Aborted, no further try is made. */
  readonly signal: AbortSignal;
}

/**
 * Asks until an answer is final: for questions that change nothing.
 *
 * Rejects with `ParleyError`: at once for a final refusal, else with the last one when the patience is over.
 */
export async function ask<Name extends ClientEventName>(
  [request, name, payload]: readonly [Request, Name, ClientPayload<Name>],
  options: PatientOptions,
): Promise<AckBodies[Name]> {
  const untilMs = options.clock.nowMs() + options.patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    const ack: AckOf<Name> = await request(name, payload);
    if (ack.ok) return ack;
    const failure = new ParleyError((ack as { readonly error: WireError }).error);
    if (!failure.retryable) throw failure;
    const { retryAfterMs } = failure.wire;
    const afterMs = hintedPauseMs(options.backOff, attempt, { retryAfterMs, random: options.clock.random() });
    if (options.signal.aborted || options.clock.nowMs() + afterMs > untilMs) throw failure;
    await pause(options.clock, afterMs, options.signal);
  }
}
