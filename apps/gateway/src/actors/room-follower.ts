import type { Clock, LiveEntry, LiveFeed, Owners } from "@parley/bus";
import {
  type Cursor,
  encodePayload,
  isControlEvent,
  type ResyncReason,
  type RoomEvent,
  type RoomId,
} from "@parley/protocol";
import { faultEvery, type PlantedFault } from "../domain/faults.ts";
import {
  type FeedEffect,
  type FeedHead,
  type FeedInput,
  type RoomFeed,
  stepFeed,
} from "../domain/room-feed.ts";
import { chunkRun } from "../domain/run-chunks.ts";
import { Repair } from "./repair.ts";

/** A piece of the room's one run: the next events, as bytes, and those of them that a gateway must understand. */
export interface Delivery {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  /** JSON of `EventsPayload`. */
  readonly payload: Uint8Array;
  readonly control: readonly RoomEvent[];
}

export interface FollowerTelemetry {
  holeFound(room: RoomId): void;
  holeClosed(room: RoomId, durationMs: number): void;
  continuityLost(room: RoomId, reason: ResyncReason): void;
  entryUnreadable(room: RoomId, error: unknown): void;
}

export interface FollowerParts {
  readonly owners: Pick<Owners, "ask">;
  readonly liveFeed: Pick<LiveFeed, "subscribe">;
  readonly partitions: number;
  readonly repairMs: number;
  readonly clock: Clock;
  readonly telemetry: FollowerTelemetry;
  readonly faults: ReadonlySet<PlantedFault>;
}

/** Neither may throw. */
export interface FollowerHandlers {
  /** Each begins where the one before ended. */
  deliver(delivery: Delivery): void;
  /** The run ends here; following has stopped. */
  resync(reason: ResyncReason): void;
}

type Item = Pick<Delivery, "payload" | "control">;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Follows one room's order from a place on, without a hole: entries as the feed brings them, and what the feed has lost
 * from the room's owner. The decisions are `stepFeed`'s; here are the subscription and the questions.
 */
export class RoomFollower {
  readonly room: RoomId;
  readonly #parts: FollowerParts;
  readonly #handlers: FollowerHandlers;
  readonly #repair: Repair;
  #feed: RoomFeed<Item> = { phase: "cold" };
  #subscription: Promise<AsyncDisposable> | undefined;
  #seen: Cursor | undefined;
  #heard = 0;
  #deliveries = 0;
  /** Seqs that somebody has already: a repaired run is cut there, so that nobody gets the half of a piece twice. */
  readonly #startedAt = new Set<number>();
  #swapped: Delivery | undefined;

  constructor(room: RoomId, parts: FollowerParts, handlers: FollowerHandlers) {
    this.room = room;
    this.#parts = parts;
    this.#handlers = handlers;
    this.#repair = new Repair(room, parts, {
      fetched: (run) => this.#step({ kind: "fetched", run }),
      gaveUp: () => this.#step({ kind: "gave-up" }),
    });
  }

  /** Everything up to here was delivered, or was known to whoever started. Never goes back. */
  get cursor(): Cursor | undefined {
    return this.#seen;
  }

  get following(): boolean {
    return this.#feed.phase !== "cold";
  }

  /** Resolves when every entry from now on is heard. Rejects when the feed cannot be opened. */
  async open(): Promise<void> {
    if (this.#subscription !== undefined) {
      await this.#subscription;
      return;
    }
    const subscription = this.#parts.liveFeed.subscribe(this.room, (entry) => {
      if (this.#subscription === subscription) this.#onEntry(entry);
    });
    this.#subscription = subscription;
    // From the asking, not from the answer: an entry may be here before the promise has told.
    this.#step({ kind: "opened" });
    try {
      await subscription;
    } catch (error) {
      if (this.#subscription === subscription) this.#stop();
      throw error;
    }
  }

  /** The owner named `head` after `open` had resolved: deliveries begin behind it, unless they have begun already. */
  start(head: FeedHead): void {
    this.#startedAt.add(head.seq);
    this.#step({ kind: "started", head });
  }

  /** Somebody who reads the log says that the room has reached `head`. */
  hear(head: FeedHead): void {
    this.#step({ kind: "head", head });
  }

  close(): void {
    this.#feed = { phase: "cold" };
    this.#stop();
  }

  #onEntry({ header, payload }: LiveEntry): void {
    const { epoch, first, last } = header;
    if (last < first) return;
    this.#heard += 1;
    // Planted fault: a feed that loses nothing would leave no hole to take for none.
    if (this.#heard % faultEvery === 0 && this.#parts.faults.has("skip-repair")) return;
    try {
      const control = header.control ? controlEvents(payload) : [];
      this.#step({ kind: "entry", entry: { epoch, first, last, item: { payload, control } } });
    } catch (error) {
      // What cannot be read may be a removal: get it from the owner, as if it had been lost.
      this.#parts.telemetry.entryUnreadable(this.room, error);
      this.#step({ kind: "head", head: { epoch, seq: last } });
    }
  }

  #step(input: FeedInput<Item>): void {
    const taken = this.#planted(input);
    const { feed, effects } = stepFeed(this.#feed, taken);
    this.#feed = feed;
    if (feed.phase !== "repair") this.#repair.stop();
    for (const effect of effects) this.#perform(effect);
    if (feed.phase !== "repair") this.#startedAt.clear();
    if (feed.phase === "live" || feed.phase === "repair") this.#see({ epoch: feed.epoch, seq: feed.last });
  }

  #perform(effect: FeedEffect<Item>): void {
    switch (effect.kind) {
      case "deliver": {
        const { item, ...place } = effect.entry;
        this.#deliver({ ...place, ...item });
        return;
      }
      case "deliver-run":
        for (const chunk of chunkRun(effect.events, this.#startedAt))
          this.#deliver(this.#encoded(effect.epoch, chunk));
        return;
      case "fetch":
        this.#repair.fetch(effect.after, effect.want);
        return;
      case "resync":
        this.#stop();
        this.#parts.telemetry.continuityLost(this.room, effect.reason);
        this.#handlers.resync(effect.reason);
    }
  }

  #encoded(epoch: number, events: readonly RoomEvent[]): Delivery {
    const first = events[0]?.seq ?? 0;
    const payload = encodePayload({ room: this.room, epoch, first, events });
    return { epoch, first, last: first + events.length - 1, payload, control: events.filter(isControlEvent) };
  }

  #see(cursor: Cursor): void {
    const seen = this.#seen;
    if (seen === undefined || cursor.epoch > seen.epoch) this.#seen = cursor;
    else if (cursor.epoch === seen.epoch && cursor.seq > seen.seq) this.#seen = cursor;
  }

  #stop(): void {
    this.#repair.stop();
    const subscription = this.#subscription;
    this.#subscription = undefined;
    // A feed that did not open has nothing to close; one that fails to close is the feed's own concern.
    subscription?.then((open) => open[Symbol.asyncDispose]()).catch(() => undefined);
  }

  #deliver(delivery: Delivery): void {
    const { faults } = this.#parts;
    this.#deliveries += 1;
    const struck = this.#deliveries % faultEvery === 0;
    if (struck && faults.has("drop-live")) return;
    if (struck && faults.has("swap-live")) {
      this.#swapped = delivery;
      return;
    }
    const swapped = this.#swapped;
    this.#swapped = undefined;
    if (swapped === undefined) {
      this.#handlers.deliver(delivery);
      return;
    }
    // Each under the other's place: what comes late under its own is taken for known, and would only be missing.
    this.#handlers.deliver({ ...delivery, first: swapped.first, last: swapped.last });
    this.#handlers.deliver({ ...swapped, first: delivery.first, last: delivery.last });
  }

  /** Planted fault: a hole is taken for none. */
  #planted(input: FeedInput<Item>): FeedInput<Item> {
    if (!this.#parts.faults.has("skip-repair") || this.#feed.phase !== "live") return input;
    if (input.kind === "head") return { kind: "gave-up" };
    if (input.kind === "entry" && input.entry.first > this.#feed.last + 1) {
      this.#feed = { ...this.#feed, last: input.entry.first - 1 };
    }
    return input;
  }
}

function controlEvents(payload: Uint8Array): readonly RoomEvent[] {
  const { events } = JSON.parse(decoder.decode(payload)) as { readonly events: readonly RoomEvent[] };
  return events.filter(isControlEvent);
}
