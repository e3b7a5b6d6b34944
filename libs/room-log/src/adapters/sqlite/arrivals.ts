/** Wakes those who wait for a partition's next entry. Counts, so that an entry between a look and the wait is not missed. */
export class Arrivals {
  readonly #counts = new Map<number, number>();
  readonly #sleepers = new Map<number, Set<() => void>>();
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Entries stored in the partition since the log was opened. */
  count(partition: number): number {
    return this.#counts.get(partition) ?? 0;
  }

  announce(partition: number): void {
    this.#counts.set(partition, this.count(partition) + 1);
    for (const wake of this.#sleepers.get(partition) ?? []) wake();
  }

  /** Resolves when the partition's count is beyond `count`, when `signal` aborts, or when all is closed. */
  async beyond(partition: number, count: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted || this.count(partition) > count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const sleepers = this.#sleepers.get(partition) ?? new Set();
    this.#sleepers.set(partition, sleepers.add(wake));
    signal.addEventListener("abort", wake);
    await promise;
    signal.removeEventListener("abort", wake);
    sleepers.delete(wake);
  }

  close(): void {
    this.#closed = true;
    for (const sleepers of this.#sleepers.values()) for (const wake of sleepers) wake();
  }
}
