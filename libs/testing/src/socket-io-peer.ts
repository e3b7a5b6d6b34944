import type {
  AckOf,
  ClientEventName,
  ConnectRefusal,
  ServerEventName,
  ServerPayloads,
} from "@parley/protocol";
import { assertAck, assertPayload } from "./wire-shapes.ts";
import { type Ending, RawWebSocket, type RawConnectOptions } from "./raw-web-socket.ts";

const answerDeadlineMs = 30_000;

/** The server refused the CONNECT packet. */
export class ConnectRefused extends Error {
  override readonly name = "ConnectRefused";
  readonly refusal: Partial<ConnectRefusal>;

  constructor(message: string, refusal: Partial<ConnectRefusal>) {
    super(`the connection was refused: ${message} ${JSON.stringify(refusal)}`);
    this.refusal = refusal;
  }
}

interface Waiting {
  readonly done: (args: readonly unknown[]) => void;
  readonly fail: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export interface PeerOptions extends RawConnectOptions {
  /** Whether what comes is kept in `received`. */
  readonly keep?: boolean;
  /** Whether answers and events must have the documented shapes; what has not is thrown. */
  readonly checked?: boolean;
}

type AnyHandler = (payload: never) => void;

/**
 * A Socket.IO client (Engine.IO 4, Socket.IO 5, WebSocket only) of a few lines: it keeps no state, never reconnects, and
 * lets one send any packet. It answers the server's heartbeats until told otherwise.
 */
export class SocketIoPeer implements Disposable {
  readonly socket: RawWebSocket;
  readonly ended: Promise<Ending>;
  /** What the server has sent so far, by name, when asked for by `keep`. */
  readonly received: { readonly event: string; readonly payload: unknown; readonly atMs: number }[] = [];
  answersHeartbeats = true;
  readonly #handlers = new Map<string, AnyHandler[]>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #keep: boolean;
  readonly #checked: boolean;
  #nextAck = 0;

  private constructor(socket: RawWebSocket, { keep = true, checked = false }: PeerOptions) {
    this.socket = socket;
    this.ended = socket.ended;
    this.#keep = keep;
    this.#checked = checked;
    socket.onMessage = (payload) => this.#message(payload.toString("utf8"));
    void socket.ended.then(() => {
      for (const { fail, timer } of this.#waiting.values()) {
        clearTimeout(timer);
        fail(new Error("the connection ended before the answer"));
      }
    });
  }

  /** Opens the transport and goes no further. */
  static async open(url: string, options: PeerOptions = {}): Promise<SocketIoPeer> {
    return new SocketIoPeer(await RawWebSocket.connect(url, options), options);
  }

  /** Connected and authenticated. Throws `ConnectRefused` when the server does not let it in. */
  static async connect(url: string, token: string, options: PeerOptions = {}): Promise<SocketIoPeer> {
    const peer = await SocketIoPeer.open(url, options);
    try {
      await peer.authenticate({ token });
      return peer;
    } catch (error) {
      peer[Symbol.dispose]();
      throw error;
    }
  }

  async authenticate(auth: unknown): Promise<void> {
    await new Promise<void>((done, fail) => {
      this.#onConnect = { done, fail };
      void this.ended.then(() => fail(new Error("the connection ended during the handshake")));
      this.packet(`40${JSON.stringify(auth)}`);
    });
  }
  #onConnect: { readonly done: () => void; readonly fail: (error: Error) => void } | undefined;

  /** Sends a packet as it is, with Engine.IO's leading type. */
  packet(text: string): void {
    this.socket.send(text);
  }

  /** Sends an event and waits for its acknowledgement. */
  async ask<Name extends ClientEventName>(event: Name, payload: unknown): Promise<AckOf<Name>> {
    const [answer] = await this.askAnything(event, [payload]);
    if (this.#checked) assertAck(event, answer);
    return answer as AckOf<Name>;
  }

  /** The same for events outside Parley's protocol: any arguments, and all those of the acknowledgement. */
  askAnything(event: string, args: readonly unknown[]): Promise<readonly unknown[]> {
    const id = this.#nextAck;
    this.#nextAck += 1;
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        fail(new Error(`no answer to ${event}`));
      }, answerDeadlineMs);
      this.#waiting.set(id, { done, fail, timer });
      this.packet(`42${id}${JSON.stringify([event, ...args])}`);
    });
  }

  on<Name extends ServerEventName>(event: Name, handler: (payload: ServerPayloads[Name]) => void): void {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]);
  }

  /** Resolves with the first payload of `event` that fits, also one kept from before. */
  next<Name extends ServerEventName>(
    event: Name,
    fits: (payload: ServerPayloads[Name]) => boolean = () => true,
  ): Promise<ServerPayloads[Name]> {
    const kept = this.received.find(
      (one) => one.event === event && fits(one.payload as ServerPayloads[Name]),
    );
    if (kept !== undefined) return Promise.resolve(kept.payload as ServerPayloads[Name]);
    const { promise, resolve, reject } = Promise.withResolvers<ServerPayloads[Name]>();
    void this.ended.then(() => reject(new Error(`the connection ended before ${event}`)));
    this.on(event, (payload) => {
      if (fits(payload)) resolve(payload);
    });
    // A test that has failed before it came to wait for this fails with its own error, not with this one.
    promise.catch(() => undefined);
    return promise;
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }

  #message(text: string): void {
    // Another namespace's: only hostile tests ask for one.
    if (text[2] === "/") return;
    if (text === "2") {
      if (this.answersHeartbeats) this.packet("3");
    } else if (text.startsWith("42")) {
      this.#event(text.slice(2));
    } else if (text.startsWith("43")) {
      this.#ack(text.slice(2));
    } else if (text.startsWith("40")) {
      this.#onConnect?.done();
    } else if (text.startsWith("44")) {
      const { message = "", data = {} } = JSON.parse(text.slice(2)) as {
        readonly message?: string;
        readonly data?: Partial<ConnectRefusal>;
      };
      this.#onConnect?.fail(new ConnectRefused(message, data));
    }
  }

  #event(text: string): void {
    const [event, payload] = JSON.parse(text) as [string, never];
    if (this.#checked) assertPayload(event, payload);
    if (this.#keep) this.received.push({ event, payload, atMs: performance.now() });
    for (const handler of this.#handlers.get(event) ?? []) handler(payload);
  }

  #ack(text: string): void {
    const start = text.indexOf("[");
    const id = Number(text.slice(0, start));
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.done(JSON.parse(text.slice(start)) as readonly unknown[]);
  }
}
