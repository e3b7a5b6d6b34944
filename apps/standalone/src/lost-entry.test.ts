import { join } from "node:path";
import { SqliteAccounts } from "@parley/accounts/sqlite";
import type { LiveEntry } from "@parley/bus";
import { LocalLiveFeed, LocalOwners } from "@parley/bus/local";
import { openSqlite } from "@parley/connections";
import { SqliteHistoryStore } from "@parley/history-store/sqlite";
import { partitionOf, type Pulse, type RoomId } from "@parley/protocol";
import { MemoryRateLimiter } from "@parley/rate-limiter/memory";
import { SqliteRoomLog } from "@parley/room-log/sqlite";
import { MemoryRoster } from "@parley/roster/memory";
import { createTelemetry } from "@parley/telemetry";
import { RestClient, SocketIoPeer, temporaryFolder } from "@parley/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readStandaloneConfig } from "./config.ts";
import { startStandalone } from "./service.ts";

/** Promised for a quiet room; machines are noisy. */
const boundMs = 3 * 5_000;

let stack: AsyncDisposableStack;
let url: string;
/** What the feed does with entries and pulses. */
let keepsEntry: (entry: LiveEntry) => boolean;
let keepsPulse: (pulse: Pulse) => boolean;
let partitions: number;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  keepsEntry = () => true;
  keepsPulse = () => true;
  const folder = stack.use(await temporaryFolder());
  const config = readStandaloneConfig({
    PARLEY_PORT: "0",
    PARLEY_DATA_DIR: folder.path,
    PARLEY_AUTH_SECRET: "a shared secret of thirty-two bytes or more",
  });
  const feed = new LocalLiveFeed({
    tampering: {
      entry: (entry) => (keepsEntry(entry) ? [entry] : []),
      pulse: (pulse) => (keepsPulse(pulse) ? [pulse] : []),
    },
  });
  const logFile = stack.use(await openSqlite(join(folder.path, "log.sqlite")));
  const storeFile = stack.use(await openSqlite(join(folder.path, "store.sqlite")));
  const store = await SqliteHistoryStore.open({ database: storeFile });
  const log = stack.use(
    await SqliteRoomLog.open({
      database: logFile,
      partitions: config.gateway.partitions,
      archivedEpoch: await store.newestEpoch(),
      bytesMax: config.logBytesMax,
      onStored: ({ entry }) => feed.publish(entry),
      now: Date.now,
    }),
  );
  const service = await startStandalone(config, {
    log,
    store,
    accounts: await SqliteAccounts.open({ database: storeFile }),
    feed,
    owners: new LocalOwners(),
    roster: new MemoryRoster({ graceMs: 1_000 }),
    rateLimiter: new MemoryRateLimiter(),
    telemetry: stack.use(createTelemetry({ service: "test", level: "silent" })),
  });
  stack.use(service);
  ({ partitions } = config.gateway);
  url = service.gateway.url;
});
afterEach(() => stack.disposeAsync());

/** Somebody who listens in a room of their own, and their way to write to it. */
async function listening(): Promise<{ rest: RestClient; room: RoomId; peer: SocketIoPeer; head: number }> {
  const { token } = await new RestClient(url).guest("Ada");
  const rest = new RestClient(url, token);
  const { room } = await rest.createRoom({ kind: "group", name: "quiet", members: [] });
  const peer = stack.use(await SocketIoPeer.connect(url, token));
  const joined = await peer.ask("join", { rooms: [{ room }] });
  const [answer] = joined.ok ? joined.rooms : [];
  if (answer?.ok !== true) throw new Error("not joined");
  await pulsesOf(room, 3);
  return { rest, room, peer, head: answer.head };
}

/** A node that has just begun to hear pulses asks about every room anyway: some of them later it goes by pulses alone. */
async function pulsesOf(room: RoomId, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  keepsPulse = ({ partition }) => {
    if (partition === partitionOf(room, partitions)) left -= 1;
    if (left === 0) resolve();
    return true;
  };
  await promise;
}

const ofRoom = (room: RoomId) => (entry: LiveEntry) => entry.header.room === room;
const seqs = (peer: SocketIoPeer): readonly number[] =>
  peer.received
    .filter(({ event }) => event === "events")
    .flatMap(({ payload }) => (payload as { events: { seq: number }[] }).events.map(({ seq }) => seq));

describe("the last entry of a room, lost on its way to the node", () => {
  it("reaches whoever listens within seconds, with no further traffic", async () => {
    const { rest, room, peer, head } = await listening();
    const isOf = ofRoom(room);
    let dropped = 0;
    keepsEntry = (entry) => {
      if (!isOf(entry)) return true;
      dropped += 1;
      return false;
    };
    const startedMs = performance.now();
    await rest.post(room, "nobody hears this at once");
    expect(dropped).toBe(1);
    await peer.next("events", ({ first }) => first === head + 1);
    const tookMs = performance.now() - startedMs;
    process.stdout.write(`      a lost last entry was shown after ${tookMs.toFixed(0)} ms\n`);
    expect(tookMs).toBeLessThan(boundMs);
    expect(seqs(peer)).toEqual([head + 1]);
    expect(dropped).toBe(1);
  });

  it("does so when the pulse that names it is lost too", async () => {
    const { rest, room, peer, head } = await listening();
    const isOf = ofRoom(room);
    keepsEntry = (entry) => !isOf(entry);
    let lost = 0;
    keepsPulse = ({ heads }) => {
      const names = heads.some((one) => one.room === room && one.seq > head);
      if (names) lost += 1;
      return !names;
    };
    await rest.post(room, "nobody hears this at once");
    await peer.next("events", ({ first }) => first === head + 1);
    expect(lost).toBe(1);
    expect(seqs(peer)).toEqual([head + 1]);
  });

  it("is no reason to show the next one first", async () => {
    const { rest, room, peer, head } = await listening();
    const isOf = ofRoom(room);
    keepsEntry = (entry) => !isOf(entry) || entry.header.first !== head + 1;
    for (const text of ["lost", "second", "third"]) await rest.post(room, text);
    await peer.next("events", ({ first, events }) => first + events.length - 1 === head + 3);
    expect(seqs(peer)).toEqual([head + 1, head + 2, head + 3]);
  });
});
