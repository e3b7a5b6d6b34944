import type { SessionId } from "@parley/protocol";
import type { ClientToServerEvents, ServerToClientEvents } from "@parley/protocol";
import type { Identity } from "@parley/auth";
import type { Server, Socket } from "socket.io";

/** Kept from the handshake until the session begins. */
export interface Authenticated {
  readonly identity: Identity;
  readonly sessionId: SessionId;
}

export interface SocketData {
  authenticated?: Authenticated;
}

type NoServerEvents = Record<never, never>;
export type IoServer = Server<ClientToServerEvents, ServerToClientEvents, NoServerEvents, SocketData>;
export type IoSocket = Socket<ClientToServerEvents, ServerToClientEvents, NoServerEvents, SocketData>;
