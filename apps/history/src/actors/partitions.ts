import type { LiveFeed, OwnerSeat } from "@parley/bus";
import { isRetryable } from "../domain/failure.ts";
import type { Environment } from "./environment.ts";
import { LogReader } from "./log-reader.ts";
import type { Rooms } from "./rooms.ts";

const pulseEveryMs = 1_000;
const purgeEveryMs = 3_600_000;
/** How long a list from the archive waits for what was stored just before it was asked for. */
const settleMs = 250;

export interface PartitionsOptions {
  readonly environment: Environment;
  readonly instance: string;
  readonly feed: LiveFeed;
  readonly rooms: Rooms;
  /** Archived entries stay in the log for this long. */
  readonly keepArchivedMs: number;
}

/**
 * The log readers of one instance: one for each partition for which it ranks first. Ranking changes cost nothing but a
 * second reader for a while, which does the same work twice, harmlessly.
 */
export class Partitions implements AsyncDisposable {
  readonly #options: PartitionsOptions;
  readonly #readers = new Map<number, LogReader>();
  readonly #ending = new Set<Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: PartitionsOptions) {
    this.#options = options;
  }

  followed(partition: number): boolean {
    return this.#readers.get(partition)?.caughtUp === true;
  }

  start(seat: OwnerSeat): void {
    this.rank(seat);
    const pulse = setInterval(() => {
      for (const reader of this.#readers.values()) reader.pulse();
    }, pulseEveryMs);
    const purge = setInterval(() => void this.purge(), purgeEveryMs);
    this.#timers.push(pulse, purge);
  }

  /** Begins to read the partitions that are this instance's now, and ends the others. */
  rank(seat: Pick<OwnerSeat, "mine">): void {
    const { environment, rooms } = this.#options;
    for (let partition = 0; partition < environment.log.partitions; partition += 1) {
      const reader = this.#readers.get(partition);
      if (seat.mine(partition)) {
        if (reader === undefined) this.#readers.set(partition, this.#reader(partition));
      } else if (reader !== undefined) {
        this.#readers.delete(partition);
        this.#end(reader);
        rooms.handOver(partition);
      }
    }
  }

  async archiveSettled(): Promise<void> {
    await Promise.all(Array.from(this.#readers.values(), async (reader) => reader.settled(settleMs)));
  }

  /** Lets the log forget what is archived and old. */
  async purge(): Promise<void> {
    const { environment, keepArchivedMs } = this.#options;
    const { log, store, telemetry, now } = environment;
    for (const partition of this.#readers.keys()) {
      try {
        const floor = await store.floor(partition);
        if (floor === undefined || floor.epoch !== log.epoch(partition)) continue;
        const purged = await log.purge(partition, floor.position, now() - keepArchivedMs);
        if (purged > 0) telemetry.entriesPurged(partition, purged);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        telemetry.purgeFailed(partition, error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const reader of this.#readers.values()) this.#end(reader);
    this.#readers.clear();
    await Promise.all(this.#ending);
  }

  #reader(partition: number): LogReader {
    const { environment, instance, feed, rooms } = this.#options;
    return new LogReader({
      environment,
      instance,
      partition,
      onEntry: (stored) => rooms.onLogEntry(stored),
      onFloor: (of, position) => rooms.onFloor(of, position),
      onArchived: (entries) => rooms.onArchived(entries),
      publishPulse: (pulse) => feed.publishPulse(pulse),
    });
  }

  #end(reader: LogReader): void {
    const ending = reader[Symbol.asyncDispose]().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
