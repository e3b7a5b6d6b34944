import type { Seat } from "./listener.ts";

interface RecentFrame {
  readonly frame: Uint8Array;
  readonly first: number;
  readonly last: number;
}

export interface Hold {
  /** The answer was a prefix: the session pulls the rest before live entries go on. */
  readonly more: boolean;
  /** Where the room was when the session was found to be a member. */
  readonly head: number;
  /** The answer is out. */
  acknowledged: boolean;
  /** The seat was taken away meanwhile: how the session is told, once its answer is out. */
  ending: (() => void) | undefined;
  cancelExpiry: (() => void) | undefined;
}

/**
 * Seats of one room that entries pass by for now, and the newest entries that passed.
 *
 * Frames are kept while a join is being answered or a seat is held, for all of them together; when they get too many the
 * oldest go, and whoever would have needed them is told the room's head instead.
 */
export class HeldSeats {
  readonly #bytesMax: number;
  readonly #holds = new Map<Seat, Hold>();
  #awaited = 0;
  #frames: RecentFrame[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether anybody may need the frames that pass. */
  get wanted(): boolean {
    return this.#awaited > 0 || this.#holds.size > 0;
  }

  /** Somebody is about to join. Returns how to say that this is over. */
  await(): () => void {
    this.#awaited += 1;
    return () => {
      this.#awaited -= 1;
      this.#tidy();
    };
  }

  keep(frame: RecentFrame): void {
    this.#frames.push(frame);
    this.#bytes += frame.frame.length;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#frames.shift();
      if (oldest === undefined) return;
      this.#bytes -= oldest.frame.length;
    }
  }

  hold(seat: Seat, { more, head }: Pick<Hold, "more" | "head">): void {
    seat.held = true;
    this.#holds.set(seat, { more, head, acknowledged: false, ending: undefined, cancelExpiry: undefined });
  }

  of(seat: Seat): Hold | undefined {
    return this.#holds.get(seat);
  }

  letGo(seat: Seat): void {
    this.#holds.get(seat)?.cancelExpiry?.();
    seat.held = false;
    this.#holds.delete(seat);
    this.#tidy();
  }

  /** Writes to `seat` what it has not got and was kept, in order, up to seq `upTo`. */
  catchUp(seat: Seat, upTo: number): void {
    for (const { frame, first, last } of this.#frames) {
      if (last <= seat.after) continue;
      if (first !== seat.after + 1 || last > upTo || !seat.target.writeFrame(frame)) return;
      seat.after = last;
    }
  }

  #tidy(): void {
    if (this.wanted) return;
    this.#frames = [];
    this.#bytes = 0;
  }
}
