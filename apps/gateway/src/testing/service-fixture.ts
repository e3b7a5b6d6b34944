import type { Accounts } from "@parley/accounts";
import { signGuestToken } from "@parley/auth";
import { LocalLiveFeed, LocalOwners } from "@parley/bus/local";
import {
  type Limits,
  limitVariable,
  mustParse,
  parseRoomId,
  parseUserId,
  type UserId,
  uuidV7,
} from "@parley/protocol";
import { MemoryRateLimiter } from "@parley/rate-limiter/memory";
import { MemoryRoster } from "@parley/roster/memory";
import { createTelemetry } from "@parley/telemetry";
import { ConnectRefused, SocketIoPeer } from "@parley/testing";
import { afterEach, vi } from "vitest";
import { TinyHistory } from "../actors/testing/tiny-history.ts";
import { readGatewayConfig } from "../config.ts";
import { type GatewayService, startGateway } from "../service.ts";

export const secret = "a shared secret of thirty-two bytes or more";
export const room = mustParse(parseRoomId, "lobby");
export const ann = mustParse(parseUserId, "ann");
export const bob = mustParse(parseUserId, "bob");
export const key = (): string => uuidV7(Date.now());

export const accounts = {
  putUser: async () => undefined,
  botTokenByHash: async () => undefined,
  revokeBotToken: async () => false,
} as unknown as Accounts;

/** What a test opens is closed after it. */
export let stack = new AsyncDisposableStack();
export let history: TinyHistory;
export let gateway: GatewayService;
afterEach(async () => {
  vi.restoreAllMocks();
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

/** A gateway of its own for this test, over an owner in memory. */
export async function start(limits: Partial<Limits> = {}): Promise<void> {
  const env: Record<string, string> = {
    PARLEY_PORT: "0",
    PARLEY_AUTH_SECRET: secret,
    PARLEY_PARTITIONS: "4",
  };
  for (const [name, value] of Object.entries(limits))
    env[limitVariable(name as keyof Limits)] = String(value);
  const liveFeed = new LocalLiveFeed();
  history = new TinyHistory((entry) => liveFeed.publish(entry));
  const owners = new LocalOwners();
  stack.use(await owners.serve("one", history.handle));
  const telemetry = stack.use(createTelemetry({ service: "test", level: "silent" }));
  gateway = stack.use(
    await startGateway(readGatewayConfig(env, []), {
      owners,
      liveFeed,
      roster: new MemoryRoster({ graceMs: 1_000 }),
      rateLimiter: new MemoryRateLimiter(),
      accounts,
      telemetry,
    }),
  );
}

export const token = (userId: UserId, ttlMs = 3_600_000): string =>
  signGuestToken(secret, { userId, name: userId, ttlMs, issuer: undefined, audience: undefined });

export async function connect(userId: UserId, auth: object = {}): Promise<SocketIoPeer> {
  const peer = stack.use(await SocketIoPeer.open(gateway.url));
  await peer.authenticate({ token: token(userId), ...auth });
  return peer;
}

export const send = (peer: SocketIoPeer, text: string, named = key()) =>
  peer.ask("send", { room, key: named, text });
export const closing = async (peer: SocketIoPeer) => (await peer.next("closing")).code;

export async function refusal(attempt: Promise<unknown>): Promise<unknown> {
  const error: unknown = await attempt.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof ConnectRefused ? error.refusal.code : error;
}
