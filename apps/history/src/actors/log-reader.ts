import { type OwnerAnswerBody, type Pulse, type RoomHead, type RoomId } from "@parley/protocol";
import type { StoredEntry } from "@parley/room-log";
import { readEntry } from "../domain/load.ts";
import { isRetryable } from "../domain/failure.ts";
import { Archiver } from "./archiver.ts";
import type { Environment } from "./environment.ts";

const restartPauseMs = 250;
/** Entries that one `changes` answer looks through; beyond these it says that it cannot tell. */
const changesEntriesMax = 4_096;
const changesPerRead = 256;

export interface LogReaderOptions {
  readonly environment: Environment;
  readonly instance: string;
  readonly partition: number;
  readonly onEntry: (stored: StoredEntry) => void;
  readonly onArchived: (partition: number, position: number) => void;
  readonly publishPulse: (pulse: Pulse) => void;
}

/**
 * The one follower of a partition's log: it refreshes the rooms in memory, archives, and pulses.
 *
 * A reader that fails begins again at the archive's floor; seeing an entry twice is harmless to all three.
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

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Whether it has reached the end that the log had when it began, and follows since. */
  get caughtUp(): boolean {
    return this.#position >= this.#goal;
  }

  /** Says the heads of the rooms that got entries since the last time. */
  pulse(): void {
    if (!this.caughtUp) return;
    const { partition, instance, publishPulse } = this.#options;
    const heads = [...this.#heads.values()];
    this.#heads.clear();
    this.#pulses += 1;
    publishPulse({ partition, instance, number: this.#pulses, position: this.#position, heads });
  }

  /** Resolves when what is stored now is archived, or after `withinMs`. */
  async settled(withinMs: number): Promise<void> {
    const { environment, partition } = this.#options;
    const position = await environment.log.lastPosition(partition);
    await Promise.race([this.#archiver?.until(position), environment.pause(withinMs)]);
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
      this.#goal = Number.POSITIVE_INFINITY;
      if (!this.#stop.signal.aborted) await environment.pause(restartPauseMs * (0.5 + environment.random()));
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
      stop.abort();
      await archiving;
    }
  }

  #startArchiver(life: {
    readonly epoch: number;
    readonly from: number;
    readonly signal: AbortSignal;
  }): Archiver {
    const { environment, partition, onArchived } = this.#options;
    onArchived(partition, life.from);
    return new Archiver({
      environment,
      partition,
      ...life,
      onArchived: (position) => onArchived(partition, position),
    });
  }

  #take(batch: readonly StoredEntry[]): void {
    for (const stored of batch) {
      this.#options.onEntry(stored);
      const head = headAfter(stored);
      if (head !== undefined) this.#heads.set(head.room, head);
      this.#position = stored.position;
    }
    this.#archiver?.offer(batch);
  }
}

/** Where the entry leaves its room; `undefined` for one that moves no seq. */
function headAfter(stored: StoredEntry): RoomHead | undefined {
  const { room, epoch, first, last } = stored.entry.header;
  if (last < first) return undefined;
  const n = readEntry(stored).events.at(-1)?.n ?? 0;
  return { room, epoch, seq: last, n };
}

/** Heads of the rooms of `partition` that got entries above `since`. */
export async function changesSince(
  { log }: Pick<Environment, "log">,
  { partition, since }: { readonly partition: number; readonly since: number },
): Promise<OwnerAnswerBody<"changes">> {
  const heads = new Map<RoomId, RoomHead>();
  let position = since;
  for (let seen = 0; seen < changesEntriesMax; seen += changesPerRead) {
    const entries = await log.read(partition, position, changesPerRead);
    for (const stored of entries) {
      const head = headAfter(stored);
      if (head !== undefined) heads.set(head.room, head);
      position = stored.position;
    }
    if (entries.length < changesPerRead) return { position, heads: [...heads.values()], complete: true };
  }
  return { position: await log.lastPosition(partition), heads: [], complete: false };
}
