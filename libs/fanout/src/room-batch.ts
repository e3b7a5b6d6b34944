/** Where frames of a room go: one session. `false`: not written, since it lags or is gone. */
export interface FrameTarget {
  writeFrame(frame: Uint8Array): boolean;
}

/** One session's place in a room. */
export interface Seat<Target extends FrameTarget> {
  readonly target: Target;
  /** The newest seq that the session has of the room, as far as known here: a frame up to it is not written to it. */
  after: number;
  /** Frames pass it by until it is let go: it is being brought up to date another way. */
  held: boolean;
  /** A frame was not written to it: it is owed the room's head. */
  dirty: boolean;
}

interface PlacedSeat<Target extends FrameTarget> extends Seat<Target> {
  index: number;
}

interface PendingFrame {
  readonly frame: Uint8Array;
  readonly last: number;
  readonly written: () => void;
}

export interface RoomBatchOptions {
  /** Sockets written in one turn of the event loop. */
  readonly sliceSize: number;
  /** Bytes of frames that may wait while the room is written in slices; above it the room is skipped, all seats are dirty. */
  readonly pendingBytesMax: number;
}

export const defaultRoomBatchOptions: RoomBatchOptions = {
  sliceSize: 1_000,
  pendingBytesMax: 8 * 1024 * 1024,
};

/**
 * The local sessions in one room, as a dense array: a frame costs one array walk and one write for each.
 *
 * Up to `sliceSize` sessions are written at once. A larger room is written in slices that yield to the event loop; then
 * frames wait in line, and each session gets them in order, since the next frame begins after the last slice of the one
 * before. `written` is called after a frame went to the last session: what must come after a frame, such as taking a removed
 * member's seat away, goes there.
 */
export class RoomBatch<Target extends FrameTarget> {
  readonly #options: RoomBatchOptions;
  readonly #skipped: () => void;
  /** Holes while a frame is being written in slices, else none: filling one would make the walk miss who moved. */
  #seats: (PlacedSeat<Target> | undefined)[] = [];
  #size = 0;
  readonly #pending: PendingFrame[] = [];
  #pendingBytes = 0;
  #cursor = 0;
  #owesHeads = false;

  /** `skipped`: frames that waited were dropped and all seats are dirty; called once the room is through. */
  constructor(skipped: () => void, options: RoomBatchOptions = defaultRoomBatchOptions) {
    this.#skipped = skipped;
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  join(target: Target, after: number): Seat<Target> {
    const seat = { target, after, held: false, dirty: false, index: this.#seats.length };
    this.#seats.push(seat);
    this.#size += 1;
    return seat;
  }

  /** Nothing is written to the seat from now on. Leaving twice is leaving once. */
  leave(seat: Seat<Target>): void {
    const placed = seat as PlacedSeat<Target>;
    if (!this.has(placed)) return;
    this.#size -= 1;
    if (this.#pending.length > 0) {
      this.#seats[placed.index] = undefined;
      return;
    }
    const moved = this.#seats.pop();
    if (moved !== undefined && moved !== placed) {
      moved.index = placed.index;
      this.#seats[placed.index] = moved;
    }
  }

  /** Whether `seat` has not left. */
  has(seat: Seat<Target>): boolean {
    return this.#seats[(seat as PlacedSeat<Target>).index] === seat;
  }

  *seats(): Iterable<Seat<Target>> {
    for (const seat of this.#seats.slice()) if (seat !== undefined) yield seat;
  }

  /** Writes a frame of events up to seq `last` to every seat below it. */
  write(frame: Uint8Array, last: number, written: () => void): void {
    if (this.#pending.length === 0 && this.#seats.length <= this.#options.sliceSize) {
      for (const seat of this.#seats) if (seat !== undefined) writeTo(seat, frame, last);
      written();
      return;
    }
    if (this.#pendingBytes + frame.length > this.#options.pendingBytesMax) this.#skip();
    this.#pending.push({ frame, last, written });
    this.#pendingBytes += frame.length;
    if (this.#pending.length === 1) this.#writeSlice();
  }

  readonly #writeSlice = (): void => {
    const current = this.#pending[0];
    if (current === undefined) return;
    const end = Math.min(this.#cursor + this.#options.sliceSize, this.#seats.length);
    for (; this.#cursor < end; this.#cursor += 1) {
      const seat = this.#seats[this.#cursor];
      if (seat !== undefined) writeTo(seat, current.frame, current.last);
    }
    if (this.#cursor >= this.#seats.length) this.#finish(current);
    if (this.#pending.length > 0) setImmediate(this.#writeSlice);
  };

  #finish(current: PendingFrame): void {
    current.written();
    this.#pending.shift();
    this.#pendingBytes -= current.frame.length;
    this.#cursor = 0;
    // Between two frames nobody is on their way through: a room that is never done would keep the holes for ever.
    if (this.#size < this.#seats.length) this.#closeHoles();
    if (this.#pending.length > 0 || !this.#owesHeads) return;
    this.#owesHeads = false;
    this.#skipped();
  }

  /** Drops what waits, but not what it was to be followed by. */
  #skip(): void {
    for (const { written } of this.#pending.splice(1)) written();
    this.#pendingBytes = this.#pending[0]?.frame.length ?? 0;
    for (const seat of this.#seats) if (seat !== undefined) seat.dirty = true;
    this.#owesHeads = true;
  }

  /** Closes the holes that leaving left. */
  #closeHoles(): void {
    this.#seats = this.#seats.filter((seat) => seat !== undefined);
    for (const [index, seat] of this.#seats.entries()) if (seat !== undefined) seat.index = index;
  }
}

function writeTo<Target extends FrameTarget>(seat: Seat<Target>, frame: Uint8Array, last: number): void {
  if (seat.after >= last) return;
  if (seat.held) return;
  if (seat.target.writeFrame(frame)) seat.after = last;
  else seat.dirty = true;
}
