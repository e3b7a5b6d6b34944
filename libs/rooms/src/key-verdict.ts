import { type Key, type Limits, type StoredAnswer, uuidV7TimeMs } from "@parley/protocol";

export interface KeyQuestion {
  /** The answer that this author's key got, if the owner has it in memory. */
  readonly inMemory: StoredAnswer | undefined;
  readonly key: Key;
  readonly digest: string;
  /** Largest time inside any UUIDv7 key answered up to the point from which all keys are in memory; 0 for none. */
  readonly keyTimeFloorMs: number;
  readonly nowMs: number;
  readonly limits: Limits;
}

/**
 * `replay`: answer again what was answered. `key_reused`: the key stands for another command. `new`: decide.
 * `look_up`: only the archive knows; what it says goes through `storedVerdict`. `clock_skew`: answer with the server's
 * time, the key is to be made anew.
 */
export type KeyVerdict = "replay" | "key_reused" | "new" | "look_up" | "clock_skew";

/**
 * Whether a command was answered before, mostly without asking the archive.
 *
 * A UUIDv7 carries the time of its making. Keys not in memory were answered before the floor and carry at most the
 * floor's time; so a later one is new. This compares keys with keys, never with a clock, so it is right under any clock:
 * a client whose clock is behind costs a look-up each time, no more. A key far ahead of the owner's clock would raise the
 * floor for everybody and make look-ups the rule, hence `clock_skew`; only a key that is surely unknown gets it, for one
 * that was answered keeps its answer whatever the clocks say now.
 */
export function keyVerdict(question: KeyQuestion): KeyVerdict {
  const { inMemory, key, digest, keyTimeFloorMs, nowMs, limits } = question;
  if (inMemory !== undefined) return storedVerdict(inMemory, digest);
  const timeMs = uuidV7TimeMs(key);
  if (timeMs === undefined || timeMs <= keyTimeFloorMs) return "look_up";
  return timeMs > nowMs + limits.keyAheadMs ? "clock_skew" : "new";
}

/** The verdict when it is known what is stored under the key, `undefined` for nothing. */
export function storedVerdict(
  stored: StoredAnswer | undefined,
  digest: string,
): "replay" | "key_reused" | "new" {
  if (stored === undefined) return "new";
  return stored.digest === digest ? "replay" : "key_reused";
}
