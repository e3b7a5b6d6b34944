import { SocketIoPeer } from "@parley/testing";
import { percentiles, type SendFigures, type SendTask } from "./load-task.ts";

/** A closed loop: every sender asks again as soon as it is answered. Senders are spread evenly over the rooms. */
export async function loadSends(task: SendTask, window: (open: boolean) => void): Promise<SendFigures> {
  const peers = await Promise.all(
    task.tokens.map((token) => SocketIoPeer.connect(task.url, token, { keep: false })),
  );
  const loop = new ClosedLoop(task);
  await loop.run(peers, task.warmUpMs);
  loop.reset();
  window(true);
  const startedMs = performance.now();
  await loop.run(peers, task.windowMs);
  const windowMs = performance.now() - startedMs;
  window(false);
  for (const peer of peers) peer[Symbol.dispose]();
  return {
    acknowledged: loop.ackMs.length,
    refused: Object.fromEntries(loop.refused),
    windowMs,
    ackMs: percentiles(loop.ackMs),
  };
}

class ClosedLoop {
  ackMs: number[] = [];
  refused = new Map<string, number>();
  readonly #task: SendTask;
  readonly #text: string;

  constructor(task: SendTask) {
    this.#task = task;
    this.#text = "x".repeat(task.textBytes);
  }

  reset(): void {
    this.ackMs = [];
    this.refused = new Map();
  }

  async run(peers: readonly SocketIoPeer[], durationMs: number): Promise<void> {
    const untilMs = performance.now() + durationMs;
    await Promise.all(peers.map((peer, index) => this.#sender(peer, { index, untilMs })));
  }

  async #sender(
    peer: SocketIoPeer,
    turn: { readonly index: number; readonly untilMs: number },
  ): Promise<void> {
    const room = this.#task.rooms[turn.index % this.#task.rooms.length];
    while (performance.now() < turn.untilMs) {
      const startedMs = performance.now();
      const answer = await peer.ask("send", { room, key: crypto.randomUUID(), text: this.#text });
      if (answer.ok) this.ackMs.push(performance.now() - startedMs);
      else this.refused.set(answer.error.code, (this.refused.get(answer.error.code) ?? 0) + 1);
    }
  }
}
