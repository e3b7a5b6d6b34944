import type { HistoryStore } from "@parley/history-store";
import { defaultLimits, mustParse, parseRoomId } from "@parley/protocol";
import type { RoomLog } from "@parley/room-log";
import { createTelemetry } from "@parley/telemetry";
import { describe, expect, it } from "vitest";
import { HistoryTelemetry } from "../telemetry.ts";
import type { Environment } from "./environment.ts";
import { Rooms } from "./rooms.ts";

/** Rooms over a log and an archive that hold nothing. */
function emptyRooms(): Rooms {
  const log = {
    partitions: 4,
    epoch: () => 1,
    last: async () => undefined,
    readRoom: async () => [],
  } as Partial<RoomLog> as RoomLog;
  const store = {
    floor: async () => undefined,
    room: async () => undefined,
  } as Partial<HistoryStore> as HistoryStore;
  const environment = {
    log,
    store,
    limits: defaultLimits,
    telemetry: new HistoryTelemetry(createTelemetry({ service: "history", level: "silent" })),
    faults: new Set(),
    now: () => 0,
  } as Partial<Environment> as Environment;
  return new Rooms(environment, () => true);
}
const named = (name: string) => mustParse(parseRoomId, name);

describe("the rooms in memory", () => {
  it("are not the ones that turn out not to exist, however many are asked for", async () => {
    const rooms = emptyRooms();
    const heads = await Promise.all(
      Array.from({ length: 500 }, async (_, index) =>
        rooms.use(named(`r${index}`), async (room) =>
          room.read(undefined, async (image) => image.record.head),
        ),
      ),
    );
    expect(new Set(heads)).toEqual(new Set([0]));
    expect(rooms.size).toBe(0);
  });

  it("keep a room that does not exist while somebody else still works on it", async () => {
    const rooms = emptyRooms();
    const held = Promise.withResolvers<void>();
    const first = rooms.use(named("r1"), async (room) => room.read(undefined, async () => held.promise));
    await rooms.use(named("r1"), async (room) => room.read(undefined, async () => undefined));
    expect(rooms.size).toBe(1);
    held.resolve();
    await first;
    expect(rooms.size).toBe(0);
  });
});
