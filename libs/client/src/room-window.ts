import type { Cursor, RoomEvent } from "@parley/protocol";

/** Consecutive events of one epoch; `first` is the seq of the first. */
export interface Run {
  readonly epoch: number;
  readonly first: number;
  readonly events: readonly RoomEvent[];
}

/** What to do with an offered run. */
export interface Offered {
  /** To be applied now, in this order: they continue what was applied before without a hole. */
  readonly apply: readonly RoomEvent[];
  /** Events that had been applied before. */
  readonly duplicates: number;
  /** Events past a hole for which there was no room. */
  readonly heldDropped: number;
  /** The run is of another epoch than the window, a later one: the room must be joined again first. */
  readonly laterEpoch: boolean;
}

const nothing: Offered = { apply: [], duplicates: 0, heldDropped: 0, laterEpoch: false };

/**
 * The order of one room as one client sees it: decides which events may be applied now.
 *
 * Whatever is offered, in whatever order and how often, the applied events are one run without holes: seq `last + 1`,
 * `last + 2` … . What lies past a hole is held, up to a bound, until the hole is closed; what is dropped over the bound
 * stays known by `head`, so the window remains `behind` until it was fetched. Until it is placed it holds everything.
 *
 * No I/O, no clock.
 */
export class RoomWindow {
  readonly #heldEventsMax: number;
  #cursor: Cursor | undefined;
  #head = 0;
  #held: Run[] = [];
  #heldEvents = 0;
  /** The newest place seen outside the window's epoch, or before it was placed. */
  #elsewhere: Cursor | undefined;

  constructor(heldEventsMax: number) {
    this.#heldEventsMax = heldEventsMax;
  }

  /** The last applied place; `undefined` until the window is placed. */
  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** The newest seq known to exist. */
  get head(): number {
    return this.#head;
  }

  /** Whether events are known to exist that were not applied. */
  get behind(): boolean {
    return this.#cursor !== undefined && this.#head > this.#cursor.seq;
  }

  /** Starts anew after `cursor`. What was held of its epoch is kept; the answer says what of it follows at once. */
  place(cursor: Cursor): Offered {
    this.#cursor = cursor;
    this.#head = cursor.seq;
    const held = this.#held;
    this.#held = [];
    this.#heldEvents = 0;
    if (this.#elsewhere !== undefined) this.noteHead(this.#elsewhere.epoch, this.#elsewhere.seq);
    this.#elsewhere = undefined;
    return combined(held.filter((run) => run.epoch === cursor.epoch).map((run) => this.offer(run)));
  }

  /** Events up to `seq` are hidden from this client: the run goes on after it. */
  skipTo(seq: number): Offered {
    if (this.#cursor === undefined || seq <= this.#cursor.seq) return nothing;
    this.#cursor = { epoch: this.#cursor.epoch, seq };
    this.#head = Math.max(this.#head, seq);
    return { ...nothing, apply: this.#release() };
  }

  /** Events up to `seq` exist in that epoch; of one that is not the window's it is remembered until `place`. */
  noteHead(epoch: number, seq: number): void {
    if (this.#cursor?.epoch === epoch) {
      this.#head = Math.max(this.#head, seq);
    } else if (this.#elsewhere === undefined || isAfter({ epoch, seq }, this.#elsewhere)) {
      this.#elsewhere = { epoch, seq };
    }
  }

  offer(run: Run): Offered {
    if (this.#cursor !== undefined && run.epoch < this.#cursor.epoch) return nothing;
    this.noteHead(run.epoch, run.first + run.events.length - 1);
    if (this.#cursor === undefined) return this.#hold(run);
    if (run.epoch > this.#cursor.epoch) return { ...this.#hold(run), laterEpoch: true };
    if (run.first > this.#cursor.seq + 1) return this.#hold(run);
    const { apply, duplicates } = this.#append(run);
    return { ...nothing, apply: [...apply, ...this.#release()], duplicates };
  }

  #append(run: Run): { readonly apply: readonly RoomEvent[]; readonly duplicates: number } {
    const cursor = this.#cursor as Cursor;
    const duplicates = Math.min(run.events.length, cursor.seq + 1 - run.first);
    const apply = run.events.slice(duplicates);
    this.#cursor = { epoch: cursor.epoch, seq: cursor.seq + apply.length };
    return { apply, duplicates };
  }

  #hold(run: Run): Offered {
    if (this.#heldEvents + run.events.length > this.#heldEventsMax) {
      return { ...nothing, heldDropped: run.events.length };
    }
    this.#held.push(run);
    this.#heldEvents += run.events.length;
    return nothing;
  }

  /** Applies what was held and now follows. */
  #release(): readonly RoomEvent[] {
    if (this.#held.length === 0) return [];
    const released: RoomEvent[] = [];
    this.#held.sort((left, right) => left.epoch - right.epoch || left.first - right.first);
    const kept: Run[] = [];
    for (const run of this.#held) {
      const follows = run.epoch === this.#cursor?.epoch && run.first <= this.#cursor.seq + 1;
      if (follows) released.push(...this.#append(run).apply);
      else kept.push(run);
    }
    this.#held = kept;
    this.#heldEvents = kept.reduce((sum, run) => sum + run.events.length, 0);
    return released;
  }
}

const isAfter = (left: Cursor, right: Cursor): boolean =>
  left.epoch > right.epoch || (left.epoch === right.epoch && left.seq > right.seq);

function combined(parts: readonly Offered[]): Offered {
  return {
    apply: parts.flatMap((part) => part.apply),
    duplicates: parts.reduce((sum, part) => sum + part.duplicates, 0),
    heldDropped: parts.reduce((sum, part) => sum + part.heldDropped, 0),
    laterEpoch: parts.some((part) => part.laterEpoch),
  };
}
