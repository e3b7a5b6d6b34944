import { WindowBudget } from "./window-budget.ts";
import { Peer, type PeerLimits } from "./peer.ts";
import { TickCorks } from "./tick-corks.ts";

const reviewEveryMs = 100;

export interface PeersOptions {
  readonly limits: PeerLimits;
  /** A clock that never goes back, ms. */
  readonly now: () => number;
}

/** The connections of one server. Lagging ones are looked at every 100 ms; while there is none, no timer runs. */
export class Peers implements Disposable {
  readonly #options: PeersOptions;
  readonly #corks = new TickCorks();
  readonly #byConnection = new WeakMap<object, Peer>();
  readonly #lagging = new Set<Peer>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get laggingCount(): number {
    return this.#lagging.size;
  }

  /** The peer behind an Engine.IO connection, which is counted from the first call on: make it when the connection opens. */
  of(conn: object): Peer {
    const known = this.#byConnection.get(conn);
    if (known !== undefined) return known;
    const { limits, now } = this.#options;
    const around = { limits, now, corks: this.#corks, watch: (peer: Peer) => this.#watch(peer) };
    const peer = new Peer(conn, around, new WindowBudget(limits.sessionFramesPerTenSeconds));
    this.#byConnection.set(conn, peer);
    return peer;
  }

  /** Looks at every lagging peer now. */
  review(): void {
    for (const peer of this.#lagging) if (peer.review()) this.#lagging.delete(peer);
    if (this.#lagging.size === 0) this.#stop();
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#lagging.clear();
  }

  #watch(peer: Peer): void {
    this.#lagging.add(peer);
    this.#timer ??= setInterval(() => this.review(), reviewEveryMs).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
