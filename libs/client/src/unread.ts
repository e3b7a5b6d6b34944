import type { MarkView, Notice, RoomEvent, RoomId, RoomOverview, UserId } from "@parley/protocol";
import { type Cancel, type Clock, noCancel } from "./clock.ts";
import { Emitter } from "./emitter.ts";
import { ask, type PatientOptions, type Request } from "./request.ts";
import { afterEvent, afterMark, withMarkOf } from "./unread-model.ts";

const pageItems = 200;

export interface UnreadOptions {
  readonly request: Request;
  readonly clock: Clock;
  readonly patient: PatientOptions;
  readonly everyMs: number;
  readonly roomsMax: number;
  readonly me: () => UserId | undefined;
}

export interface UnreadEvents {
  /** The whole list, after a listing or a change of one room. */
  readonly change: ReadonlyMap<RoomId, RoomOverview>;
}

/**
 * My rooms and what is unread in them.
 *
 * Listed at the first `refresh`; from then on again after every connection and every minute, for a notice of another
 * device may be lost; in between kept up by the events of open rooms and by marks.
 */
export class Unread {
  readonly events = new Emitter<UnreadEvents>();
  readonly #options: UnreadOptions;
  #rooms = new Map<RoomId, RoomOverview>();
  #wanted = false;
  #up = false;
  #running: Promise<void> | undefined;
  #cancel: Cancel = noCancel;

  constructor(options: UnreadOptions) {
    this.#options = options;
  }

  get rooms(): ReadonlyMap<RoomId, RoomOverview> {
    return this.#rooms;
  }

  /** Unread messages in all rooms; a room counts to 100. */
  get total(): number {
    return [...this.#rooms.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  /** Lists my rooms again: for a page that gets the focus. Rejects with `ParleyError`. */
  refresh(): Promise<void> {
    this.#wanted = true;
    this.#running ??= this.#list().finally(() => {
      this.#running = undefined;
      this.#schedule();
    });
    return this.#running;
  }

  up(): void {
    this.#up = true;
    if (this.#wanted) this.#refreshQuietly();
  }

  down(): void {
    this.#up = false;
    this.#cancel();
  }

  event(room: RoomId, event: RoomEvent): void {
    const me = this.#options.me();
    const before = this.#rooms.get(room);
    if (me === undefined || before === undefined) return;
    this.#put(afterEvent(before, event, me));
  }

  marked(room: RoomId, mark: Pick<MarkView, "seq" | "unread">): void {
    const before = this.#rooms.get(room);
    if (before !== undefined) this.#put(afterMark(before, mark));
  }

  noticed(notice: Notice): void {
    if (!this.#wanted) return;
    if (notice.kind === "room.removed") {
      if (this.#rooms.delete(notice.room)) this.events.emit("change", this.#rooms);
    } else {
      this.#refreshQuietly();
    }
  }

  #put(room: RoomOverview): void {
    if (this.#rooms.get(room.room) === room) return;
    this.#rooms.set(room.room, room);
    this.events.emit("change", this.#rooms);
  }

  async #list(): Promise<void> {
    const { request, patient, roomsMax } = this.#options;
    const rooms = new Map<RoomId, RoomOverview>();
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? { limit: pageItems } : { limit: pageItems, cursor };
      const page = await ask([request, "rooms", query], patient);
      for (const room of page.items) rooms.set(room.room, room);
      cursor = page.nextCursor;
    } while (cursor !== undefined && rooms.size < roomsMax);
    // An event or a mark may have overtaken the listing of its room.
    for (const [id, room] of rooms) rooms.set(id, newer(room, this.#rooms.get(id)));
    this.#rooms = rooms;
    this.events.emit("change", rooms);
  }

  #schedule(): void {
    const { clock, everyMs } = this.#options;
    this.#cancel();
    if (!this.#up) return;
    // Spread, so that clients that came together do not ask together.
    this.#cancel = clock.after(everyMs * (0.9 + clock.random() / 5), () => {
      this.#refreshQuietly();
    });
  }

  #refreshQuietly(): void {
    // The next listing is due within a minute; what is shown until then is the last one.
    void this.refresh().catch(() => undefined);
  }
}

function newer(listed: RoomOverview, known: RoomOverview | undefined): RoomOverview {
  if (known === undefined || known.epoch !== listed.epoch) return listed;
  if (known.head > listed.head || (known.head === listed.head && known.mark > listed.mark)) return known;
  return known.mark > listed.mark ? withMarkOf(known, listed) : listed;
}
