import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openSqlite } from "@parley/connections";
import {
  encodeEntry,
  type Entry,
  mustParse,
  parseEntryId,
  parseRoomId,
  partitionOf,
  type RoomId,
} from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { roomLogContract } from "../contract.ts";
import { LogUnavailableError, type StoredEntry } from "../port.ts";
import { SqliteRoomLog, type SqliteRoomLogOptions } from "./sqlite.ts";
import { PartitionsChangedError } from "./sqlite/schema.ts";

const roomy = 1024 * 1024;
type Overrides = Partial<SqliteRoomLogOptions>;

async function openLogAt(file: string, overrides: Overrides = {}) {
  const database = await openSqlite(file);
  const log = await SqliteRoomLog.open({
    database,
    partitions: 4,
    archivedEpoch: undefined,
    bytesMax: roomy,
    onStored: () => {},
    now: Date.now,
    ...overrides,
  }).catch(async (error: unknown) => {
    await database[Symbol.asyncDispose]();
    throw error;
  });
  return {
    log,
    database,
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

roomLogContract("sqlite", async ({ partitions, bytesMax }) => {
  const folder = await mkdtempDisposable(join(tmpdir(), "room-log-"));
  const openHere = () => openLogAt(join(folder.path, "log.sqlite"), { partitions, bytesMax });
  let opened = await openHere();
  return {
    get log() {
      return opened.log;
    },
    async reopen() {
      await opened[Symbol.asyncDispose]();
      opened = await openHere();
    },
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
});

describe("the SQLite log", () => {
  let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtempDisposable(join(tmpdir(), "room-log-"));
    file = join(folder.path, "log.sqlite");
  });
  afterEach(() => folder.remove());

  const deadlineMs = 5_000;
  const rooms = Array.from({ length: 8 }, (_, index) => mustParse(parseRoomId, `r_${index}`));
  const room = rooms[0]!;
  const entryOf = (of: RoomId, id: string): Entry =>
    encodeEntry({
      id: mustParse(parseEntryId, id),
      room: of,
      epoch: 1,
      after: 0,
      events: [],
      answers: [],
      keyTimeMaxMs: 0,
      traceparent: undefined,
    });

  test("refuses another number of partitions than it was made with", async () => {
    await (await openLogAt(file))[Symbol.asyncDispose]();
    await expect(openLogAt(file, { partitions: 8 })).rejects.toBeInstanceOf(PartitionsChangedError);
  });

  test("begins with epoch 1, or the one after the archive's, and then keeps it", async () => {
    const epochOf = async (at: string, archivedEpoch: number | undefined) => {
      await using opened = await openLogAt(join(folder.path, at), { archivedEpoch });
      return opened.log.epoch(0);
    };
    expect(await epochOf("fresh", undefined)).toBe(1);
    expect(await epochOf("fresh", 1)).toBe(1);
    expect(await epochOf("lost", 3)).toBe(4);
    expect(await epochOf("lost", 4)).toBe(4);
  });

  test("hands on every stored entry once, in the order of positions, before its append is answered", async () => {
    const handed: StoredEntry[] = [];
    await using opened = await openLogAt(file, { onStored: (stored) => handed.push(stored), now: () => 42 });
    const appends = rooms.flatMap((of, index) =>
      ["a", "b"].map((rival) => opened.log.append(entryOf(of, `e_${index}_${rival}`), 0, { deadlineMs })),
    );
    const handedWhenAnswered = await Promise.all(
      appends.map(async (append) => [await append, handed.length] as const),
    );
    expect(handedWhenAnswered.every(([, count]) => count > 0)).toBe(true);
    const positions = handed.map((stored) => stored.position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    const held = await Promise.all([0, 1, 2, 3].map((partition) => opened.log.read(partition, 0, 100)));
    expect(handed).toHaveLength(rooms.length);
    expect(new Set(handed)).toEqual(new Set(held.flat()));
  });

  test("answers unknown at the deadline, stores nonetheless and hands it on", async () => {
    const { promise: handed, resolve } = Promise.withResolvers<StoredEntry>();
    await using opened = await openLogAt(file, { onStored: resolve });
    const slow = `WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 500000)
      SELECT count(*) FROM counted`;
    const busy = opened.database.read(slow, []);
    expect(await opened.log.append(entryOf(room, "late"), 0, { deadlineMs: 1 })).toEqual({ kind: "unknown" });
    await busy;
    expect((await handed).entry.header.id).toBe("late");
    expect((await opened.log.last(room))?.entry.header.id).toBe("late");
  });

  test("purges no entry behind one that is too young, so that a clock gone back moves no room back", async () => {
    const times = [100, 300, 200];
    await using opened = await openLogAt(file, { now: () => times.shift() ?? 0 });
    let after = 0;
    for (const id of ["old", "young", "old-again"]) {
      const outcome = await opened.log.append(entryOf(room, id), after, { deadlineMs });
      after = outcome.kind === "confirmed" ? outcome.position : -1;
    }
    expect(await opened.log.purge(partitionOf(room, 4), after, 250)).toBe(1);
    expect((await opened.log.last(room))?.position).toBe(after);
  });

  test("a disk that is full answers full and stores nothing", async () => {
    await using opened = await openLogAt(file);
    await opened.database.write([{ sql: "PRAGMA max_page_count = 30", params: [] }]);
    const big: Entry = { ...entryOf(room, "big"), payload: new Uint8Array(500_000) };
    expect(await opened.log.append(big, 0, { deadlineMs })).toEqual({ kind: "full" });
    expect(await opened.log.last(room)).toBeUndefined();
  });

  describe("when its database", () => {
    /** A log whose database, once open, fails as told. */
    async function failing(name: string) {
      await using real = await openLogAt(file);
      const failure = Object.assign(new Error("told to"), { name });
      const database = {
        write: real.database.write.bind(real.database),
        read: () => Promise.reject(failure),
      };
      const options = {
        partitions: 4,
        archivedEpoch: undefined,
        bytesMax: roomy,
        onStored: () => {},
        now: Date.now,
      };
      const log = await SqliteRoomLog.open({ database, ...options });
      database.write = () => Promise.reject(failure);
      return log;
    }

    test.each(["SqliteBusyError", "SqliteFailedError"])(
      "rejects with %s, reads are unavailable",
      async (name) => {
        const log = await failing(name);
        await expect(log.last(room)).rejects.toBeInstanceOf(LogUnavailableError);
        await expect(log.purge(0, 1, 1)).rejects.toBeInstanceOf(LogUnavailableError);
        const follower = log.follow(0, 0, new AbortController().signal)[Symbol.asyncIterator]();
        await expect(follower.next()).rejects.toBeInstanceOf(LogUnavailableError);
      },
    );

    test("did not attempt an append, it is unavailable", async () => {
      const log = await failing("SqliteBusyError");
      await expect(log.append(entryOf(room, "a"), 0, { deadlineMs })).rejects.toBeInstanceOf(
        LogUnavailableError,
      );
    });

    test("failed under way, an append is unknown", async () => {
      const log = await failing("SqliteFailedError");
      expect(await log.append(entryOf(room, "a"), 0, { deadlineMs })).toEqual({ kind: "unknown" });
    });
  });

  test("closing ends a follower that waits", async () => {
    await using opened = await openLogAt(file);
    const next = opened.log.follow(0, 0, new AbortController().signal)[Symbol.asyncIterator]().next();
    await opened.log[Symbol.asyncDispose]();
    await expect(next).rejects.toBeInstanceOf(LogUnavailableError);
  });

  test("holds every confirmed entry after its process was killed", async () => {
    const source = `
      import { openSqlite } from ${JSON.stringify(import.meta.resolve("@parley/connections"))};
      import { SqliteRoomLog } from ${JSON.stringify(new URL("sqlite.ts", import.meta.url).href)};
      const database = await openSqlite(${JSON.stringify(file)});
      const log = await SqliteRoomLog.open({ database, partitions: 4, archivedEpoch: undefined, bytesMax: ${roomy},
        onStored() {}, now: Date.now });
      const payload = new Uint8Array(0);
      async function fill(room) {
        for (let after = 0, first = 1; ; first += 1) {
          const header = { id: room + "_" + first, room, epoch: 1, first, last: first - 1, control: false, answers: [],
            keyTimeMaxMs: 0 };
          const outcome = await log.append({ header, payload }, after, { deadlineMs: 5000 });
          console.log(header.id);
          after = outcome.position;
        }
      }
      for (const room of ${JSON.stringify(rooms)}) fill(room);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const confirmed: string[] = [];
    for await (const id of createInterface({ input: child.stdout })) {
      confirmed.push(id);
      if (confirmed.length === 200) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");

    await using opened = await openLogAt(file);
    const held = await Promise.all(rooms.map((of) => opened.log.readRoom(of, 0, 100_000)));
    const ids = new Set(held.flat().map((stored): string => stored.entry.header.id));
    expect(confirmed.length).toBeGreaterThanOrEqual(200);
    expect(confirmed.filter((id) => !ids.has(id))).toEqual([]);
    for (const entries of held) {
      expect(entries.map((stored) => stored.entry.header.first)).toEqual(
        entries.map((_, index) => index + 1),
      );
    }
  });
});
