import { type Cursor, type RoomId } from "@parley/protocol";
import { GatewayRoom, type GatewayRoomParts } from "./gateway-room.ts";
import type { SeenCursors } from "./seams.ts";

/** An empty room is followed for this long, for those who come back. */
const idleMs = 60_000;
const sweepEveryMs = 10_000;
/** Empty rooms that are followed; above it the one empty for longest goes. */
const idleRoomsMax = 1_000;

/** The rooms of this node: opened by the first join, let go when they have been empty for a while. */
export class RoomDirectory implements SeenCursors, Disposable {
  readonly #parts: GatewayRoomParts;
  readonly #rooms = new Map<RoomId, GatewayRoom>();
  /** Since when each empty room is empty, the longest first. */
  readonly #idle = new Map<RoomId, number>();
  #cancelSweep: () => void;
  #closed = false;

  constructor(parts: GatewayRoomParts) {
    this.#parts = parts;
    this.#cancelSweep = this.#scheduleSweep();
  }

  get count(): number {
    return this.#rooms.size;
  }

  /** Opens it if need be. Say `used` after whatever was done with it. */
  open(room: RoomId): GatewayRoom {
    const known = this.#rooms.get(room);
    if (known !== undefined) return known;
    const opened = new GatewayRoom(room, this.#parts, () => this.used(room));
    if (this.#closed) opened.close();
    this.#rooms.set(room, opened);
    return opened;
  }

  get(room: RoomId): GatewayRoom | undefined {
    return this.#rooms.get(room);
  }

  cursor(room: RoomId): Cursor | undefined {
    return this.#rooms.get(room)?.cursor;
  }

  /** Somebody has joined or left `room`, or tried to. */
  used(room: RoomId): void {
    const opened = this.#rooms.get(room);
    if (opened === undefined) return;
    this.#idle.delete(room);
    if (!opened.idle) return;
    if (opened.cursor === undefined) {
      // Nobody ever got in: a room that may not even be one is not worth a subscription.
      this.#close(room);
      return;
    }
    this.#idle.set(room, this.#parts.clock.nowMs());
    const [longest] = this.#idle.keys();
    if (this.#idle.size > idleRoomsMax && longest !== undefined) this.#close(longest);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#cancelSweep();
    for (const opened of this.#rooms.values()) opened.close();
    this.#rooms.clear();
    this.#idle.clear();
  }

  #scheduleSweep(): () => void {
    return this.#parts.clock.after(sweepEveryMs, () => {
      const oldestMs = this.#parts.clock.nowMs() - idleMs;
      for (const [room, sinceMs] of this.#idle) if (sinceMs <= oldestMs) this.#close(room);
      this.#cancelSweep = this.#scheduleSweep();
    });
  }

  #close(room: RoomId): void {
    this.#idle.delete(room);
    const opened = this.#rooms.get(room);
    if (opened === undefined || !opened.idle) return;
    opened.close();
    this.#rooms.delete(room);
  }
}
