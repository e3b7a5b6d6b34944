import type { RoomEvent, RoomKind, RoomSettings } from "@parley/protocol";
import { stampOf } from "./stamp.ts";

/** A group of columns and the stamp of the event that last carried them. */
export interface Stamped<Value> {
  readonly stamp: bigint;
  readonly value: Value;
}

/** What the events of one entry leave of a room's row: of each group of columns the last that an event carries. */
export interface RoomWrite {
  /** Seq of the last event. */
  readonly head?: Stamped<number>;
  readonly counts?: Stamped<{ readonly n: number; readonly ts: string }>;
  readonly kind?: Stamped<RoomKind>;
  readonly name?: Stamped<string | undefined>;
  readonly settings?: Stamped<RoomSettings>;
  readonly memberCount?: Stamped<number>;
  readonly ownerCount?: Stamped<number>;
  readonly pins?: Stamped<readonly number[]>;
}

export const roomWriteOf = (events: readonly RoomEvent[], epoch: number): RoomWrite =>
  Object.assign({}, ...events.map((event) => groupsOf(event, stampOf(epoch, event.seq)))) as RoomWrite;

function groupsOf(event: RoomEvent, stamp: bigint): RoomWrite {
  const stamped = <Value>(value: Value): Stamped<Value> => ({ stamp, value });
  const { n, ts } = event;
  const head = stamped(event.seq);
  // An `invalid` event keeps a place; whoever made it up could not know the count and the time there.
  if (event.kind === "invalid") return { head };
  return {
    head,
    counts: stamped({ n, ts }),
    ...(event.kind === "room.created" ? { kind: stamped(event.roomKind), name: stamped(event.name) } : {}),
    // A room keeps its name unless it gets another one.
    ...(event.kind === "room.updated" && event.name !== undefined ? { name: stamped(event.name) } : {}),
    ...("settings" in event ? { settings: stamped(event.settings) } : {}),
    ...("memberCount" in event ? { memberCount: stamped(event.memberCount) } : {}),
    ...("ownerCount" in event ? { ownerCount: stamped(event.ownerCount) } : {}),
    ...("pins" in event && event.pins !== undefined ? { pins: stamped(event.pins) } : {}),
  };
}
