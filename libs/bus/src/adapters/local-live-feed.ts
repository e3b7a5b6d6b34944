import type { Entry, Pulse, RoomId } from "@parley/protocol";
import { liveEntry } from "../live-entry.ts";
import type { LiveEntry, LiveFeed } from "../port.ts";

/** For tests only: what becomes of each message on its way; none, itself, several, or one held back before. */
export interface Tampering {
  readonly entry?: (entry: LiveEntry) => readonly LiveEntry[];
  readonly pulse?: (pulse: Pulse) => readonly Pulse[];
}

export interface LocalLiveFeedOptions {
  /** Told of handlers that threw, which is a bug; the others get theirs all the same. */
  readonly onFault?: (error: unknown) => void;
  readonly tampering?: Tampering;
}

/**
 * The feed of one process.
 *
 * Handlers run in a microtask after `publish` or `publishPulse`, never inside it: whoever publishes is not re-entered.
 * The queue needs no bound of its own, because it is empty again before the event loop turns.
 */
export class LocalLiveFeed implements LiveFeed {
  readonly #entries: Topics<RoomId, LiveEntry>;
  readonly #pulses: Topics<number, Pulse>;
  readonly #tampering: Tampering;
  #deliveries: (() => void)[] = [];

  constructor(options: LocalLiveFeedOptions = {}) {
    const onFault = options.onFault ?? (() => {});
    this.#entries = new Topics(onFault);
    this.#pulses = new Topics(onFault);
    this.#tampering = options.tampering ?? {};
  }

  /** To be called with every entry, once, in the order of the log, after it is stored. */
  publish(stored: Entry): void {
    const entry = liveEntry(stored);
    const entries = this.#tampering.entry?.(entry) ?? [entry];
    for (const each of entries) this.#post(() => this.#entries.deliver(each.header.room, each));
  }

  publishPulse(pulse: Pulse): void {
    const pulses = this.#tampering.pulse?.(pulse) ?? [pulse];
    for (const each of pulses) this.#post(() => this.#pulses.deliver(each.partition, each));
  }

  async subscribe(room: RoomId, handler: (entry: LiveEntry) => void): Promise<AsyncDisposable> {
    return this.#entries.subscribe(room, handler);
  }

  async subscribePulses(partition: number, handler: (pulse: Pulse) => void): Promise<AsyncDisposable> {
    return this.#pulses.subscribe(partition, handler);
  }

  #post(delivery: () => void): void {
    if (this.#deliveries.push(delivery) === 1) queueMicrotask(() => this.#deliverAll());
  }

  #deliverAll(): void {
    const deliveries = this.#deliveries;
    this.#deliveries = [];
    for (const deliver of deliveries) deliver();
  }
}

/** Who listens to what. */
class Topics<Topic, Message> {
  readonly #handlers = new Map<Topic, Set<(message: Message) => void>>();
  readonly #onFault: (error: unknown) => void;

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  subscribe(topic: Topic, handler: (message: Message) => void): AsyncDisposable {
    const own = (message: Message) => handler(message);
    const handlers = this.#handlers.get(topic) ?? new Set();
    this.#handlers.set(topic, handlers.add(own));
    return {
      [Symbol.asyncDispose]: async () => {
        handlers.delete(own);
        if (handlers.size === 0 && this.#handlers.get(topic) === handlers) this.#handlers.delete(topic);
      },
    };
  }

  deliver(topic: Topic, message: Message): void {
    for (const handler of this.#handlers.get(topic) ?? []) {
      try {
        handler(message);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
