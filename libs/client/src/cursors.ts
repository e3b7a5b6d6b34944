import { type Cursor, parseRoomId, type RoomId } from "@parley/protocol";
import { type Cancel, type Clock, noCancel } from "./clock.ts";
import type { ClientStorage } from "./storage.ts";

const prefix = "cursor/";

/**
 * The place each room was applied up to, kept in a storage.
 *
 * Written a little later and together: after a crash a few events may be applied a second time by the next client,
 * never skipped.
 */
export class Cursors {
  readonly #storage: ClientStorage;
  readonly #clock: Clock;
  readonly #writeMs: number;
  readonly #cursors = new Map<RoomId, Cursor>();
  readonly #dirty = new Set<RoomId>();
  #cancel: Cancel = noCancel;
  #timed = false;

  constructor(
    storage: ClientStorage,
    { clock, writeMs }: { readonly clock: Clock; readonly writeMs: number },
  ) {
    this.#storage = storage;
    this.#clock = clock;
    this.#writeMs = writeMs;
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#storage.read(prefix)) {
      const room = parseRoomId(key.slice(prefix.length));
      if (room !== undefined) this.#cursors.set(room, value as Cursor);
    }
  }

  get(room: RoomId): Cursor | undefined {
    return this.#cursors.get(room);
  }

  set(room: RoomId, cursor: Cursor): void {
    this.#cursors.set(room, cursor);
    this.#dirty.add(room);
    if (this.#timed) return;
    this.#timed = true;
    this.#cancel = this.#clock.after(this.#writeMs, () => {
      this.#timed = false;
      // A cursor that could not be written is older in the storage than here: that costs a longer catch-up, no event.
      void this.flush().catch(() => undefined);
    });
  }

  /** Writes what was set since the last write. Rejects as the storage does; then it is still to be written. */
  async flush(): Promise<void> {
    this.#cancel();
    this.#timed = false;
    const rooms = [...this.#dirty];
    if (rooms.length === 0) return;
    this.#dirty.clear();
    try {
      await this.#storage.write(
        rooms.map((room) => ({ key: prefix + room, value: this.#cursors.get(room) })),
      );
    } catch (error) {
      for (const room of rooms) this.#dirty.add(room);
      throw error;
    }
  }
}
