import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { LiveFeed, Owners } from "@parley/bus";
import type { HistoryStore } from "@parley/history-store";
import { mustParse, parseEntryId } from "@parley/protocol";
import type { RoomLog } from "@parley/room-log";
import type { Telemetry } from "@parley/telemetry";
import type { Environment } from "./actors/environment.ts";
import { Owner } from "./actors/owner.ts";
import { Partitions } from "./actors/partitions.ts";
import { Rooms } from "./actors/rooms.ts";
import type { HistoryConfig } from "./config.ts";
import { HistoryTelemetry } from "./telemetry.ts";
import { ownerHandler } from "./transport/owner-handler.ts";

export interface HistoryPorts {
  readonly log: RoomLog;
  readonly store: HistoryStore;
  readonly owners: Owners;
  readonly feed: LiveFeed;
  readonly telemetry: Telemetry;
}

async function pause(ms: number, enough?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, enough === undefined ? {} : { signal: enough });
  } catch (error) {
    if (enough?.aborted !== true) throw error;
  }
}

/**
 * Starts one history instance: it serves whatever room it is asked about, and reads the log of the partitions for which
 * it ranks first. Closing says goodbye, answers what it was asked, and ends the readers after their current batch.
 */
export async function startHistory(config: HistoryConfig, ports: HistoryPorts): Promise<AsyncDisposable> {
  const { log, store, owners, feed } = ports;
  const telemetry = new HistoryTelemetry(ports.telemetry);
  const environment: Environment = {
    log,
    store,
    limits: config.limits,
    telemetry,
    faults: config.faults,
    now: Date.now,
    pause,
    random: Math.random,
    newEntryId: () => mustParse(parseEntryId, randomUUID()),
    digest: (text) => createHash("sha256").update(text).digest("base64url").slice(0, 22),
  };
  const rooms: Rooms = new Rooms(environment, (partition) => partitions.followed(partition));
  const { instance, keepArchivedMs } = config;
  const partitions = new Partitions({ environment, instance, feed, rooms, keepArchivedMs });
  const owner = new Owner({
    environment,
    rooms,
    archiveSettled: async () => partitions.archiveSettled(),
  });
  const seat = await owners.serve(instance, ownerHandler(owner, telemetry));
  const unwatch = seat.onChange(() => partitions.rank(seat));
  partitions.start(seat);
  return {
    [Symbol.asyncDispose]: async () => {
      unwatch();
      await seat[Symbol.asyncDispose]();
      await partitions[Symbol.asyncDispose]();
    },
  };
}
