import type { Clock } from "@parley/bus";
import { encodeEventsFrame, RoomBatch } from "@parley/fanout";
import { defaultLimits } from "@parley/protocol";
import { noFaults, type PlantedFault } from "../../domain/faults.ts";
import type { GatewayRoomParts } from "../gateway-room.ts";
import type { Listener } from "../listener.ts";
import { RoomFollowers } from "../room-followers.ts";
import type { ScriptedRoom } from "./scripted-room.ts";

/** What rooms of a gateway need, with the service and the feed in the hands of a test. */
export function roomParts(
  { owners, liveFeed }: ScriptedRoom,
  clock: Clock,
  {
    faults = noFaults,
    sliceSize = 1_000,
  }: { readonly faults?: ReadonlySet<PlantedFault>; readonly sliceSize?: number } = {},
): GatewayRoomParts & { readonly followers: RoomFollowers } {
  const telemetry = {
    holeFound() {},
    holeClosed() {},
    continuityLost() {},
    entryUnreadable() {},
    pulsesMissed() {},
    pulseAnswerFailed() {},
  };
  const common = { owners, partitions: 1, clock, telemetry, faults };
  const { repairMs } = defaultLimits;
  return {
    ...common,
    limits: defaultLimits,
    followers: new RoomFollowers({ ...common, liveFeed, repairMs }),
    openAudience: (skipped) => new RoomBatch<Listener>(skipped, { sliceSize, pendingBytesMax: 1_000_000 }),
    encodeFrame: encodeEventsFrame,
  };
}
