import type { Server as HttpServer } from "node:http";
import {
  engineOptions,
  freeHandshake,
  freeUpgradeRequest,
  type Peer,
  type PeerFault,
  Peers,
  refuseTransportChange,
} from "@parley/fanout";
import type { Clock } from "@parley/bus";
import { type CloseCode, type Limits, type NodeId, protocolVersion } from "@parley/protocol";
import { Server, type ServerOptions } from "socket.io";
import { Session } from "../../actors/session.ts";
import type { Sessions } from "../../actors/sessions.ts";
import { roomChannel, userChannel } from "./channels.ts";
import type { EventRouter } from "./event-router.ts";
import type { Handshake } from "./handshake.ts";
import type { Authenticated, IoServer, IoSocket } from "./io-server.ts";
import { SocketLink } from "./socket-link.ts";
import type { UpgradeGate } from "./upgrade-gate.ts";

export type SocketAdapter = ServerOptions["adapter"];

export interface SocketServerTelemetry {
  sessionBegan(): void;
  sessionEnded(reason: string): void;
  peerLagging(queuedBytes: number): void;
  peerCutOff(fault: PeerFault): void;
}

export interface SocketServerParts {
  readonly node: NodeId;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly gate: UpgradeGate;
  readonly sessions: Sessions;
  readonly revoked: (authenticated: Authenticated) => boolean;
  /** A session's socket takes entries again. */
  readonly drained: (session: Session) => void;
  readonly telemetry: SocketServerTelemetry;
}

/** Carries ephemeral events between nodes; entries never travel by it. `undefined`: this node is alone. */
export function createIo(
  limits: Limits,
  gate: Pick<UpgradeGate, "allow">,
  adapter: SocketAdapter | undefined,
): IoServer {
  return new Server({
    ...engineOptions(limits, gate.allow),
    ...(adapter !== undefined && { adapter }),
  });
}

/** Sockets from their upgrade to their end, each with its session. */
export class SocketServer implements Disposable {
  readonly #io: IoServer;
  readonly #parts: SocketServerParts;
  readonly #peers: Peers;
  #router: EventRouter | undefined;

  constructor(io: IoServer, parts: SocketServerParts) {
    this.#io = io;
    this.#parts = parts;
    this.#peers = new Peers({ limits: parts.limits, now: () => performance.now() });
  }

  /** Takes over the upgrades of `http`. */
  attach(
    http: HttpServer,
    { handshake, router }: { readonly handshake: Handshake; readonly router: EventRouter },
  ): void {
    this.#router = router;
    this.#io.attach(http);
    this.#io.engine.use(refuseTransportChange);
    this.#io.engine.on("connection", (conn: object) => this.#opened(conn));
    this.#io.use(handshake.middleware);
    this.#io.on("connection", (socket) => this.#connected(socket));
  }

  /** Sockets, with or without a session. */
  get connections(): number {
    return this.#io.engine === undefined ? 0 : this.#io.engine.clientsCount;
  }

  get laggingCount(): number {
    return this.#peers.laggingCount;
  }

  /** Ends every connection that is left. */
  async close(): Promise<void> {
    await this.#io.close();
  }

  [Symbol.dispose](): void {
    this.#peers[Symbol.dispose]();
  }

  #opened(conn: object): void {
    // From here on everything that is queued for it counts, before it is anybody's session.
    const peer = this.#peers.of(conn);
    peer.events = { drained() {}, lagging() {}, cutOff: (fault) => this.#parts.telemetry.peerCutOff(fault) };
    freeUpgradeRequest(conn);
  }

  #connected(socket: IoSocket): void {
    const { authenticated } = socket.data;
    freeHandshake(socket);
    delete socket.data.authenticated;
    if (authenticated === undefined || this.#router === undefined) {
      socket.disconnect(true);
      return;
    }
    const peer = this.#peers.of(socket.conn);
    this.#parts.gate.authenticated(peer.netSocket);
    const link = new SocketLink(socket, peer);
    const refusal = this.#refusal(authenticated);
    if (refusal === undefined) this.#begin({ socket, peer, link, authenticated });
    else link.close(refusal);
  }

  /** What the handshake looked at may have changed since: all of it is true at the moment in which the session begins. */
  #refusal(authenticated: Authenticated): CloseCode | undefined {
    const { sessions, revoked } = this.#parts;
    const { identity, sessionId } = authenticated;
    if (!sessions.hasRoom(identity.userId, sessionId)) return "too_many_sessions";
    // Somebody else has begun a session of that id.
    if (!sessions.mayTake(identity.userId, sessionId)) return "server_busy";
    return revoked(authenticated) ? "token_revoked" : undefined;
  }

  #begin({
    socket,
    peer,
    link,
    authenticated,
  }: {
    readonly socket: IoSocket;
    readonly peer: Peer;
    readonly link: SocketLink;
    readonly authenticated: Authenticated;
  }): void {
    const { clock, limits, sessions, telemetry, node } = this.#parts;
    const session = new Session({ ...authenticated, link, clock, limits });
    peer.events = this.#peerEvents(session, link, socket);
    socket.on("disconnect", (reason) => {
      link.goOn();
      sessions.end(session);
      // It has left its namespace, and there is no other: a connection without a session would count for nobody.
      if (reason === "client namespace disconnect") socket.conn.close(true);
      telemetry.sessionEnded(link.closedBy ?? reason);
    });
    const listener = this.#router?.listener(session);
    if (listener !== undefined) socket.onAny(listener);
    sessions.begin(session);
    telemetry.sessionBegan();
    void socket.join(userChannel(session.userId));
    link.emit("hello", {
      node,
      protocol: protocolVersion,
      sessionId: session.sessionId,
      userId: session.userId,
      limits,
      serverTime: new Date(clock.nowMs()).toISOString(),
    });
  }

  #peerEvents(session: Session, link: SocketLink, socket: IoSocket): Peer["events"] {
    const { telemetry, drained } = this.#parts;
    const ephemeral = (): string[] => [
      userChannel(session.userId),
      ...[...session.rooms.keys()].map(roomChannel),
    ];
    return {
      lagging: (queuedBytes) => {
        telemetry.peerLagging(queuedBytes);
        // What is ephemeral goes first: a peer that lags gets none of it.
        for (const channel of ephemeral()) void socket.leave(channel);
      },
      drained: () => {
        if (!link.open) return;
        void socket.join(ephemeral());
        drained(session);
        link.goOn();
      },
      cutOff: (fault: PeerFault & CloseCode) => {
        link.cut(fault);
        telemetry.peerCutOff(fault);
      },
    };
  }
}
