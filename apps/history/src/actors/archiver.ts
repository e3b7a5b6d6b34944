import type { ArchiveEntry } from "@parley/history-store";
import type { StoredEntry } from "@parley/room-log";
import { readEntry } from "../domain/load.ts";
import { isRetryable } from "../domain/failure.ts";
import type { Environment } from "./environment.ts";

const batchEntriesMax = 256;
/** Entries handed over and not yet archived; beyond these they are read from the log again. */
const queueEntriesMax = 2_048;
const retryPauseMaxMs = 5_000;
const retryPauseMinMs = 50;

export interface ArchiverOptions {
  readonly environment: Environment;
  readonly partition: number;
  readonly epoch: number;
  /** Everything at or below is archived. */
  readonly from: number;
  readonly signal: AbortSignal;
  /** The entries of the batch that was applied last. */
  readonly onArchived: (entries: readonly StoredEntry[]) => void;
}

/**
 * Applies a partition's entries to the archive, strictly in order, and moves the floor. An archive that is away stops
 * it; it never skips. What it is handed waits in a bounded queue; beyond that it reads the log itself.
 */
export class Archiver {
  readonly #options: ArchiverOptions;
  #queue: StoredEntry[] = [];
  #archived: number;
  /** The newest position it was handed, whether or not it fitted the queue. */
  #handed: number;
  /** What was handed up to here is to be read from the log. */
  #overflowedUpTo = 0;
  #wake: (() => void) | undefined;
  readonly #waiting = new Set<{ readonly position: number; readonly resolve: () => void }>();

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#archived = options.from;
    this.#handed = options.from;
  }

  get archived(): number {
    return this.#archived;
  }

  offer(entries: readonly StoredEntry[]): void {
    this.#handed = entries.at(-1)?.position ?? this.#handed;
    if (this.#queue.length + entries.length <= queueEntriesMax) this.#queue.push(...entries);
    else this.#overflow();
    this.#reportLag();
    this.#wake?.();
  }

  #reportLag(): void {
    const { environment, partition } = this.#options;
    environment.telemetry.archiveBehind(partition, this.#handed - this.#archived);
  }

  #overflow(): void {
    this.#queue = [];
    this.#overflowedUpTo = this.#handed;
  }

  /** Resolves when everything up to `position` is archived, when `enough` aborts, or when the archiver ends. */
  async until(position: number, enough: AbortSignal): Promise<void> {
    if (this.#archived >= position || enough.aborted || this.#options.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { position, resolve };
    this.#waiting.add(waiter);
    enough.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(waiter);
  }

  /** Runs until the signal aborts, and then finishes the batch in hand. Rejects by a bug only. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = (): void => this.#wake?.();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        if (this.#archived >= this.#handed) await this.#offered();
        else await this.#archiveNext();
      }
    } finally {
      signal.removeEventListener("abort", stop);
      for (const { resolve } of this.#waiting) resolve();
    }
  }

  async #offered(): Promise<void> {
    const { signal } = this.#options;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (signal.aborted || this.#archived < this.#handed) resolve();
    });
    this.#wake = undefined;
  }

  async #archiveNext(): Promise<void> {
    const { environment, partition, epoch, signal, onArchived } = this.#options;
    let pauseMs = retryPauseMinMs;
    while (!signal.aborted) {
      try {
        const entries = await this.#next();
        const last = entries.at(-1);
        if (last === undefined) return;
        await environment.store.apply({
          partition,
          epoch,
          entries: entries.map((entry) => this.#archiveEntry(entry)),
        });
        this.#queue = this.#queue.filter(({ position }) => position > last.position);
        this.#archived = last.position;
        environment.telemetry.entriesArchived(entries.length);
        this.#reportLag();
        onArchived(entries);
        this.#release();
        return;
      } catch (error) {
        if (!isRetryable(error)) throw error;
        environment.telemetry.archiveFailed(partition, error);
        await environment.pause(pauseMs * (0.5 + environment.random()), signal);
        pauseMs = Math.min(pauseMs * 2, retryPauseMaxMs);
      }
    }
  }

  /** The next entries: from the queue, or from the log what the queue could not hold. */
  async #next(): Promise<readonly StoredEntry[]> {
    const { environment, partition } = this.#options;
    if (this.#archived >= this.#overflowedUpTo) return this.#queue.slice(0, batchEntriesMax);
    return environment.log.read(partition, this.#archived, batchEntriesMax);
  }

  #archiveEntry(stored: StoredEntry): ArchiveEntry {
    const { events, poisoned } = readEntry(stored);
    const { environment, partition } = this.#options;
    if (poisoned) environment.telemetry.entryPoisoned(partition, stored.position);
    const { header, payload } = stored.entry;
    return { position: stored.position, header, events, deadLetter: poisoned ? payload : undefined };
  }

  #release(): void {
    for (const { position, resolve } of this.#waiting) if (position <= this.#archived) resolve();
  }
}
