import { type Cancel, type Clock, noCancel } from "./clock.ts";
import type { Request } from "./request.ts";
import { refreshInMs, tokenExpiryMs } from "./token-expiry.ts";

export interface SessionTokenOptions {
  /** Fetches a token from wherever the application keeps its users. */
  readonly getToken: () => Promise<string>;
  readonly clock: Clock;
  readonly serverNowMs: () => number;
}

/** A token whose end is nearer than this is not worth connecting with. */
const nearEndMs = 5_000;
const retryMs = 5_000;

/** The token of a session: fetched when needed, and replaced on the open socket before it expires. */
export class SessionToken {
  readonly #options: SessionTokenOptions;
  #token: string | undefined;
  #cancel: Cancel = noCancel;
  #generation = 0;

  constructor(options: SessionTokenOptions) {
    this.#options = options;
  }

  /** The token in use, or a new one if there is none or its end is near. Rejects as `getToken` does. */
  async current(): Promise<string> {
    const token = this.#token;
    if (token !== undefined) {
      const expiryMs = tokenExpiryMs(token);
      if (expiryMs === undefined || expiryMs - this.#options.serverNowMs() > nearEndMs) return token;
    }
    return this.#fetch();
  }

  /** A token other than the refused one; `undefined` when the application has no other. Rejects as `getToken` does. */
  async fresh(): Promise<string | undefined> {
    const refused = this.#token;
    const token = await this.#fetch();
    return token === refused ? undefined : token;
  }

  /** The token in use was refused for good: the next one is fetched. */
  forget(): void {
    this.#token = undefined;
  }

  /** From now on sends a new token by `auth.refresh` before the one in use ends. */
  keepFresh(request: Request): void {
    this.rest();
    this.#arm(request);
  }

  /** Stops refreshing. */
  rest(): void {
    this.#generation += 1;
    this.#cancel();
    this.#cancel = noCancel;
  }

  async #fetch(): Promise<string> {
    const token = await this.#options.getToken();
    this.#token = token;
    return token;
  }

  #arm(request: Request, retryInMs?: number): void {
    const expiryMs = this.#token === undefined ? undefined : tokenExpiryMs(this.#token);
    if (expiryMs === undefined) return;
    const delayMs = retryInMs ?? refreshInMs(expiryMs, this.#options.serverNowMs());
    const generation = this.#generation;
    this.#cancel = this.#options.clock.after(delayMs, () => {
      void this.#refresh(request, generation);
    });
  }

  async #refresh(request: Request, generation: number): Promise<void> {
    const previous = this.#token;
    const accepted = await this.#offer(request);
    if (generation !== this.#generation) return;
    if (!accepted) this.#token = previous;
    // Without a new token the server will say `token_expired` in its time; until then it is asked for again.
    this.#arm(request, accepted ? undefined : retryMs);
  }

  async #offer(request: Request): Promise<boolean> {
    try {
      const token = await this.fresh();
      if (token === undefined) return false;
      const ack = await request("auth.refresh", { token });
      return ack.ok;
    } catch {
      return false;
    }
  }
}
