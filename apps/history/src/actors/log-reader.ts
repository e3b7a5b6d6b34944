import {
  type OwnerAnswerBody,
  type OwnerAsk,
  type Pulse,
  type RoomHead,
  type RoomId,
} from "@parley/protocol";
import type { StoredEntry } from "@parley/room-log";
import { readEntry } from "../domain/load.ts";
import { isRetryable } from "../domain/failure.ts";
import { Archiver } from "./archiver.ts";
import type { Environment } from "./environment.ts";

const restartPauseMs = 250;
const firstPulseMax = 2 ** 31;
/** Entries that one `changes` answer looks through; beyond these it says that it cannot tell. */
const changesEntriesMax = 4_096;
const changesPerRead = 256;
/** Heads that one pulse says; of more it says that something is missing. */
const pulseHeadsMax = 1_000;

export interface LogReaderOptions {
  readonly environment: Environment;
  readonly instance: string;
  readonly partition: number;
  readonly onEntry: (stored: StoredEntry) => void;
  /** Reading begins: the partition is archived up to here. */
  readonly onFloor: (partition: number, position: number) => void;
  readonly onArchived: (entries: readonly StoredEntry[]) => void;
  readonly publishPulse: (pulse: Pulse) => void;
}

/**
 * The one follower of a partition's log: it refreshes the rooms in memory, archives, and pulses.
 *
 * A reader that fails begins again at the archive's floor; seeing an entry twice is harmless to all three. A bug in it
 * ends the process: a partition that nobody archives must not look well.
 */
export class LogReader implements AsyncDisposable {
  readonly #options: LogReaderOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #heads = new Map<RoomId, RoomHead>();
  #archiver: Archiver | undefined;
  #position = 0;
  #goal = Number.POSITIVE_INFINITY;
  #pulses = 0;
  /** Whether there were more heads than a pulse may say. */
  #tooMany = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    // Each reader counts from a place of its own: one that begins again must not look like its former self going on.
    this.#pulses = Math.floor(options.environment.random() * firstPulseMax);
    this.#running = this.#run();
  }

  /** Whether it has reached the end that the log had when it began, and follows since. */
  get caughtUp(): boolean {
    return this.#position >= this.#goal;
  }

  /**
   * Says the heads of the rooms that got entries since the last time. When they were too many, a number is left out: who
   * misses it asks what changed.
   */
  pulse(): void {
    if (!this.caughtUp) return;
    const { environment, partition, instance, publishPulse } = this.#options;
    const heads = [...this.#heads.values()];
    this.#heads.clear();
    this.#pulses += this.#tooMany ? 2 : 1;
    this.#tooMany = false;
    const epoch = environment.log.epoch(partition);
    publishPulse({ partition, instance, number: this.#pulses, epoch, position: this.#position, heads });
  }

  /** Resolves when what is stored now is archived, or after `withinMs`. */
  async settled(withinMs: number): Promise<void> {
    const { environment, partition } = this.#options;
    const position = await environment.log.lastPosition(partition);
    const enough = new AbortController();
    await Promise.race([
      this.#archiver?.until(position, enough.signal),
      environment.pause(withinMs, enough.signal),
    ]);
    enough.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { environment, partition } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow();
      } catch (error) {
        if (!isRetryable(error)) throw error;
        environment.telemetry.readerFailed(partition, error);
      }
      await environment.pause(restartPauseMs * (0.5 + environment.random()), this.#stop.signal);
    }
  }

  async #follow(): Promise<void> {
    const { environment, partition } = this.#options;
    const { log, store } = environment;
    const epoch = log.epoch(partition);
    const floor = await store.floor(partition);
    const from = floor?.epoch === epoch ? floor.position : 0;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
    this.#archiver = this.#startArchiver({ epoch, from, signal });
    const archiving = this.#archiver.run();
    try {
      this.#position = from;
      this.#goal = await log.lastPosition(partition);
      for await (const batch of log.follow(partition, from, signal)) this.#take(batch);
    } finally {
      // At once: the archiver may take its time to end, and nothing is followed meanwhile.
      this.#goal = Number.POSITIVE_INFINITY;
      stop.abort();
      await archiving;
    }
  }

  #startArchiver(life: {
    readonly epoch: number;
    readonly from: number;
    readonly signal: AbortSignal;
  }): Archiver {
    const { environment, partition, onFloor, onArchived } = this.#options;
    onFloor(partition, life.from);
    return new Archiver({ environment, partition, ...life, onArchived });
  }

  #take(batch: readonly StoredEntry[]): void {
    for (const stored of batch) {
      this.#options.onEntry(stored);
      const head = headAfter(stored);
      if (head !== undefined) this.#note(head);
      this.#position = stored.position;
    }
    this.#archiver?.offer(batch);
  }

  #note(head: RoomHead): void {
    this.#heads.set(head.room, head);
    if (this.#heads.size <= pulseHeadsMax) return;
    this.#heads.clear();
    this.#tooMany = true;
  }
}

/** Where the entry leaves its room; `undefined` for one that moves no seq. */
function headAfter(stored: StoredEntry): RoomHead | undefined {
  const { room, epoch, first, last } = stored.entry.header;
  if (last < first) return undefined;
  const n = readEntry(stored).events.at(-1)?.n ?? 0;
  return { room, epoch, seq: last, n };
}

/**
 * Heads of the rooms of `partition` that got entries above `since`, the position of one of its entries; 0: of all.
 *
 * The log forgets its oldest entries first. So while it still has the one at `since` it has all above it; else nobody can
 * say what was in between.
 */
export async function changesSince(
  { log }: Pick<Environment, "log">,
  { partition, epoch, since }: OwnerAsk<"changes">,
): Promise<OwnerAnswerBody<"changes">> {
  const heads = new Map<RoomId, RoomHead>();
  const last = await log.lastPosition(partition);
  const unknown = { position: last, heads: [], complete: false };
  if (epoch !== log.epoch(partition)) return unknown;
  if (since >= last) return { ...unknown, complete: true };
  let position = Math.max(0, since - 1);
  for (let seen = 0; seen < changesEntriesMax; seen += changesPerRead) {
    const entries = await log.read(partition, position, changesPerRead);
    if (seen === 0 && since > 0 && entries[0]?.position !== since) return unknown;
    for (const stored of entries) {
      const head = stored.position > since ? headAfter(stored) : undefined;
      if (head !== undefined) heads.set(head.room, head);
      position = stored.position;
    }
    if (entries.length < changesPerRead) return { position, heads: [...heads.values()], complete: true };
  }
  return unknown;
}
