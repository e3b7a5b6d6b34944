import type { Socket as NetSocket } from "node:net";
import type { WebSocket } from "ws";

/** A packet on its way out of an Engine.IO connection. */
export interface OutgoingPacket {
  readonly data?: string | Uint8Array;
  readonly options?: { readonly wsPreEncodedFrame?: readonly Uint8Array[] };
}
export interface IncomingPacket {
  readonly type: string;
  readonly data?: unknown;
}

/**
 * What of Engine.IO 6.6 this package relies on, some of it not in its published types. `engine-connection.test.ts` proves that each is
 * there, so an upgrade that moves one fails a test and not a room.
 */
export interface EngineConnection {
  readonly id: string;
  readonly readyState: string;
  readonly remoteAddress: string;
  /** Packets that wait for the transport to be writable. */
  readonly writeBuffer: readonly OutgoingPacket[];
  readonly transport: {
    readonly name: string;
    /** False from a send until the network has taken its last byte. */
    readonly writable: boolean;
    readonly socket: WebSocket & { readonly _socket: NetSocket };
  };
  /** The upgrade request; null once freed. */
  request: unknown;
  write(
    data: string,
    options: {
      readonly preEncoded: true;
      readonly compress: false;
      readonly wsPreEncodedFrame: readonly Uint8Array[];
    },
  ): void;
  /** A packet is made, but not yet in `writeBuffer`. */
  on(event: "packetCreate", listener: (packet: OutgoingPacket) => void): void;
  /** All of `writeBuffer` is about to go to the transport. */
  on(event: "flush", listener: () => void): void;
  on(event: "packet", listener: (packet: IncomingPacket) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "close", listener: () => void): void;
}

/** Sees `conn`, Socket.IO's `socket.conn` or the Engine.IO server's "connection", as what it is inside. */
export const engineConnection = (conn: object): EngineConnection => conn as EngineConnection;

/** Bytes that `packet` takes on the network, less the frame's header. */
export function packetBytes(packet: OutgoingPacket): number {
  const frame = packet.options?.wsPreEncodedFrame?.[0];
  if (frame !== undefined) return frame.length;
  if (packet.data === undefined) return 1;
  return 1 + (typeof packet.data === "string" ? Buffer.byteLength(packet.data) : packet.data.length);
}
