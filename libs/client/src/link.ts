import {
  type AckOf,
  type ClientEventName,
  type ClientPayload,
  closeCatalogue,
  type CloseCode,
  type ConnectAuth,
  type ConnectRefusal,
  errorCatalogue,
  type Hello,
  type ServerEventName,
  type ServerPayloads,
  wireError,
} from "@parley/protocol";
import { io } from "socket.io-client";
import { type Cancel, type Clock, noCancel } from "./clock.ts";
import type { Ending } from "./reconnect-plan.ts";

/** One socket's life, from opening to its end; never used again after it. */
export interface Link {
  /**
   * Asks and waits. Never rejects: without an answer in time, or when the socket ends first, the answer is `unknown`;
   * on a socket that is not connected it is `unavailable`, and nothing was sent.
   */
  request<Name extends ClientEventName>(name: Name, payload: ClientPayload<Name>): Promise<AckOf<Name>>;
  /** Ends the link. `ended` is not called. */
  close(): void;
}

/** What happens on a link. After `ended` nothing more does. */
export interface LinkEvents {
  readonly hello: (hello: Hello) => void;
  readonly received: <Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]) => void;
  readonly ended: (ending: Ending) => void;
  /** A request was answered after `tookMs`. */
  readonly answered: (tookMs: number) => void;
}

export interface LinkTarget {
  readonly url: string;
  readonly auth: ConnectAuth;
  readonly connectMs: number;
  readonly requestMs: number;
  readonly clock: Clock;
}

export type OpenLink = (target: LinkTarget, events: LinkEvents) => Link;

const serverEvents: Readonly<Record<ServerEventName, true>> = {
  hello: true,
  events: true,
  head: true,
  resync: true,
  typing: true,
  presence: true,
  marks: true,
  notice: true,
  drain: true,
  closing: true,
  revoked: true,
};
const serverEventNames = Object.keys(serverEvents) as readonly ServerEventName[];

/** As much of a Socket.IO socket as a link uses. */
interface PlainSocket {
  readonly connected: boolean;
  on(name: string, listener: (payload: never) => void): void;
  timeout(ms: number): {
    emit(name: string, payload: unknown, done: (error: unknown, ack: unknown) => void): void;
  };
  removeAllListeners(): void;
  disconnect(): void;
}

/** A link over Socket.IO: WebSocket only (no stickiness needed), and without Socket.IO's own reconnection. */
export const openSocketLink: OpenLink = (target, events) => {
  const socket: PlainSocket = io(target.url, {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    auth: target.auth,
    timeout: target.connectMs,
  });
  return new SocketLink(socket, target, events);
};

class SocketLink implements Link {
  readonly #socket: PlainSocket;
  readonly #target: LinkTarget;
  readonly #events: LinkEvents;
  #cancelDeadline: Cancel = noCancel;
  /** What the server said about the end that is about to come. */
  #announced: Ending | undefined;
  #over = false;

  constructor(socket: PlainSocket, target: LinkTarget, events: LinkEvents) {
    this.#socket = socket;
    this.#target = target;
    this.#events = events;
    this.#cancelDeadline = target.clock.after(target.connectMs, () => {
      this.#end({ kind: "lost", reason: "no hello in time" });
    });
    for (const name of serverEventNames) {
      socket.on(name, (payload: ServerPayloads[typeof name]) => {
        this.#received(name, payload);
      });
    }
    socket.on("disconnect", (reason: string) => {
      this.#end(this.#announced ?? { kind: "lost", reason });
    });
    socket.on("connect_error", (error: Error & { data?: unknown }) => {
      this.#end(refusalOf(error.data) ?? { kind: "lost", reason: error.message });
    });
  }

  async request<Name extends ClientEventName>(
    name: Name,
    payload: ClientPayload<Name>,
  ): Promise<AckOf<Name>> {
    if (this.#over || !this.#socket.connected) return refused("unavailable", "not connected");
    const { clock, requestMs } = this.#target;
    const startedMs = clock.nowMs();
    return new Promise((resolve) => {
      this.#socket.timeout(requestMs).emit(name, payload, (error, ack) => {
        if (error !== null && error !== undefined) {
          resolve(refused("unknown", `${name} was not answered within ${requestMs} ms`));
        } else {
          if (!this.#over) this.#events.answered(clock.nowMs() - startedMs);
          resolve(ack as AckOf<Name>);
        }
      });
    });
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelDeadline();
    this.#socket.disconnect();
    this.#socket.removeAllListeners();
  }

  #received<Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]): void {
    if (this.#over) return;
    if (name === "hello") {
      this.#cancelDeadline();
      this.#events.hello(payload as Hello);
      return;
    }
    if (name === "closing") this.#announced = closingOf(payload as ServerPayloads["closing"]);
    if (name === "revoked") {
      this.#announced = { kind: "closed", code: (payload as ServerPayloads["revoked"]).reason };
    }
    this.#events.received(name, payload);
  }

  #end(ending: Ending): void {
    if (this.#over) return;
    this.close();
    this.#events.ended(ending);
  }
}

const refused = (code: "unknown" | "unavailable", message: string) =>
  ({ ok: false, error: wireError(code, message) }) as const;

function closingOf({ code, retryAfterMs }: ServerPayloads["closing"]): Ending {
  if (!Object.hasOwn(closeCatalogue, code)) return { kind: "lost", reason: code };
  return retryAfterMs === undefined ? { kind: "closed", code } : { kind: "closed", code, retryAfterMs };
}

/** The refusal in a `connect_error`'s data; `undefined` when the error is not the server's. */
function refusalOf(data: unknown): Ending | undefined {
  if (typeof data !== "object" || data === null || !("code" in data)) return undefined;
  const { code } = data;
  if (typeof code !== "string") return undefined;
  if (!Object.hasOwn(closeCatalogue, code) && !Object.hasOwn(errorCatalogue, code)) return undefined;
  const known = code as CloseCode;
  const retryAfterMs = "retryAfterMs" in data ? data.retryAfterMs : undefined;
  const refusal: ConnectRefusal =
    typeof retryAfterMs === "number" ? { code: known, retryAfterMs } : { code: known };
  return { kind: "refused", refusal };
}
