import {
  defaultLimits,
  type OwnerAnswer,
  type OwnerAsk,
  type OwnerOp,
  type OwnerRequest,
  wireError,
} from "@parley/protocol";
import { askByRank, type AttemptOutcome } from "../ask-by-rank.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { AskOptions, OwnerHandler, Owners, OwnerSeat } from "../port.ts";
import { rank } from "../rendezvous.ts";

export interface LocalOwnersOptions {
  readonly clock?: Clock;
  /** How long an instance is waited for before the next by rank is asked too. */
  readonly attemptMs?: number;
  /** Asks waiting for an answer at once; one more is `busy`. */
  readonly asksMax?: number;
  /** Carries requests and answers as JSON, as a network does: for tests of what must survive it. */
  readonly throughJson?: boolean;
  /** Told of handlers and listeners that threw, which is a bug. */
  readonly onFault?: (error: unknown) => void;
}

type Answer = OwnerAnswer<OwnerOp>;

/** History instances of one process. Everybody sees who serves at once, so views never differ. */
export class LocalOwners implements Owners {
  readonly #clock: Clock;
  readonly #attemptMs: number;
  readonly #asksMax: number;
  readonly #carry: <Value>(value: Value) => Value;
  readonly #onFault: (error: unknown) => void;
  readonly #seats = new Map<string, LocalSeat>();
  #asks = 0;

  constructor(options: LocalOwnersOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#attemptMs = options.attemptMs ?? defaultLimits.ownerAttemptMs;
    this.#asksMax = options.asksMax ?? defaultLimits.ownerAsksMax;
    this.#carry = options.throughJson === true ? throughJson : (value) => value;
    this.#onFault = options.onFault ?? (() => {});
  }

  async ask<Op extends OwnerOp>(
    partition: number,
    request: { readonly op: Op; readonly ask: OwnerAsk<Op> },
    options: AskOptions,
  ): Promise<OwnerAnswer<Op>> {
    if (this.#asks >= this.#asksMax) return { ok: false, error: wireError("busy") };
    this.#asks += 1;
    const outcome = await askByRank<Answer>({
      ranked: () => rank(this.#seats.keys(), partition),
      attempt: async (instance, remainingMs) => this.#attempt(instance, request as OwnerRequest, remainingMs),
      attemptMs: this.#attemptMs,
      deadlineMs: options.deadlineMs,
      clock: this.#clock,
    });
    this.#asks -= 1;
    if (outcome.kind === "answered") return outcome.answer;
    const mayBeDecided = request.op === "command" && outcome.reached;
    return { ok: false, error: wireError(mayBeDecided ? "unknown" : "unavailable") };
  }

  async serve(instance: string, handler: OwnerHandler): Promise<OwnerSeat> {
    if (this.#seats.has(instance)) throw new Error(`instance ${instance} serves already`);
    const seat = new LocalSeat(instance, handler, {
      clock: this.#clock,
      onFault: this.#onFault,
      first: (partition) => rank(this.#seats.keys(), partition)[0],
      leave: () => {
        this.#seats.delete(instance);
        this.#changed();
      },
    });
    this.#seats.set(instance, seat);
    this.#changed();
    return seat;
  }

  async #attempt(
    instance: string,
    request: OwnerRequest,
    remainingMs: number,
  ): Promise<AttemptOutcome<Answer>> {
    const seat = this.#seats.get(instance);
    if (seat === undefined) return { kind: "unreached" };
    return this.#carry(await seat.answer(this.#carry(request), remainingMs));
  }

  #changed(): void {
    for (const seat of this.#seats.values()) seat.changed();
  }
}

const throughJson = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

interface SeatSurroundings {
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
  readonly first: (partition: number) => string | undefined;
  readonly leave: () => void;
}

class LocalSeat implements OwnerSeat {
  readonly instance: string;
  readonly #handler: OwnerHandler;
  readonly #around: SeatSurroundings;
  readonly #listeners = new Set<() => void>();
  readonly #inHand = new Set<Promise<unknown>>();
  #latestDeadlineMs = 0;
  #closed: Promise<void> | undefined;

  constructor(instance: string, handler: OwnerHandler, around: SeatSurroundings) {
    this.instance = instance;
    this.#handler = handler;
    this.#around = around;
  }

  mine(partition: number): boolean {
    return this.#around.first(partition) === this.instance;
  }

  onChange(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#around.onFault(error);
      }
    }
  }

  async answer(request: OwnerRequest, remainingMs: number): Promise<AttemptOutcome<Answer>> {
    this.#latestDeadlineMs = Math.max(this.#latestDeadlineMs, this.#around.clock.nowMs() + remainingMs);
    const answering = this.#handle(request, remainingMs);
    this.#inHand.add(answering);
    const outcome = await answering;
    this.#inHand.delete(answering);
    return outcome;
  }

  async #handle(request: OwnerRequest, remainingMs: number): Promise<AttemptOutcome<Answer>> {
    try {
      return { kind: "answered", answer: await this.#handler(request, remainingMs) };
    } catch (error) {
      this.#around.onFault(error);
      return { kind: "lost" };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** What is in hand is finished; what hangs is waited for no longer than anybody else waits for it. */
  async #close(): Promise<void> {
    this.#around.leave();
    if (this.#inHand.size === 0) return;
    const { clock } = this.#around;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(Math.max(0, this.#latestDeadlineMs - clock.nowMs()), resolve);
      void Promise.allSettled(this.#inHand).then(() => {
        cancel();
        resolve();
      });
    });
  }
}
