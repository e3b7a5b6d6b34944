import { Stream } from "./stream.ts";

export type Listener<Payload> = (payload: Payload) => void;
export type Unsubscribe = () => void;

/**
 * Typed events. Listeners run synchronously, in the order of their subscription.
 *
 * A listener that throws does not stop the others nor what emitted: its error surfaces as an uncaught one.
 */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): Unsubscribe {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // A wrapper of its own: the same function subscribed twice is called twice, and unsubscribed once each.
    const entry: Listener<Events[Name]> = (payload) => {
      listener(payload);
    };
    listeners.add(entry);
    return () => {
      listeners.delete(entry);
    };
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of listeners as Set<Listener<Events[Name]>>) {
      try {
        listener(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** What `name` emits from now on, as an async iterable that holds at most `itemsMax` unread items. */
  stream<Name extends keyof Events>(name: Name, itemsMax: number): Stream<Events[Name]> {
    const stream = new Stream<Events[Name]>(itemsMax, () => {
      unsubscribe();
    });
    const unsubscribe = this.on(name, (payload) => {
      stream.push(payload);
    });
    return stream;
  }
}
