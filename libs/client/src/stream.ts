/** The reader of a stream did not keep up: what came after `itemsMax` unread items is lost to it. */
export class StreamOverflowError extends Error {
  override readonly name = "StreamOverflowError";

  constructor(itemsMax: number) {
    super(`more than ${itemsMax} items wait for the reader of this stream`);
  }
}

interface Waiter<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A bounded queue between one writer and one reader who uses `for await`.
 *
 * Items come in the order of `push`. One item over the bound ends the stream: the reader gets what was queued before,
 * then a `StreamOverflowError`; nothing is dropped in the middle.
 */
export class Stream<Item> implements AsyncIterableIterator<Item, undefined>, AsyncDisposable {
  readonly #items: Item[] = [];
  readonly #waiters: Waiter<Item>[] = [];
  readonly #itemsMax: number;
  readonly #onEnd: () => void;
  #failure: Error | undefined;
  #ended = false;

  /** `onEnd` runs once, when the stream takes no more items. */
  constructor(itemsMax: number, onEnd: () => void = () => undefined) {
    this.#itemsMax = itemsMax;
    this.#onEnd = onEnd;
  }

  push(item: Item): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: item });
    } else if (this.#items.length < this.#itemsMax) {
      this.#items.push(item);
    } else {
      this.fail(new StreamOverflowError(this.#itemsMax));
    }
  }

  /** Ends the stream: the reader gets what is queued, then `error` once. */
  fail(error: Error): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = error;
    else waiter.reject(error);
    this.end();
  }

  /** Ends the stream: the reader gets what is queued, then is done. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#items.shift() as Item });
    if (this.#failure !== undefined) {
      const error = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.#items.length = 0;
    this.#failure = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
