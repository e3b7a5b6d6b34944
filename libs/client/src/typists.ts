import type { UserId } from "@parley/protocol";
import type { Cancel, Clock } from "./clock.ts";

export interface TypistsOptions {
  readonly clock: Clock;
  /** How long a user counts as typing after the last notice. */
  readonly typingMs: () => number;
  readonly onChange: (user: UserId, on: boolean) => void;
}

/** Who is typing in a room now. A notice that ends it may be lost, so each one ends by itself. */
export class Typists {
  readonly #options: TypistsOptions;
  readonly #expiries = new Map<UserId, Cancel>();

  constructor(options: TypistsOptions) {
    this.#options = options;
  }

  get users(): readonly UserId[] {
    return [...this.#expiries.keys()];
  }

  heard(user: UserId, on: boolean): void {
    if (!on) {
      this.#end(user);
      return;
    }
    const { clock, typingMs, onChange } = this.#options;
    const isNew = !this.#expiries.has(user);
    this.#expiries.get(user)?.();
    const expire = clock.after(typingMs(), () => {
      this.#end(user);
    });
    this.#expiries.set(user, expire);
    if (isNew) onChange(user, true);
  }

  clear(): void {
    for (const user of this.users) this.#end(user);
  }

  #end(user: UserId): void {
    const cancel = this.#expiries.get(user);
    if (cancel === undefined) return;
    cancel();
    this.#expiries.delete(user);
    this.#options.onChange(user, false);
  }
}
