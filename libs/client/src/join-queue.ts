import {
  type AckOf,
  defaultLimits,
  type JoinedRoom,
  type Limits,
  type RoomId,
  type WireError,
} from "@parley/protocol";
import { hintedPauseMs } from "./back-off.ts";
import type { ClientLimits } from "./client-limits.ts";
import { type Cancel, type Clock, noCancel } from "./clock.ts";
import type { Request } from "./request.ts";
import { isPassing, type RoomFeed } from "./room-feed.ts";

export interface JoinQueueOptions {
  readonly request: Request;
  readonly clock: Clock;
  readonly limits: ClientLimits;
}

/**
 * Joins rooms in as few calls as the server's limits allow, one call at a time, each room with its cursor.
 *
 * A room that is refused for now is tried again after a pause, the others go on.
 */
export class JoinQueue {
  readonly #options: JoinQueueOptions;
  readonly #waiting = new Set<RoomFeed>();
  /** Tries in a row that a room was put off. */
  readonly #attempts = new Map<RoomFeed, number>();
  #serverLimits: Limits = defaultLimits;
  #up = false;
  #running = false;
  /** Rises with every connection: an answer that comes over an older one counts for nothing. */
  #generation = 0;
  readonly #timers = new Set<Cancel>();

  constructor(options: JoinQueueOptions) {
    this.#options = options;
  }

  /** A connection is up, and `feeds` are wanted on it. */
  up(serverLimits: Limits, feeds: readonly RoomFeed[]): void {
    this.#serverLimits = serverLimits;
    this.#up = true;
    this.#attempts.clear();
    for (const feed of feeds) this.#waiting.add(feed);
    this.#flush();
  }

  down(): void {
    this.#up = false;
    this.#running = false;
    this.#generation += 1;
    this.#waiting.clear();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Joins `feed` as soon as there is a connection. */
  add(feed: RoomFeed): void {
    feed.joining();
    if (!this.#up) return;
    this.#waiting.add(feed);
    // Rooms added in one turn of the program leave in one call.
    queueMicrotask(() => {
      this.#flush();
    });
  }

  /** Joins `feed` after a jittered pause that grows with every time it was put off. */
  putOff(feed: RoomFeed, retryAfterMs?: number): void {
    if (!this.#up) return;
    const { clock, limits } = this.#options;
    const attempt = this.#attempts.get(feed) ?? 0;
    this.#attempts.set(feed, attempt + 1);
    const backOff = { baseMs: limits.backOffBaseMs, maxMs: limits.backOffMaxMs };
    const delayMs = hintedPauseMs(backOff, attempt, { retryAfterMs, random: clock.random() });
    let cancel: Cancel = noCancel;
    cancel = clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      if (feed.state.kind === "joining") this.#waiting.add(feed);
      this.#flush();
    });
    this.#timers.add(cancel);
  }

  forget(feed: RoomFeed): void {
    this.#waiting.delete(feed);
    this.#attempts.delete(feed);
  }

  #flush(): void {
    if (this.#running || !this.#up || this.#waiting.size === 0) return;
    this.#running = true;
    void this.#joinAll(this.#generation);
  }

  async #joinAll(generation: number): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, this.#serverLimits.joinRoomsMax);
      for (const feed of batch) this.#waiting.delete(feed);
      const rooms = batch.map(({ room, cursor }) => (cursor === undefined ? { room } : { room, cursor }));
      const ack = await this.#options.request("join", { rooms });
      if (generation !== this.#generation) return;
      this.#answer(batch, ack);
    }
    this.#running = false;
  }

  #answer(batch: readonly RoomFeed[], ack: AckOf<"join">): void {
    const answers = new Map<RoomId, JoinedRoom>(ack.ok ? ack.rooms.map((one) => [one.room, one]) : []);
    for (const feed of batch) {
      // Left while the call was under way, or asked for again from another place: that answer is still to come.
      if (feed.state.kind !== "joining" || this.#waiting.has(feed)) continue;
      const answer = answers.get(feed.room);
      if (answer?.ok === true) {
        this.#attempts.delete(feed);
        feed.joined(answer);
      } else {
        this.#refused(feed, answer?.error ?? (ack.ok ? undefined : ack.error));
      }
    }
  }

  #refused(feed: RoomFeed, error: WireError | undefined): void {
    if (error === undefined || isPassing(error)) this.putOff(feed, error?.retryAfterMs);
    else feed.refuse(error);
  }
}
