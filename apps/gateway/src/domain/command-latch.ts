import { type ErrorCode, isFinal, type Key, type RoomId } from "@parley/protocol";

/** What happens to a command that a session has sent. */
export type LatchVerdict =
  /** Ask the owner now. */
  | { readonly kind: "run" }
  /** An earlier command of the session in this room is in flight. */
  | { readonly kind: "wait" }
  | { readonly kind: "busy" }
  /** `key` awaits its retry first. After `retryAfterMs` at the latest others are let through. */
  | { readonly kind: "not-attempted"; readonly key: Key; readonly retryAfterMs: number };

/** How an answer of a command ends its turn. `undefined`: it was applied. */
export interface CommandOutcome {
  readonly code: ErrorCode | undefined;
  readonly retryAfterMs: number | undefined;
}

export interface TurnEnd<Waiting> {
  /** To be asked now: its turn has come. */
  readonly next: Waiting | undefined;
  /** Came after a command that must be retried first: they get `not_attempted` for `key`. */
  readonly passedOver: readonly Waiting[];
}

interface Lane<Waiting> {
  running: Key | undefined;
  waiting: { readonly key: Key; readonly what: Waiting }[];
  latched: { readonly key: Key; readonly untilMs: number } | undefined;
}

const lanesBeforeSweep = 64;

export interface LatchOptions {
  /** Commands of the session that wait for their turn, over all rooms. */
  readonly waitingMax: number;
  /** After an answer of the keep class (and its `retryAfterMs`) the key is given up, and others may pass. */
  readonly giveUpMs: number;
}

/**
 * The order of one session's commands: in each room one is in flight, and one that has to be retried holds up the others.
 *
 * Why the latch: a client sends "a" and "b". "a" is answered `unknown`, so the client will retry it; were "b" let through
 * meanwhile, the room would read "b", "a". So after an answer of the keep class only that key may go on. It ends with a
 * final answer to that key, when the session leaves the room or ends, or after `giveUpMs`: a client that has forgotten the
 * key, as one without an outbox may, is not locked out for longer.
 */
export class CommandLatch<Waiting> {
  readonly #options: LatchOptions;
  readonly #lanes = new Map<RoomId, Lane<Waiting>>();
  #waitingCount = 0;
  /**
   * Rooms that do not exist answer `no_such_room`, which keeps the key: whoever writes to one after another would leave a
   * latch in each. Doubling from what a sweep had to leave makes a sweep as cheap as the offers before it.
   */
  #sweepAbove = lanesBeforeSweep;

  constructor(options: LatchOptions) {
    this.#options = options;
  }

  /** Rooms with a command in flight, waiting or to be retried, and some of which the latter is over. */
  get size(): number {
    return this.#lanes.size;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Whether a command is in flight or waits. */
  get working(): boolean {
    return [...this.#lanes.values()].some((lane) => lane.running !== undefined);
  }

  offer(
    command: { readonly room: RoomId; readonly key: Key; readonly what: Waiting },
    nowMs: number,
  ): LatchVerdict {
    const lane = this.#lane(command.room, nowMs);
    const { latched } = lane;
    if (latched !== undefined && latched.untilMs <= nowMs) lane.latched = undefined;
    else if (latched !== undefined && latched.key !== command.key) {
      return { kind: "not-attempted", key: latched.key, retryAfterMs: latched.untilMs - nowMs };
    }
    if (lane.running === undefined) {
      lane.running = command.key;
      return { kind: "run" };
    }
    if (this.#waitingCount >= this.#options.waitingMax) {
      // Later ones must not overtake it either.
      lane.latched ??= { key: command.key, untilMs: nowMs + this.#options.giveUpMs };
      return { kind: "busy" };
    }
    lane.waiting.push({ key: command.key, what: command.what });
    this.#waitingCount += 1;
    return { kind: "wait" };
  }

  /** The command in flight in `room` has its answer. */
  answered(room: RoomId, outcome: CommandOutcome, nowMs: number): TurnEnd<Waiting> {
    const lane = this.#lane(room, nowMs);
    const key = lane.running;
    lane.running = undefined;
    const passedOver: Waiting[] = [];
    if (key !== undefined && outcome.code !== undefined && !isFinal(outcome.code)) {
      lane.latched = { key, untilMs: nowMs + (outcome.retryAfterMs ?? 0) + this.#options.giveUpMs };
      // The same key may wait behind itself: that is its retry.
      passedOver.push(...lane.waiting.filter((one) => one.key !== key).map((one) => one.what));
      const retries = lane.waiting.filter((one) => one.key === key);
      this.#waitingCount -= lane.waiting.length - retries.length;
      lane.waiting = retries;
    } else if (lane.latched?.key === key) {
      lane.latched = undefined;
    }
    const next = lane.waiting.shift();
    if (next !== undefined) {
      this.#waitingCount -= 1;
      lane.running = next.key;
    } else if (lane.latched === undefined) this.#lanes.delete(room);
    return { next: next?.what, passedOver };
  }

  /** The key that `room` is latched to is given up. */
  release(room: RoomId): void {
    const lane = this.#lanes.get(room);
    if (lane === undefined) return;
    lane.latched = undefined;
    if (lane.running === undefined) this.#lanes.delete(room);
  }

  /** Forgets latches that have run out. */
  #sweep(nowMs: number): void {
    for (const [room, lane] of this.#lanes) {
      if (lane.running === undefined && lane.latched !== undefined && lane.latched.untilMs <= nowMs) {
        this.#lanes.delete(room);
      }
    }
    this.#sweepAbove = Math.max(lanesBeforeSweep, 2 * this.#lanes.size);
  }

  #lane(room: RoomId, nowMs: number): Lane<Waiting> {
    const known = this.#lanes.get(room);
    if (known !== undefined) return known;
    if (this.#lanes.size >= this.#sweepAbove) this.#sweep(nowMs);
    const lane: Lane<Waiting> = { running: undefined, waiting: [], latched: undefined };
    this.#lanes.set(room, lane);
    return lane;
  }
}
