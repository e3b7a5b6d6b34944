import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import type { Accounts } from "@parley/accounts";
import { createTokenVerifier } from "@parley/auth";
import { type LiveFeed, type Owners, systemClock } from "@parley/bus";
import { encodeEventsFrame, RoomBatch } from "@parley/fanout";
import { mustParse, type NodeId, parseNodeId } from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import type { Roster } from "@parley/roster";
import type { Telemetry } from "@parley/telemetry";
import type { FastifyInstance } from "fastify";
import { Authenticator } from "./actors/authenticator.ts";
import { CommandTurns } from "./actors/command-turns.ts";
import { createDesks } from "./actors/desks.ts";
import { JoinDesk } from "./actors/join-desk.ts";
import type { Listener } from "./actors/listener.ts";
import { PresenceAgent } from "./actors/presence-agent.ts";
import { RequestLimits } from "./actors/request-limits.ts";
import { RevocationRoom } from "./actors/revocations.ts";
import { RoomDirectory } from "./actors/room-directory.ts";
import { RoomFollowers } from "./actors/room-followers.ts";
import type { Notifier } from "./actors/seams.ts";
import { Sessions } from "./actors/sessions.ts";
import type { GatewayConfig } from "./config.ts";
import { noFaults } from "./domain/faults.ts";
import { GatewayTelemetry } from "./telemetry.ts";
import { createHttp } from "./transport/http/create-http.ts";
import { originPolicy } from "./transport/origin-policy.ts";
import { drainSessions } from "./transport/sockets/drain.ts";
import { EventRouter } from "./transport/sockets/event-router.ts";
import { commandHandlers } from "./transport/sockets/handle-commands.ts";
import { presenceHandlers } from "./transport/sockets/handle-presence.ts";
import { readHandlers } from "./transport/sockets/handle-reads.ts";
import { refreshHandler } from "./transport/sockets/handle-refresh.ts";
import { roomHandlers } from "./transport/sockets/handle-rooms.ts";
import { typingHandler } from "./transport/sockets/handle-typing.ts";
import { Handshake } from "./transport/sockets/handshake.ts";
import type { IoServer } from "./transport/sockets/io-server.ts";
import { createIo, type SocketAdapter, SocketServer } from "./transport/sockets/socket-server.ts";
import { SocketNotifier } from "./transport/sockets/socket-notifier.ts";
import { UpgradeGate } from "./transport/sockets/upgrade-gate.ts";

export interface GatewayPorts {
  readonly owners: Owners;
  readonly liveFeed: LiveFeed;
  readonly roster: Roster;
  readonly rateLimiter: RateLimiter;
  readonly accounts: Accounts;
  readonly telemetry: Telemetry;
  /** Carries ephemeral events between nodes. Left out: this node is alone. */
  readonly socketAdapter?: SocketAdapter;
}

/** A gateway that serves. Closing it without a drain ends every connection at once. */
export interface GatewayService extends AsyncDisposable {
  readonly node: NodeId;
  /** `http://host:port`, with the port that was given when 0 was asked for. */
  readonly url: string;
  /** Sends every session away at its slot; resolves when all are gone. Draining twice is draining once. */
  drain(): Promise<void>;
}

/**
 * Starts a gateway. It listens at once, and lets nobody in before it knows every revocation so far: a revoked token could
 * come before. Resolves when it is ready.
 */
export async function startGateway(config: GatewayConfig, ports: GatewayPorts): Promise<GatewayService> {
  const telemetry = new GatewayTelemetry(ports.telemetry);
  const node = config.nodeId ?? newNodeId();
  const edge = createEdge({ config, ports, telemetry, node });
  const { app, actors, sockets, gate } = edge;
  const stack = new AsyncDisposableStack();
  try {
    stack.use(actors.revocations);
    stack.use(actors.rooms);
    stack.use(actors.presence);
    stack.defer(() => app.close());
    await actors.presence.start();
    await app.listen({ host: config.host, port: config.port });
    stack.use(sockets);
    await actors.revocations.join();
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  gate.open = true;
  const url = urlOf(app);
  telemetry.started(url, node);
  const drain = drainOnce({ edge, config, telemetry });
  return { node, url, drain, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

interface EdgeParts {
  readonly config: GatewayConfig;
  readonly ports: GatewayPorts;
  readonly telemetry: GatewayTelemetry;
  readonly node: NodeId;
}

interface Edge {
  readonly gate: UpgradeGate;
  readonly actors: Actors;
  readonly sockets: SocketServer;
  readonly app: FastifyInstance;
}

/** Everything, wired and not yet started. */
function createEdge({ config, ports, telemetry, node }: EdgeParts): Edge {
  const { limits } = config;
  const gate: UpgradeGate = new UpgradeGate({
    limits,
    originAllowed: originPolicy(config.origins),
    nowMs: () => performance.now(),
    connections: () => sockets.connections,
    eventLoopDelayMs: () => telemetry.eventLoopDelayMs,
    refused: (code) => telemetry.upgradeRefused(code),
  });
  const io = createIo(limits, gate, ports.socketAdapter);
  const actors = createActors({ config, ports, telemetry, node }, new SocketNotifier(io));
  const { sessions, joins, authenticator, desks, revocations } = actors;
  const sockets = new SocketServer(io, {
    node,
    limits,
    clock: systemClock,
    gate,
    sessions,
    revoked: ({ identity, sessionId }) =>
      revocations.isRevoked(identity) || revocations.isSessionRevoked(sessionId),
    drained: (session) => joins.drained(session),
    telemetry,
  });
  const missing = () => (gate.open ? [] : ["sockets are not let in"]);
  const app = createHttp({
    config,
    desks,
    authenticator,
    telemetry,
    health: { missing },
    clock: systemClock,
  });
  // Closing the server waits for every connection, so the sockets go before it.
  app.addHook("preClose", () => sockets.close());
  sockets.attach(app.server, {
    handshake: new Handshake({
      authenticator,
      revocations,
      sessions,
      refused: (code) => telemetry.connectRefused(code),
    }),
    router: createRouter(actors, { io, config, telemetry }),
  });
  telemetry.watchFigures({
    connections: () => sockets.connections,
    sessions: () => sessions.count,
    handshakes: () => gate.handshakes,
    laggingPeers: () => sockets.laggingCount,
    rooms: () => actors.rooms.count,
    followedRooms: () => actors.followers.count,
  });
  return { gate, actors, sockets, app };
}

type Actors = ReturnType<typeof createActors>;

function createActors({ config, ports, telemetry, node }: EdgeParts, notifier: Notifier) {
  const { limits, partitions, faults = noFaults } = config;
  const { owners, liveFeed, roster, rateLimiter, accounts } = ports;
  const clock = systemClock;
  const { repairMs } = limits;
  const common = { owners, partitions, limits, clock, telemetry, faults };
  const followers = new RoomFollowers({ ...common, liveFeed, repairMs });
  const revocations = new RevocationRoom({ ...common, followers });
  const rooms = new RoomDirectory({
    ...common,
    followers,
    openAudience: (skipped) => new RoomBatch<Listener>(skipped),
    encodeFrame: encodeEventsFrame,
  });
  const presence = new PresenceAgent({
    roster,
    gateway: node,
    watchedUsersMax: limits.watchedUsersMax,
    clock,
    report: (report) => telemetry.presenceReported(report),
  });
  const sessions = new Sessions({ userSessionsMax: limits.userSessionsMax, rooms, presence });
  presence.onBatch((session, views) => sessions.get(session)?.emit("presence", views));
  revocations.onRevoked((revocation) => sessions.revoke(revocation));
  const authenticator = new Authenticator({ verifier: createVerifier(config), accounts, revocations, clock });
  const signing = guestSigning(config);
  const desks = createDesks({
    ...common,
    rateLimiter,
    notifier,
    seen: rooms,
    accounts,
    revocations,
    signing,
  });
  const turns = new CommandTurns({
    commands: desks.commands,
    deadlineMs: limits.commandDeadlineMs,
    nowMs: clock.nowMs,
  });
  const joins = new JoinDesk({ rooms, rateLimiter, limits });
  const requestLimits = new RequestLimits(rateLimiter, limits);
  const stateful = { followers, revocations, rooms, presence, sessions };
  return { ...stateful, authenticator, desks, turns, joins, requestLimits };
}

function createRouter(
  { desks, turns, joins, presence, authenticator, requestLimits }: Actors,
  {
    io,
    config,
    telemetry,
  }: { readonly io: IoServer; readonly config: GatewayConfig; readonly telemetry: GatewayTelemetry },
): EventRouter {
  const { limits } = config;
  const nowMs = () => performance.now();
  const handlers = {
    ...commandHandlers({ turns, commands: desks.commands, deadlineMs: limits.commandDeadlineMs }),
    ...roomHandlers(joins),
    ...readHandlers({ reads: desks.reads, joins, limits }),
    ...typingHandler(io, nowMs),
    ...presenceHandlers(presence, requestLimits),
    ...refreshHandler(authenticator, requestLimits),
  };
  return new EventRouter(handlers, telemetry, nowMs);
}

function drainOnce({
  edge: { gate, actors },
  config,
  telemetry,
}: {
  readonly edge: Edge;
  readonly config: GatewayConfig;
  readonly telemetry: GatewayTelemetry;
}): () => Promise<void> {
  let draining: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    const startedMs = performance.now();
    telemetry.drainBegan(actors.sessions.count);
    await drainSessions({
      gate,
      turns: actors.turns,
      sessions: actors.sessions,
      drainMs: config.limits.drainMs,
      commandDeadlineMs: config.limits.commandDeadlineMs,
      clock: systemClock,
    });
    telemetry.drainEnded(performance.now() - startedMs);
  };
  return () => (draining ??= run());
}

const createVerifier = ({ auth }: GatewayConfig) =>
  createTokenVerifier({
    secret: auth.secret?.reveal(),
    jwks: auth.jwksUrl === undefined ? undefined : { url: auth.jwksUrl },
    issuer: auth.issuer,
    audience: auth.audience,
    clockToleranceS: auth.clockToleranceS,
  });

function guestSigning({ auth, guests, guestTtlMs }: GatewayConfig) {
  const secret = auth.secret?.reveal();
  if (!guests || secret === undefined) return undefined;
  return { secret, ttlMs: guestTtlMs, issuer: auth.issuer, audience: auth.audience };
}

function newNodeId(): NodeId {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9_-]/gu, "-")
    .slice(0, 40);
  return mustParse(parseNodeId, `${host}-${randomBytes(6).toString("hex")}`);
}

function urlOf(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
