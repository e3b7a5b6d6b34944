import type { Pulse } from "@parley/protocol";

/** What a gateway knows of one partition's pulses. Positions are those of the log. */
export interface PulseWatch {
  /** Up to here everything was compared; `undefined` before anything was. */
  readonly position: number | undefined;
  /** Of the newest pulse: positions are of this log. */
  readonly epoch: number | undefined;
  readonly heardPosition: number | undefined;
  readonly instance: string | undefined;
  readonly number: number;
  readonly heardAtMs: number;
  /** How often pulses were, or may have been, missed; and of these, how many have been made up for by asking. */
  readonly gaps: number;
  readonly closedGaps: number;
}

/** Silence, or absence of the instance that pulses, after which "what changed?" is asked. */
export const pulseSilenceMs = 3_000;

export const newPulseWatch = (nowMs: number): PulseWatch => ({
  position: undefined,
  epoch: undefined,
  heardPosition: undefined,
  instance: undefined,
  number: 0,
  heardAtMs: nowMs,
  gaps: 0,
  closedGaps: 0,
});

/**
 * A pulse was heard. Its heads are to be compared in any case.
 *
 * They reach back to the same instance's previous pulse, so they are all there is to say only if that one was heard. After
 * another instance, a skipped number or a long silence, what lies between has to be asked for.
 */
export function hearPulse(watch: PulseWatch, pulse: Pulse, nowMs: number): PulseWatch {
  const follows = pulse.instance === watch.instance && pulse.number === watch.number + 1;
  // A rebuilt log counts from its beginning: places of the former one say nothing about it.
  const anew = watch.epoch !== undefined && pulse.epoch !== watch.epoch;
  const missed = !follows || anew || nowMs - watch.heardAtMs > pulseSilenceMs;
  const heard = {
    ...watch,
    instance: pulse.instance,
    number: pulse.number,
    heardAtMs: nowMs,
    epoch: pulse.epoch,
    heardPosition: pulse.position,
    position: anew ? undefined : watch.position,
    gaps: watch.gaps + (missed ? 1 : 0),
  };
  // While a gap is open the position stays below it.
  if (owesAnswer(heard) || heard.position === undefined) return heard;
  return { ...heard, position: Math.max(heard.position, pulse.position) };
}

/** Time passed. After a silence the question is due, and again after as long a silence. */
export function hearSilence(watch: PulseWatch, nowMs: number): PulseWatch {
  if (nowMs - watch.heardAtMs <= pulseSilenceMs) return watch;
  return { ...watch, heardAtMs: nowMs, gaps: watch.gaps + 1 };
}

/** Whether "what changed since `position`?" is to be asked. */
export const owesAnswer = (watch: PulseWatch): boolean => watch.gaps > watch.closedGaps;

/** The question asked when there had been `gaps` gaps was answered: all is compared up to `position`. */
export function caughtUp(watch: PulseWatch, gaps: number, position: number | undefined): PulseWatch {
  const reached = position === undefined ? watch.position : Math.max(watch.position ?? 0, position);
  return { ...watch, closedGaps: Math.max(watch.closedGaps, gaps), position: reached };
}
