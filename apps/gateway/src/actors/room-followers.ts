import type { Clock, LiveFeed, Owners } from "@parley/bus";
import { partitionOf, type RoomId } from "@parley/protocol";
import type { PlantedFault } from "../domain/faults.ts";
import { PulseListener, type PulseTelemetry } from "./pulse-listener.ts";
import { type FollowerHandlers, type FollowerTelemetry, RoomFollower } from "./room-follower.ts";

export interface RoomFollowersParts {
  readonly owners: Pick<Owners, "ask">;
  readonly liveFeed: Pick<LiveFeed, "subscribe" | "subscribePulses">;
  readonly partitions: number;
  readonly repairMs: number;
  readonly clock: Clock;
  readonly telemetry: FollowerTelemetry & PulseTelemetry;
  readonly faults: ReadonlySet<PlantedFault>;
}

interface Partition {
  readonly followers: Set<RoomFollower>;
  readonly pulses: PulseListener;
}

/** Every room that this node follows, and the pulses of the partitions they are in. */
export class RoomFollowers {
  readonly #parts: RoomFollowersParts;
  readonly #partitions = new Map<number, Partition>();

  constructor(parts: RoomFollowersParts) {
    this.#parts = parts;
  }

  /** A follower of `room`, once the partition's pulses are heard. Rejects when they cannot be. */
  async follow(room: RoomId, handlers: FollowerHandlers): Promise<RoomFollower> {
    const { partitions } = this.#parts;
    const partition = this.#partition(partitionOf(room, partitions));
    const follower = new RoomFollower(room, this.#parts, handlers);
    partition.followers.add(follower);
    try {
      await partition.pulses.open();
      await follower.open();
      return follower;
    } catch (error) {
      this.release(follower);
      throw error;
    }
  }

  /** Ends the following; the last room of a partition ends the hearing of its pulses. */
  release(follower: RoomFollower): void {
    follower.close();
    const number = partitionOf(follower.room, this.#parts.partitions);
    const partition = this.#partitions.get(number);
    if (partition === undefined) return;
    partition.followers.delete(follower);
    if (partition.followers.size > 0) return;
    partition.pulses.close();
    this.#partitions.delete(number);
  }

  get count(): number {
    let count = 0;
    for (const { followers } of this.#partitions.values()) count += followers.size;
    return count;
  }

  #partition(number: number): Partition {
    const known = this.#partitions.get(number);
    if (known !== undefined) return known;
    const followers = new Set<RoomFollower>();
    const { owners, liveFeed, clock, telemetry } = this.#parts;
    const pulses = new PulseListener(number, {
      owners,
      liveFeed,
      clock,
      telemetry,
      rooms: () => [...followers],
    });
    const partition = { followers, pulses };
    this.#partitions.set(number, partition);
    return partition;
  }
}
