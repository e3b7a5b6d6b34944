import type { Peer } from "@parley/fanout";
import {
  closeCatalogue,
  type CloseCode,
  type RoomId,
  type ServerEventName,
  type ServerPayloads,
} from "@parley/protocol";
import type { SessionLink } from "../../actors/session.ts";
import { roomChannel } from "./channels.ts";
import type { IoSocket } from "./io-server.ts";

/** For the client to read why, and to answer the close; then the connection is cut. */
const lingerMs = 2_000;

/** A session's connection. */
export class SocketLink implements SessionLink {
  readonly #socket: IoSocket;
  readonly #peer: Peer;
  /** The client was told of an end, and by which code. */
  #closedBy: CloseCode | undefined;
  #waiting: (() => void)[] = [];

  constructor(socket: IoSocket, peer: Peer) {
    this.#socket = socket;
    this.#peer = peer;
  }

  get open(): boolean {
    return this.#socket.connected && this.#closedBy === undefined;
  }

  /** The code by which the server has ended it; `undefined`: it did not. */
  get closedBy(): CloseCode | undefined {
    return this.#closedBy;
  }

  writable(): Promise<void> {
    if (!this.#peer.lagging || !this.open) return Promise.resolve();
    return new Promise((done) => this.#waiting.push(done));
  }

  /** Those who wait for room go on: it has drained, or it is gone. */
  goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  writeFrame(frame: Uint8Array): boolean {
    return this.#closedBy === undefined && this.#peer.writeFrame(frame);
  }

  emit<Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]): void {
    // The events' map says the same; the compiler cannot see that one name goes with one payload.
    (this.#socket as { emit(event: string, payload: unknown): boolean }).emit(name, payload);
  }

  entered(room: RoomId): void {
    void this.#socket.join(roomChannel(room));
  }

  left(room: RoomId): void {
    void this.#socket.leave(roomChannel(room));
  }

  close(code: CloseCode): void {
    if (this.#closedBy !== undefined) return;
    const backOff = closeCatalogue[code].class === "back-off";
    this.emit("closing", backOff ? { code, retryAfterMs: lingerMs } : { code });
    this.#closedBy = code;
    this.#socket.disconnect(true);
    setTimeout(() => this.#peer.terminate(), lingerMs).unref();
  }

  /** It was cut off by `code` without a word. */
  cut(code: CloseCode): void {
    this.#closedBy ??= code;
    this.goOn();
  }
}
