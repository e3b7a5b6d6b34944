import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import type { CloseCode } from "@parley/protocol";
import {
  type AcceptBucket,
  admit,
  type AdmissionLimits,
  fullBucket,
  type NodeLoad,
} from "../../domain/admission.ts";
import type { OriginPolicy } from "../origin-policy.ts";

export interface UpgradeGateParts {
  readonly limits: AdmissionLimits;
  readonly originAllowed: OriginPolicy;
  readonly nowMs: () => number;
  readonly connections: () => number;
  readonly eventLoopDelayMs: () => number;
  readonly refused: (code: CloseCode) => void;
}

const statusLines = {
  403: "403 Forbidden",
  503: "503 Service Unavailable",
} as const;

/**
 * Who may open a socket: asked before the upgrade, when a refusal costs one write and no memory.
 *
 * Handshakes are counted from here to `authenticated`, or to the end of the connection.
 */
export class UpgradeGate {
  /** No socket is let in while closed: before the node is ready, and when it drains. */
  open = false;
  readonly #parts: UpgradeGateParts;
  readonly #handshakes = new Set<NetSocket>();
  #bucket: AcceptBucket;

  constructor(parts: UpgradeGateParts) {
    this.#parts = parts;
    this.#bucket = fullBucket(parts.limits, parts.nowMs());
  }

  get handshakes(): number {
    return this.#handshakes.size;
  }

  /** Whether the upgrade may go on. If not, the request was answered and its connection ended. */
  readonly allow = (request: IncomingMessage): boolean => {
    const { origin, host } = request.headers;
    if (!this.#parts.originAllowed(origin, host)) {
      this.#refuse(request.socket, { status: 403, code: "origin_refused", retryAfterMs: undefined });
      return false;
    }
    const admission = admit(this.#bucket, this.#load(), this.#parts.limits);
    this.#bucket = admission.bucket;
    if (!admission.admitted) {
      this.#refuse(request.socket, { status: 503, ...admission });
      return false;
    }
    this.#handshakes.add(request.socket);
    request.socket.once("close", this.#forget);
    return true;
  };

  /** The handshake on this connection has come to its end. */
  authenticated(socket: NetSocket): void {
    if (this.#handshakes.delete(socket)) socket.removeListener("close", this.#forget);
  }

  readonly #forget = (): void => {
    for (const socket of this.#handshakes) if (socket.destroyed) this.#handshakes.delete(socket);
  };

  #load(): NodeLoad {
    const { nowMs, connections, eventLoopDelayMs } = this.#parts;
    return {
      nowMs: nowMs(),
      connections: connections(),
      handshakes: this.#handshakes.size,
      eventLoopDelayMs: eventLoopDelayMs(),
      draining: !this.open,
    };
  }

  #refuse(
    socket: NetSocket,
    {
      status,
      code,
      retryAfterMs,
    }: {
      readonly status: keyof typeof statusLines;
      readonly code: CloseCode;
      readonly retryAfterMs: number | undefined;
    },
  ): void {
    this.#parts.refused(code);
    const body = JSON.stringify(retryAfterMs === undefined ? { code } : { code, retryAfterMs });
    const retry = retryAfterMs === undefined ? "" : `Retry-After: ${Math.ceil(retryAfterMs / 1_000)}\r\n`;
    // A peer that goes away while it is refused is no news.
    socket.on("error", () => undefined);
    socket.end(
      `HTTP/1.1 ${statusLines[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `${retry}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  }
}
