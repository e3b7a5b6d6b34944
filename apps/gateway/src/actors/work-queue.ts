export interface WorkQueueOptions {
  /** Tasks that run at once. */
  readonly together: number;
  readonly waitingMax: number;
  /** Awaited before each task: whoever asks faster than it reads waits here. */
  readonly ready: () => Promise<void>;
}

interface WaitingTask {
  readonly begin: () => Promise<void>;
  readonly drop: () => void;
}

/** Runs tasks in the order given, a few at a time, and refuses those for which there is no room to wait. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  #waiting: WaitingTask[] = [];
  #running = 0;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** `undefined`: the task was not begun, since the queue was full or is closed. Rejects as `task` does. */
  run<Result>(task: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#closed || this.#waiting.length >= this.#options.waitingMax) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<Result | undefined>();
    const begin = () => task().then(resolve, reject);
    this.#waiting.push({ begin, drop: () => resolve(undefined) });
    this.#next();
    return promise;
  }

  /** What has been begun goes on; what waits is dropped. */
  close(): void {
    this.#closed = true;
    for (const { drop } of this.#waiting) drop();
    this.#waiting = [];
  }

  #next(): void {
    if (this.#running >= this.#options.together) return;
    const task = this.#waiting.shift();
    if (task === undefined) return;
    this.#running += 1;
    void this.#perform(task);
  }

  async #perform({ begin }: WaitingTask): Promise<void> {
    await this.#options.ready();
    await begin();
    this.#running -= 1;
    this.#next();
  }
}
