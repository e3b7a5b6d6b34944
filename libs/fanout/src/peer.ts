import type { Socket as NetSocket } from "node:net";
import type { Limits } from "@parley/protocol";
import {
  type EngineConnection,
  engineConnection,
  type IncomingPacket,
  type OutgoingPacket,
  packetBytes,
} from "./engine-connection.ts";
import type { WindowBudget } from "./window-budget.ts";
import type { TickCorks } from "./tick-corks.ts";

export type PeerLimits = Pick<
  Limits,
  "sessionLaggingBytes" | "sessionDeadBytes" | "sessionLaggingMs" | "sessionFramesPerTenSeconds"
>;

/** Why a peer was cut off. */
export type PeerFault = "slow_consumer" | "protocol_violation";

/** What becomes of a peer. No handler may throw. */
export interface PeerEvents {
  /** It lagged and has caught up: it may be told the heads of what it missed. */
  drained(): void;
  lagging(queuedBytes: number): void;
  /** It was cut off, for the reason named. Its connection closes. */
  cutOff(fault: PeerFault): void;
}

/** What the peers of one server share. */
export interface PeerSurroundings {
  readonly limits: PeerLimits;
  readonly corks: TickCorks;
  readonly now: () => number;
  /** To be looked at again until it has drained. */
  readonly watch: (peer: Peer) => void;
}

const silent: PeerEvents = { drained() {}, lagging() {}, cutOff() {} };

/**
 * The sending side of one connection, and the bound on what is queued for it.
 *
 * Engine.IO queues without a bound, so everything written is counted here, acks and refusals as much as room entries.
 * Above `sessionLaggingBytes` the peer is *lagging* and `writeFrame` refuses. Above `sessionDeadBytes` while lagging, or
 * lagging longer than `sessionLaggingMs`, it is terminated. A peer that never reads and keeps asking meets the second. One
 * large answer alone does not: the peer gets its time to read it, and may add little to it meanwhile.
 */
export class Peer {
  events: PeerEvents = silent;
  readonly #conn: EngineConnection;
  readonly #around: PeerSurroundings;
  readonly #frames: WindowBudget;
  /** In Engine.IO's `writeBuffer`. */
  #engineQueuedBytes = 0;
  #laggingSinceMs: number | undefined;
  #deadAboveBytes = 0;
  /** Engine.IO learns of it a turn later. */
  #terminated = false;

  constructor(conn: object, around: PeerSurroundings, frames: WindowBudget) {
    this.#conn = engineConnection(conn);
    this.#around = around;
    this.#frames = frames;
    this.#conn.on("packetCreate", (packet) => this.#onOutgoing(packet));
    this.#conn.on("flush", () => this.#onFlush());
    this.#conn.on("packet", (packet) => this.#onIncoming(packet));
  }

  get open(): boolean {
    return !this.#terminated && this.#conn.readyState === "open";
  }

  get lagging(): boolean {
    return this.#laggingSinceMs !== undefined;
  }

  /** The connection below it all. */
  get netSocket(): NetSocket {
    return this.#conn.transport.socket._socket;
  }

  /** Bytes given to this connection that the network has not taken. */
  get queuedBytes(): number {
    return this.netSocket.writableLength + this.#engineQueuedBytes;
  }

  /**
   * Writes one whole WebSocket frame after everything written before. `false`: nothing was written, since the peer lags or
   * is gone.
   */
  writeFrame(frame: Uint8Array): boolean {
    if (this.#laggingSinceMs !== undefined || !this.open) return false;
    const { transport, writeBuffer } = this.#conn;
    if (transport.writable && writeBuffer.length === 0) {
      const socket = transport.socket._socket;
      this.#around.corks.hold(socket);
      socket.write(frame);
      if (socket.writableLength > this.#around.limits.sessionLaggingBytes) this.#weigh();
    } else {
      // Unicasts wait inside Engine.IO: the frame goes behind them, never past them.
      this.#conn.write("", { preEncoded: true, compress: false, wsPreEncodedFrame: [frame] });
    }
    return true;
  }

  /** Cuts the connection at once: what is queued is dropped, a closing handshake would wait behind it. */
  terminate(): void {
    this.#terminated = true;
    this.#conn.transport.socket.terminate();
  }

  /** Looks at a lagging peer again. Returns whether it needs no further look. */
  review(): boolean {
    if (this.#laggingSinceMs === undefined || !this.open) return true;
    const { limits, now } = this.#around;
    if (this.queuedBytes <= limits.sessionLaggingBytes / 2) {
      this.#laggingSinceMs = undefined;
      this.events.drained();
      return true;
    }
    if (now() - this.#laggingSinceMs < limits.sessionLaggingMs) return false;
    this.#cutOff("slow_consumer");
    return true;
  }

  #onOutgoing(packet: OutgoingPacket): void {
    const { transport, writeBuffer } = this.#conn;
    // Such a packet goes to the network in this very call.
    if (transport.writable && writeBuffer.length === 0) return;
    this.#engineQueuedBytes += packetBytes(packet);
    this.#weigh();
  }

  #onFlush(): void {
    this.#engineQueuedBytes = 0;
    this.#around.corks.hold(this.netSocket);
  }

  #weigh(): void {
    const { limits, corks, now, watch } = this.#around;
    if (this.queuedBytes <= limits.sessionLaggingBytes || !this.open) return;
    // A full turn's worth for a peer that reads well is no lag: let the network take what it can, then judge.
    corks.release(this.netSocket);
    const queuedBytes = this.queuedBytes;
    if (this.#laggingSinceMs !== undefined) {
      if (queuedBytes > this.#deadAboveBytes) this.#cutOff("slow_consumer");
    } else if (queuedBytes > limits.sessionLaggingBytes) {
      this.#laggingSinceMs = now();
      this.#deadAboveBytes = Math.max(limits.sessionDeadBytes, queuedBytes + limits.sessionLaggingBytes);
      watch(this);
      this.events.lagging(queuedBytes);
    }
  }

  #onIncoming(packet: IncomingPacket): void {
    // The protocol is text only; a binary packet could smuggle buffers into what is taken for JSON.
    const violates = typeof packet.data === "object" && packet.data !== null;
    if (violates || !this.#frames.take(this.#around.now())) this.#cutOff("protocol_violation");
  }

  #cutOff(fault: PeerFault): void {
    if (!this.open) return;
    this.terminate();
    this.events.cutOff(fault);
  }
}
