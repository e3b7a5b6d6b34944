import type { Rest } from "./rest.ts";

const pagesMax = 5;
/** Somebody whom the server does not name is asked about no more often. */
const pauseMs = 30_000;

/** Names of users, asked for when somebody unknown turns up. */
export class Names {
  readonly #rest: Pick<Rest, "userNames">;
  readonly #nowMs: () => number;
  #names: ReadonlyMap<string, string> = new Map();
  readonly #askedMs = new Map<string, number>();

  constructor(rest: Pick<Rest, "userNames">, nowMs: () => number = Date.now) {
    this.#rest = rest;
    this.#nowMs = nowMs;
  }

  /** A user's name; until it is known, the beginning of the id. */
  readonly of = (user: string): string => this.#names.get(user) ?? user.slice(0, 10);

  /** Makes sure that the names of `users` are known, if the server tells them. */
  async learn(users: readonly string[]): Promise<void> {
    const nowMs = this.#nowMs();
    const unknown = users.filter(
      (user) => !this.#names.has(user) && nowMs - (this.#askedMs.get(user) ?? -Infinity) >= pauseMs,
    );
    if (unknown.length === 0) return;
    for (const user of unknown) this.#askedMs.set(user, nowMs);
    // Without names there are still ids.
    this.#names = await this.#rest.userNames(pagesMax).catch(() => this.#names);
    for (const user of unknown) if (this.#names.has(user)) this.#askedMs.delete(user);
  }
}
