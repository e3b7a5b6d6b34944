import type { Server } from "node:http";
import type { Socket } from "node:net";

/** For a peer to read our last words and to answer with its own end. */
const lingerMs = 2_000;

/**
 * Node keeps a connection that this side has ended until the peer ends it too, which one that means harm never does. So
 * whatever it was ended for (bytes that are no request, a time-out, an upgrade to nothing), it is destroyed soon after.
 */
export function destroyHalfOpen(server: Server): void {
  server.on("connection", (socket: Socket) => socket.once("finish", linger));
}

/** One function for all connections: idle ones should cost little. */
function linger(this: Socket): void {
  const timer = setTimeout(() => this.destroy(), lingerMs).unref();
  this.once("close", () => clearTimeout(timer));
}
