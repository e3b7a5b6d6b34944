import type { Accounts } from "@parley/accounts";
import type { LiveFeed, Owners } from "@parley/bus";
import { type GatewayService, startGateway } from "@parley/gateway/service";
import { startHistory } from "@parley/history/service";
import type { HistoryStore } from "@parley/history-store";
import { startPresence } from "@parley/presence/service";
import type { RateLimiter } from "@parley/rate-limiter";
import type { RoomLog } from "@parley/room-log";
import type { Roster } from "@parley/roster";
import type { Telemetry } from "@parley/telemetry";
import type { StandaloneConfig } from "./config.ts";

export interface StandalonePorts {
  readonly log: RoomLog;
  readonly store: HistoryStore;
  readonly accounts: Accounts;
  readonly owners: Owners;
  readonly feed: LiveFeed;
  readonly roster: Roster;
  readonly rateLimiter: RateLimiter;
  readonly telemetry: Telemetry;
}

export interface StandaloneService extends AsyncDisposable {
  readonly gateway: GatewayService;
}

/**
 * Starts the three services in this process: owners first, so that the gateway finds them; it goes first when all ends,
 * so that nobody asks what is gone.
 */
export async function startStandalone(
  config: StandaloneConfig,
  ports: StandalonePorts,
): Promise<StandaloneService> {
  const { log, store, accounts, owners, feed, roster, rateLimiter, telemetry } = ports;
  const stack = new AsyncDisposableStack();
  try {
    for (let instance = 1; instance <= config.historyInstances; instance += 1) {
      const named = { ...config.history, instance: `${config.history.instance}-${instance}` };
      const history = telemetry.child("history");
      stack.use(await startHistory(named, { log, store, owners, feed, telemetry: history }));
    }
    stack.use(await startPresence(config.presence, { roster, telemetry: telemetry.child("presence") }));
    const gateway = stack.use(
      await startGateway(config.gateway, {
        owners,
        liveFeed: feed,
        roster,
        rateLimiter,
        accounts,
        telemetry: telemetry.child("gateway"),
      }),
    );
    return { gateway, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
