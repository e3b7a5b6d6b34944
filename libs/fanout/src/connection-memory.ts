import type { Socket } from "socket.io";
import { engineConnection } from "./engine-connection.ts";

const nothing = Object.freeze({
  headers: {},
  time: "",
  address: "",
  xdomain: false,
  secure: false,
  issued: 0,
  url: "",
  query: {},
  auth: {},
});

/** Lets go of the upgrade request. Call when the Engine.IO connection opens: nothing after it needs the request. */
export function freeUpgradeRequest(conn: object): void {
  engineConnection(conn).request = null;
}

/** Lets go of the handshake, and with it of the token. Call once `auth` was read. */
export function freeHandshake(socket: Pick<Socket, "handshake">): void {
  (socket as { handshake: Socket["handshake"] }).handshake = nothing;
}
