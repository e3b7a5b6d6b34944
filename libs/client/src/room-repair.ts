import { type AckBodies, type EventsPayload, isFinal, type RoomId, type WireError } from "@parley/protocol";
import { hintedPauseMs } from "./back-off.ts";
import type { ClientLimits } from "./client-limits.ts";
import { type Clock, pause } from "./clock.ts";
import type { Request } from "./request.ts";
import type { Counters } from "./stats.ts";

/** As much of a room's feed as its repair needs. */
export interface Repairable {
  readonly room: RoomId;
  readonly behind: boolean;
  readonly cursor: { readonly seq: number } | undefined;
  takeFetched(after: number, run: EventsPayload & { readonly head: number }): boolean;
  refuse(error: WireError): void;
}

export interface RepairContext {
  readonly request: Request;
  readonly clock: Clock;
  readonly limits: ClientLimits;
  readonly counters: Counters;
}

/** Closes a room's hole: fetches the run after the last applied event until nothing is missing. One at a time. */
export class RoomRepair {
  readonly #feed: Repairable;
  readonly #context: RepairContext;
  #running: Promise<void> | undefined;
  #closesGap = false;
  #stopping = new AbortController();

  constructor(feed: Repairable, context: RepairContext) {
    this.#feed = feed;
    this.#context = context;
  }

  /**
   * Starts, unless it runs. `live`: the hole showed in a live room, and its closing counts as a gap repaired.
   * Resolves when the hole is closed or the repair was stopped.
   */
  start({ live }: { readonly live: boolean } = { live: false }): Promise<void> {
    if (!this.#feed.behind) return Promise.resolve();
    this.#closesGap ||= live;
    this.#running ??= this.#run(this.#stopping.signal);
    return this.#running;
  }

  /** The connection is gone or the room is: a join with the cursor brings the rest. */
  stop(): void {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    this.#running = undefined;
    this.#closesGap = false;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!signal.aborted && this.#feed.behind) {
      const outcome = await this.#fetch(signal);
      if (outcome.kind === "stopped") return;
      if (outcome.kind === "progress") {
        attempt = 0;
      } else {
        await this.#pause(attempt, outcome.retryAfterMs, signal);
        attempt += 1;
      }
    }
    if (signal.aborted) return;
    this.#running = undefined;
    if (this.#closesGap) this.#context.counters.gapsRepaired += 1;
    this.#closesGap = false;
  }

  async #fetch(signal: AbortSignal): Promise<Fetched> {
    const { request, limits } = this.#context;
    const { room } = this.#feed;
    const after = this.#feed.cursor?.seq ?? 0;
    const ack = await request("events", { room, after, limit: limits.repairEventsMax });
    if (signal.aborted) return { kind: "stopped" };
    if (ack.ok) {
      const { epoch, first, events, head }: AckBodies["events"] = ack;
      const forward = this.#feed.takeFetched(after, { room, epoch, first, events, head });
      return forward ? { kind: "progress" } : { kind: "retry", retryAfterMs: undefined };
    }
    if (!isFinal(ack.error.code)) return { kind: "retry", retryAfterMs: ack.error.retryAfterMs };
    this.#feed.refuse(ack.error);
    return { kind: "stopped" };
  }

  #pause(attempt: number, retryAfterMs: number | undefined, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#context;
    const backOff = { baseMs: limits.backOffBaseMs, maxMs: limits.backOffMaxMs };
    const delayMs = hintedPauseMs(backOff, attempt, { retryAfterMs, random: clock.random() });
    return pause(clock, delayMs, signal);
  }
}

type Fetched =
  | { readonly kind: "progress" }
  | { readonly kind: "retry"; readonly retryAfterMs: number | undefined }
  | { readonly kind: "stopped" };
