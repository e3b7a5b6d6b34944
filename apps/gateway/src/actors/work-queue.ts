export interface WorkQueueOptions {
  /** Tasks that run at once. */
  readonly together: number;
  readonly waitingMax: number;
  /** Awaited before each task: whoever asks faster than it reads waits here. */
  readonly ready: () => Promise<void>;
}

/** Runs tasks in the order given, a few at a time, and refuses those for which there is no room to wait. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** `undefined`: the queue is full, and the task was not taken. */
  run<Result>(task: () => Promise<Result>): Promise<Result> | undefined {
    if (this.#waiting.length >= this.#options.waitingMax) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push(async () => {
      try {
        resolve(await task());
      } catch (error) {
        reject(error);
      }
    });
    this.#next();
    return promise;
  }

  #next(): void {
    if (this.#running >= this.#options.together) return;
    const task = this.#waiting.shift();
    if (task === undefined) return;
    this.#running += 1;
    void this.#perform(task);
  }

  async #perform(task: () => Promise<void>): Promise<void> {
    await this.#options.ready();
    await task();
    this.#running -= 1;
    this.#next();
  }
}
