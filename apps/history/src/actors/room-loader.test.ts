import type { HistoryStore } from "@parley/history-store";
import {
  type ArchivedRoom,
  defaultSettings,
  encodeEntry,
  mustParse,
  parseEntryId,
  parseRoomId,
  parseUserId,
  type RoomEvent,
} from "@parley/protocol";
import type { RoomLog, StoredEntry } from "@parley/room-log";
import { describe, expect, it } from "vitest";
import { loadRoom } from "./room-loader.ts";

const room = mustParse(parseRoomId, "r1");
const author = mustParse(parseUserId, "ann");
const ts = "2026-01-01T00:00:00.000Z";

const message = (seq: number): RoomEvent => ({
  kind: "message.created",
  seq,
  n: seq,
  ts,
  author,
  text: `${seq}`,
});
const stored = (seq: number, epoch = 1): StoredEntry => ({
  position: seq * 10,
  storedAtMs: 0,
  entry: encodeEntry({
    id: mustParse(parseEntryId, `e${seq}`),
    room,
    epoch,
    after: seq - 1,
    events: [message(seq)],
    answers: [],
    keyTimeMaxMs: 0,
    traceparent: undefined,
  }),
});
const archivedTo = (head: number, epoch = 1): ArchivedRoom => ({
  epoch,
  keyTimeMaxMs: 0,
  record: {
    room,
    kind: "group",
    name: undefined,
    settings: defaultSettings(),
    head,
    n: head,
    ts,
    memberCount: 1,
    ownerCount: 1,
    pins: [],
  },
});

interface Scene {
  readonly row: ArchivedRoom | undefined;
  readonly floor: { readonly epoch: number; readonly position: number } | undefined;
  readonly entries: StoredEntry[];
  readonly epoch?: number;
  readonly archivedEvents?: readonly RoomEvent[];
  /** Called each time the log's last entry is asked for, before it is looked at. */
  readonly beforeLast?: (call: number) => void;
}

async function load(scene: Scene) {
  let lasts = 0;
  const log = {
    partitions: 1,
    epoch: () => scene.epoch ?? 1,
    readRoom: async (_: unknown, after: number, limit: number) =>
      scene.entries.filter(({ position }) => position > after).slice(0, limit),
    last: async () => {
      lasts += 1;
      scene.beforeLast?.(lasts);
      return scene.entries.at(-1);
    },
  } as Partial<RoomLog> as RoomLog;
  const store = {
    floor: async () => scene.floor,
    room: async () => scene.row,
    events: async (_: unknown, after: number, limit: number) =>
      (scene.archivedEvents ?? []).filter(({ seq }) => seq > after).slice(0, limit),
  } as Partial<HistoryStore> as HistoryStore;
  return loadRoom({ log, store }, room);
}

describe("loading a room", () => {
  it("sees an entry that is stored between the reading of the entries and of the last one", async () => {
    const entries: StoredEntry[] = [];
    const loaded = await load({
      row: archivedTo(4),
      floor: { epoch: 1, position: 40 },
      entries,
      beforeLast: (call) => {
        if (call === 1) entries.push(stored(5));
      },
    });
    expect({ head: loaded.record.head, position: loaded.position }).toEqual({ head: 5, position: 50 });
  });

  it("gives up a room whose last entry is always newer than what was read", async () => {
    const entries = [stored(5)];
    const beforeLast = () => void entries.push(stored(entries.length + 5));
    const scene = { row: archivedTo(4), floor: { epoch: 1, position: 40 }, entries, beforeLast };
    await expect(load(scene)).rejects.toThrow("r1");
  });

  it("takes the position of an archived entry that the log still holds", async () => {
    const scene = { row: archivedTo(5), floor: { epoch: 1, position: 50 }, entries: [stored(5)] };
    const loaded = await load(scene);
    expect({ head: loaded.record.head, position: loaded.position }).toEqual({ head: 5, position: 50 });
  });

  it("in a new epoch begins after the newest event archived, also where the room's row is behind it", async () => {
    const scene = {
      row: archivedTo(4),
      floor: { epoch: 1, position: 40 },
      entries: [],
      epoch: 2,
      archivedEvents: [message(4), message(5), message(6)],
    };
    const loaded = await load(scene);
    expect(loaded).toMatchObject({ epoch: 2, position: 0, record: { head: 6, n: 6 } });
  });

  it("is refused when log and archive do not join", async () => {
    const scene = { row: archivedTo(3), floor: { epoch: 1, position: 40 }, entries: [stored(5)] };
    await expect(load(scene)).rejects.toThrow("the archive ends at 3, the log begins at 5");
  });
});
