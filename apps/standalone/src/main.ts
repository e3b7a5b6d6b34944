import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SqliteAccounts } from "@parley/accounts/sqlite";
import { signGuestToken } from "@parley/auth";
import { LocalLiveFeed, LocalOwners } from "@parley/bus/local";
import { ConfigError } from "@parley/config";
import { FolderLockedError, lockFolder, openSqlite } from "@parley/connections";
import { SqliteHistoryStore } from "@parley/history-store/sqlite";
import { createdRoomId, mustParse, parseKey, parseUserId, partitionOf, type UserId } from "@parley/protocol";
import { MemoryRateLimiter } from "@parley/rate-limiter/memory";
import { SqliteRoomLog } from "@parley/room-log/sqlite";
import { MemoryRoster } from "@parley/roster/memory";
import { createTelemetry, type Telemetry } from "@parley/telemetry";
import { readStandaloneConfig, type StandaloneConfig } from "./config.ts";
import { type Guest, welcomeLines } from "./domain/welcome.ts";
import { type StandalonePorts, type StandaloneService, startStandalone } from "./service.ts";

const secretBytes = 48;
/** Beyond the drain: for what is being stored and closed. */
const shutdownGraceMs = 15_000;
const lobbyKey = mustParse(parseKey, "lobby");
const lobbyOwner: UserId = mustParse(parseUserId, "g_lobby");

/** The signing secret of this data folder, made once; tokens given out before a restart stay good. */
async function signingSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "signing-secret");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    const made = randomBytes(secretBytes).toString("base64url");
    // Renamed when it is whole: a half-written secret would be taken for one at the next start.
    await writeFile(`${file}.new`, `${made}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return made;
  }
}

/** Fills in a signing secret where nothing is set to verify tokens with, except in production. */
async function completedEnvironment(dataDir: string): Promise<NodeJS.ProcessEnv> {
  const { PARLEY_ENV, PARLEY_AUTH_SECRET, PARLEY_AUTH_JWKS_URL, PARLEY_AUTH_ISSUER } = process.env;
  const set = [PARLEY_AUTH_SECRET, PARLEY_AUTH_JWKS_URL, PARLEY_AUTH_ISSUER].some(Boolean);
  if (set || PARLEY_ENV === "production") return process.env;
  return { ...process.env, PARLEY_AUTH_SECRET: await signingSecret(dataDir) };
}

async function openPorts(
  config: StandaloneConfig,
  telemetry: Telemetry,
  stack: AsyncDisposableStack,
): Promise<StandalonePorts> {
  const onFault = (error: unknown): void => telemetry.log.error({ err: error }, "a listener failed by a bug");
  const feed = new LocalLiveFeed({ onFault });
  const logFile = stack.use(await openSqlite(join(config.dataDir, "log.sqlite")));
  const storeFile = stack.use(await openSqlite(join(config.dataDir, "store.sqlite")));
  const store = await SqliteHistoryStore.open({ database: storeFile });
  const accounts = await SqliteAccounts.open({ database: storeFile });
  const log = stack.use(
    await SqliteRoomLog.open({
      database: logFile,
      partitions: config.gateway.partitions,
      archivedEpoch: await store.newestEpoch(),
      bytesMax: config.logBytesMax,
      // What a broker does by re-publishing: live entries are the stored ones, after they are stored.
      onStored: ({ entry }) => feed.publish(entry),
      now: Date.now,
    }),
  );
  const { presenceGraceMs } = config.gateway.limits;
  return {
    log,
    store,
    accounts,
    feed,
    owners: new LocalOwners({ onFault }),
    roster: new MemoryRoster({ graceMs: presenceGraceMs, onFault }),
    rateLimiter: new MemoryRateLimiter(),
    telemetry,
  };
}

/** A public room for newcomers, the same one at every start, and somebody who may speak in it. */
async function openLobby(
  config: StandaloneConfig,
  { owners, telemetry }: StandalonePorts,
): Promise<Guest | undefined> {
  const { gateway } = config;
  const secret = gateway.auth.secret?.reveal();
  if (!gateway.guests || secret === undefined) return undefined;
  const room = await createdRoomId(lobbyOwner, lobbyKey);
  const action = { kind: "room.create", roomKind: "public", name: "lobby" } as const;
  const command = { room, author: lobbyOwner, bot: false, key: lobbyKey, action };
  const answer = await owners.ask(
    partitionOf(room, gateway.partitions),
    { op: "command", ask: { command } },
    { deadlineMs: gateway.limits.commandDeadlineMs },
  );
  const open = answer.ok && answer.body.decided;
  if (!open) telemetry.log.error({ answer }, "the lobby could not be opened");
  const { issuer, audience } = gateway.auth;
  const guest = { userId: lobbyOwner, name: "lobby", ttlMs: gateway.guestTtlMs };
  return { token: signGuestToken(secret, { ...guest, issuer, audience }), room: open ? room : undefined };
}

/** The first signal drains; a second one, or a drain that takes too long, ends the process at once. */
function stopOnSignal(
  config: StandaloneConfig,
  service: StandaloneService,
  stack: AsyncDisposableStack,
): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    await service.gateway.drain();
    await stack.disposeAsync();
  };
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), config.gateway.limits.drainMs + shutdownGraceMs).unref();
    stop().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

async function main(): Promise<void> {
  const dataDir = resolve(process.env["PARLEY_DATA_DIR"] || "./data");
  await using stack = new AsyncDisposableStack();
  await mkdir(dataDir, { recursive: true });
  stack.use(await lockFolder(dataDir));
  const config = { ...readStandaloneConfig(await completedEnvironment(dataDir)), dataDir };
  const telemetry = stack.use(createTelemetry({ service: "standalone", level: config.logLevel }));
  const ports = await openPorts(config, telemetry, stack);
  const service = stack.use(await startStandalone(config, ports));
  const guest = await openLobby(config, ports);
  const startedInMs = process.uptime() * 1_000;
  for (const line of welcomeLines({ url: service.gateway.url, startedInMs, dataDir, guest }))
    console.log(line);
  stopOnSignal(config, service, stack.move());
}

try {
  await main();
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof FolderLockedError;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
}
