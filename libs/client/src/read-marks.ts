import { type AckBodies, isFinal, type RoomId } from "@parley/protocol";
import { type Cancel, type Clock, noCancel } from "./clock.ts";
import type { Request } from "./request.ts";

export interface ReadMarksOptions {
  readonly request: Request;
  readonly clock: Clock;
  readonly delayMs: number;
  /** The server took a mark. */
  readonly onMarked: (room: RoomId, mark: AckBodies["read"]) => void;
}

/** Read marks on their way: the highest of each room, sent together a little later, and again until one arrives. */
export class ReadMarks {
  readonly #options: ReadMarksOptions;
  readonly #unsent = new Map<RoomId, number>();
  #cancel: Cancel = noCancel;
  #timed = false;
  #closed = false;

  constructor(options: ReadMarksOptions) {
    this.#options = options;
  }

  mark(room: RoomId, seq: number): void {
    if (this.#closed) return;
    this.#unsent.set(room, Math.max(seq, this.#unsent.get(room) ?? 0));
    this.#schedule();
  }

  /** Sends what waits, now. */
  async flush(): Promise<void> {
    this.#cancel();
    this.#timed = false;
    const marks = [...this.#unsent];
    this.#unsent.clear();
    await Promise.all(marks.map(([room, seq]) => this.#send(room, seq)));
  }

  /** Sends what waits, for the last time. */
  close(): Promise<void> {
    this.#closed = true;
    return this.flush();
  }

  #schedule(): void {
    if (this.#timed) return;
    this.#timed = true;
    this.#cancel = this.#options.clock.after(this.#options.delayMs, () => {
      void this.flush();
    });
  }

  async #send(room: RoomId, seq: number): Promise<void> {
    const ack = await this.#options.request("read", { room, seq });
    if (ack.ok) {
      this.#options.onMarked(room, ack);
    } else if (!isFinal(ack.error.code)) {
      // Kept for the next mark or the next connection, whichever comes first.
      this.#unsent.set(room, Math.max(seq, this.#unsent.get(room) ?? 0));
    }
  }
}
