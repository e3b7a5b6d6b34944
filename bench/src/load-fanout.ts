import { setTimeout as pause } from "node:timers/promises";
import { SocketIoPeer } from "@parley/testing";
import { type FanoutFigures, type FanoutTask, percentiles } from "./load-task.ts";

const connectsAtOnce = 50;
/** Deliveries that are still under way when the last tick has been acknowledged. */
const settleMs = 500;

const created = Buffer.from('"message.created"');

/** Messages in one frame from the server: ours may hold several. */
function messagesIn(task: FanoutTask, payload: Buffer): number {
  if (task.server === "stock") return payload.includes('["said"') ? 1 : 0;
  let count = 0;
  for (let at = payload.indexOf(created); at >= 0; at = payload.indexOf(created, at + 1)) count += 1;
  return count;
}

/** One socket reads what it gets and checks the order; the others only count. */
class Witness {
  outOfOrder = 0;
  #last = 0;

  read(text: string): void {
    if (!text.startsWith('42["events"') && !text.startsWith('42["said"')) return;
    const [event, payload] = JSON.parse(text.slice(2)) as [
      string,
      { events?: { seq: number }[]; id?: number },
    ];
    const seqs = event === "said" ? [payload.id ?? 0] : (payload.events ?? []).map(({ seq }) => seq);
    for (const seq of seqs) {
      if (this.#last !== 0 && seq !== this.#last + 1) this.outOfOrder += 1;
      this.#last = seq;
    }
  }
}

async function joined(task: FanoutTask, token: string): Promise<SocketIoPeer> {
  if (task.server === "parley") {
    const peer = await SocketIoPeer.connect(task.url, token, { keep: false });
    const answer = await peer.ask("join", { rooms: [{ room: task.room }] });
    if (!answer.ok || answer.rooms[0]?.ok !== true) throw new Error(`join failed: ${JSON.stringify(answer)}`);
    return peer;
  }
  const peer = await SocketIoPeer.open(task.url, { keep: false });
  await peer.authenticate({});
  await peer.askAnything("join", [task.room]);
  return peer;
}

async function everyoneJoined(task: FanoutTask): Promise<SocketIoPeer[]> {
  const peers: SocketIoPeer[] = [];
  for (let from = 0; from < task.tokens.length; from += connectsAtOnce) {
    const batch = task.tokens.slice(from, from + connectsAtOnce);
    peers.push(...(await Promise.all(batch.map((token) => joined(task, token)))));
  }
  return peers;
}

/** Sends ticks at a fixed pace, whatever the answers, and says how many messages everybody got. */
export async function loadFanout(task: FanoutTask, window: (open: boolean) => void): Promise<FanoutFigures> {
  const peers = await everyoneJoined(task);
  let delivered = 0;
  const witness = new Witness();
  for (const peer of peers) {
    const inner = peer.socket.onMessage;
    const watched = peer === peers[0];
    peer.socket.onMessage = (payload) => {
      const count = messagesIn(task, payload);
      delivered += count;
      if (watched) witness.read(payload.toString("utf8"));
      if (count === 0) inner(payload);
    };
  }
  const sender = new TickSender(task, peers);
  await sender.run(task.warmUpMs);
  await pause(settleMs);
  const before = delivered;
  sender.reset();
  window(true);
  await sender.run(task.windowMs);
  await pause(settleMs);
  window(false);
  for (const peer of peers) peer[Symbol.dispose]();
  const { sent, ackMs } = sender;
  return {
    sent,
    acknowledged: ackMs.length,
    delivered: delivered - before,
    outOfOrder: witness.outOfOrder,
    ackMs: percentiles(ackMs),
  };
}

class TickSender {
  sent = 0;
  ackMs: number[] = [];
  readonly #task: FanoutTask;
  readonly #senders: readonly SocketIoPeer[];
  readonly #text: string;

  constructor(task: FanoutTask, peers: readonly SocketIoPeer[]) {
    this.#task = task;
    this.#senders = peers.slice(-task.messagesPerTick);
    this.#text = "x".repeat(task.textBytes);
  }

  reset(): void {
    this.sent = 0;
    this.ackMs = [];
  }

  /** Resolves when the last answer is there. */
  async run(durationMs: number): Promise<void> {
    const intervalMs = 1000 / this.#task.ticksPerSecond;
    const ticks = Math.round(durationMs / intervalMs);
    const startedMs = performance.now();
    const answers: Promise<void>[] = [];
    for (let tick = 0; tick < ticks; tick += 1) {
      await pause(Math.max(0, startedMs + tick * intervalMs - performance.now()));
      for (const sender of this.#senders) answers.push(this.#send(sender));
    }
    await Promise.all(answers);
  }

  async #send(sender: SocketIoPeer): Promise<void> {
    const startedMs = performance.now();
    this.sent += 1;
    if (this.#task.server === "stock") {
      await sender.askAnything("say", [this.#task.room, this.#text]);
    } else {
      const { room } = this.#task;
      const answer = await sender.ask("send", { room, key: crypto.randomUUID(), text: this.#text });
      if (!answer.ok) throw new Error(`a send was refused: ${JSON.stringify(answer.error)}`);
    }
    this.ackMs.push(performance.now() - startedMs);
  }
}
