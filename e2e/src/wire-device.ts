import { type EventsPayload, removedBy, type RoomId } from "@parley/protocol";
import type { HistoryRecorder, SocketIoPeer } from "@parley/testing";
import type { Person } from "./world.ts";

/**
 * Applies what comes over the wire as it comes. A healthy server on a connection that is not cut delivers without a hole
 * (a slow reader is told by `head`), so whatever a node drops, swaps or leaks shows here, where no SDK repairs it.
 */
export function recordWire(
  peer: SocketIoPeer,
  of: {
    readonly room: RoomId;
    readonly person: Person;
    readonly device: string;
    readonly recorder: HistoryRecorder;
  },
): void {
  const { room, person, device, recorder } = of;
  const applied = { room, user: person.userId, device };
  let started = false;
  peer.on("events", (payload: EventsPayload) => {
    if (payload.room !== room) return;
    if (!started) recorder.applied(applied, { kind: "start", epoch: payload.epoch, seq: payload.first - 1 });
    started = true;
    for (const event of payload.events) {
      recorder.applied(applied, { kind: "event", epoch: payload.epoch, event });
    }
  });
}

/** Whether the run takes `person` out of the room. */
export const takesOut = (payload: EventsPayload, person: Person): boolean =>
  payload.events.some((event) => removedBy(event) === person.userId);
