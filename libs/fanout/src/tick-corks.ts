import type { Socket as NetSocket } from "node:net";

/**
 * Holds back what is written to a socket until the end of the event-loop turn, so all of it leaves in one system call.
 *
 * Order per socket is the order of writing: what is corked goes through the same queue as everything else.
 */
export class TickCorks {
  #held: NetSocket[] = [];
  readonly #flush = (): void => {
    const held = this.#held;
    this.#held = [];
    for (const socket of held) socket.uncork();
  };

  /** Call before writing. */
  hold(socket: NetSocket): void {
    if (socket.writableCorked > 0) return;
    if (this.#held.length === 0) setImmediate(this.#flush);
    socket.cork();
    this.#held.push(socket);
  }

  /** Lets go of what `socket` holds now, to learn how much of it the network takes. */
  release(socket: NetSocket): void {
    // It stays listed: to uncork once more at the end of the turn does nothing.
    socket.uncork();
  }
}
