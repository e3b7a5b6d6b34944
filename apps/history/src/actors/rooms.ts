import { partitionOf, type RoomId } from "@parley/protocol";
import type { StoredEntry } from "@parley/room-log";
import type { Environment } from "./environment.ts";
import { RoomActor } from "./room-actor.ts";

/** Between two looks at whether less could be held. */
const lookEveryUses = 64;

/**
 * The rooms that one instance has in memory: at most `loadedRoomsMax`, and at most `tailBytesMax` of entries. The ones
 * used longest ago go first; a room that is at work stays.
 */
export class Rooms {
  readonly #environment: Environment;
  readonly #followed: (partition: number) => boolean;
  /** Order of insertion is order of use. */
  readonly #rooms = new Map<RoomId, RoomActor>();
  #tailBytes = 0;
  #uses = 0;

  constructor(environment: Environment, followed: (partition: number) => boolean) {
    this.#environment = environment;
    this.#followed = followed;
  }

  /**
   * Lets `work` begin at once on the room's actor, made when it is not there. A room that turns out not to exist leaves
   * again: asking for names that nobody has must not push out the rooms that people are in.
   */
  async use<Value>(room: RoomId, work: (actor: RoomActor) => Promise<Value>): Promise<Value> {
    const actor = this.#get(room);
    try {
      return await work(actor);
    } finally {
      if (actor.absent && actor.idle) this.#letGo(actor);
    }
  }

  #get(room: RoomId): RoomActor {
    const known = this.#rooms.get(room);
    if (known !== undefined) this.#rooms.delete(room);
    this.#uses += 1;
    if (known === undefined || this.#uses % lookEveryUses === 0 || !this.#hasRoomForMore()) {
      this.#makeRoomForOne();
    }
    const actor = known ?? this.#make(room);
    this.#rooms.set(room, actor);
    return actor;
  }

  get size(): number {
    return this.#rooms.size;
  }

  onLogEntry(stored: StoredEntry): void {
    this.#rooms.get(stored.entry.header.room)?.onLogEntry(stored);
  }

  /** The partition is archived up to `position`. */
  onFloor(partition: number, position: number): void {
    for (const actor of this.#of(partition)) actor.onArchived(position);
  }

  /** These entries are archived now, and all before them. Only their rooms have anything to let go of. */
  onArchived(entries: readonly StoredEntry[]): void {
    const position = entries.at(-1)?.position ?? 0;
    for (const room of new Set(entries.map(({ entry }) => entry.header.room))) {
      this.#rooms.get(room)?.onArchived(position);
    }
  }

  /** Another instance ranks first for the partition: what is held of it is of no use any more. */
  handOver(partition: number): void {
    for (const actor of this.#of(partition)) {
      actor.forget("handed_over");
      if (actor.idle) this.#rooms.delete(actor.room);
    }
  }

  *#of(partition: number): Generator<RoomActor> {
    for (const actor of this.#rooms.values()) if (actor.partition === partition) yield actor;
  }

  #make(room: RoomId): RoomActor {
    const partition = partitionOf(room, this.#environment.log.partitions);
    return new RoomActor(room, {
      environment: this.#environment,
      partition,
      followed: () => this.#followed(partition),
      hasRoomForMore: () => this.#hasRoomForMore(),
      onTailBytes: (change) => {
        this.#tailBytes += change;
      },
    });
  }

  /** Entries that are archived stay only while there is room for them. */
  #hasRoomForMore(): boolean {
    if (this.#withinBytes()) return true;
    for (const actor of this.#rooms.values()) {
      actor.shrink();
      if (this.#withinBytes()) return true;
    }
    return false;
  }

  #withinBytes(): boolean {
    return this.#tailBytes <= this.#environment.limits.tailBytesMax;
  }

  #letGo(actor: RoomActor): void {
    actor.forget("evicted");
    if (this.#rooms.get(actor.room) === actor) this.#rooms.delete(actor.room);
  }

  #makeRoomForOne(): void {
    const { limits, telemetry } = this.#environment;
    for (const actor of this.#rooms.values()) {
      if (this.#rooms.size < limits.loadedRoomsMax && this.#withinBytes()) break;
      if (actor.idle) this.#letGo(actor);
    }
    telemetry.loaded({ rooms: this.#rooms.size, tailBytes: this.#tailBytes });
  }
}
