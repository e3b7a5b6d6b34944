import type { ServerOptions } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import { WindowBudget } from "./window-budget.ts";

/** Fragments of one message. Clients have no reason to split what is at most a frame's limit. */
const fragmentsMax = 64;
/** Network reads of which one frame may be made up. */
const bufferedChunksMax = 1_024;
/** Answers to pings that the peer has not read yet. */
const pendingPongsMax = 8;
/** Pings answered in ten seconds; the protocol's own heartbeat goes the other way and needs none. */
const pingsPerTenSeconds = 100;
/** From our close frame to the end of the connection, with or without the peer's. */
const closeTimeoutMs = 3_000;

/** A WebSocket that ends a peer which does nothing but ping: each answer costs a system call. */
class GuardedWebSocket extends WebSocket {
  readonly #pings = new WindowBudget(pingsPerTenSeconds);

  override pong(...answer: Parameters<WebSocket["pong"]>): void {
    if (this.#pings.take(performance.now())) super.pong(...answer);
    else this.terminate();
  }
}

/** `ServerOptions` with what ws 8.23 knows and its types do not. */
interface BoundedOptions extends ServerOptions {
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly maxPendingAutoPongs: number;
  readonly closeTimeout: number;
}

/** The `wsEngine` for Socket.IO: `ws` with every buffer bounded for small text frames, and no compression. */
export class BoundedWebSocketServer extends WebSocketServer<typeof GuardedWebSocket> {
  constructor(options: ServerOptions<typeof GuardedWebSocket>) {
    const bounded: BoundedOptions & ServerOptions<typeof GuardedWebSocket> = {
      ...options,
      perMessageDeflate: false,
      maxFragments: fragmentsMax,
      maxBufferedChunks: bufferedChunksMax,
      maxPendingAutoPongs: pendingPongsMax,
      closeTimeout: closeTimeoutMs,
      WebSocket: GuardedWebSocket,
    };
    super(bounded);
  }
}
