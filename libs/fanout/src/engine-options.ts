import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limits } from "@parley/protocol";
import type { ServerOptions } from "socket.io";
import { BoundedWebSocketServer } from "./ws-engine.ts";

export type EngineLimits = Pick<Limits, "frameBytesMax" | "handshakeMs" | "pingIntervalMs" | "pingTimeoutMs">;

/**
 * Decides on an upgrade before anything is spent on it. `false`: the hook has answered and ended the request's socket
 * itself; Engine.IO takes no further notice.
 */
export type AllowUpgrade = (request: IncomingMessage) => boolean;

/**
 * Options of the Socket.IO server: WebSocket only (so no stickiness is needed), no compression, no recovery of its own, and
 * every time and size from `limits`.
 */
export function engineOptions(limits: EngineLimits, allowUpgrade: AllowUpgrade): Partial<ServerOptions> {
  return {
    transports: ["websocket"],
    allowUpgrades: false,
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    pingInterval: limits.pingIntervalMs,
    pingTimeout: limits.pingTimeoutMs,
    connectTimeout: limits.handshakeMs,
    maxHttpBufferSize: limits.frameBytesMax,
    destroyUpgrade: true,
    wsEngine: BoundedWebSocketServer,
    allowRequest: (request, proceed) => {
      releaseUpgradeResponse(request);
      if (allowUpgrade(request)) proceed(null, true);
    },
  };
}

/**
 * Engine.IO 6.6.12 leaves a listener on the socket that keeps the upgrade request, its headers and a response object for
 * the connection's life (about 3 kB). It serves HTTP middlewares, of which there are none here.
 */
function releaseUpgradeResponse(request: IncomingMessage): void {
  const { socket } = request;
  const newest = socket.rawListeners("close").at(-1) as (() => void) & { readonly listener?: () => void };
  if (newest.listener !== undefined && /emit\("close"\)/u.test(String(newest.listener))) {
    socket.removeListener("close", newest.listener);
  }
}

/**
 * Middleware of the Engine.IO server: refuses (400) every request that names a connection there is already.
 *
 * Naming one is how a transport is changed, and here there is one transport. Such a request would pass by `allowUpgrade`:
 * anybody could put a second WebSocket, of any origin and beyond every cap, in the place of their first.
 */
export function refuseTransportChange(
  request: IncomingMessage,
  _: ServerResponse,
  next: (error?: Error) => void,
): void {
  const parameters = new URL(request.url ?? "", "http://any.host").searchParams;
  next(parameters.has("sid") ? new Error("there is one transport") : undefined);
}
