import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** Reserved bits 1 to 3, as one number of three bits. */
  readonly reserved?: number;
  /** Clients must mask; one that does not violates RFC 6455. */
  readonly masked?: boolean;
}

/** One frame of RFC 6455 §5.2, as right or wrong as asked for. */
export function frame(payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { opcode = opcodes.text, fin = true, reserved = 0, masked = true } = options;
  const body = Buffer.from(payload);
  const lengthBytes = body.length < 126 ? 0 : body.length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? body.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(body.length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(body.length), 2);
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  for (let index = 0; index < body.length; index += 1) {
    body[index] = (body[index] ?? 0) ^ (mask[index % 4] ?? 0);
  }
  return Buffer.concat([head, mask, body]);
}

/** How a connection ended: with a WebSocket close code, or without a word. */
export interface Ending {
  readonly code: number | undefined;
}

export interface RawConnectOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server answered an upgrade with something else. */
export class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
  readonly status: number;

  constructor(status: number) {
    super(`the upgrade was answered with ${status}`);
    this.status = status;
  }
}

/**
 * A WebSocket client that does only what it is told: it answers no ping, sends what nobody should, and stops reading on
 * request. Made for hostile peers, and cheap enough to be one of a thousand.
 */
export class RawWebSocket implements Disposable {
  /** Called with each complete text or binary message; the buffer is valid only during the call. */
  onMessage: (payload: Buffer) => void = () => {};
  /** Called with each control frame but the close. */
  onControl: (opcode: number, payload: Buffer) => void = () => {};
  readonly ended: Promise<Ending>;
  bytesReceived = 0;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];
  #closeCode: number | undefined;

  private constructor(socket: Socket, rest: Buffer) {
    this.#socket = socket;
    this.ended = new Promise((done) => {
      socket.once("close", () => done({ code: this.#closeCode }));
    });
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => socket.end());
    if (rest.length > 0) queueMicrotask(() => this.#take(rest));
  }

  /** Throws `UpgradeRefused` when the answer to the upgrade is not 101. */
  static async connect(url: string, options: RawConnectOptions = {}): Promise<RawWebSocket> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const path = options.path ?? "/socket.io/?EIO=4&transport=websocket";
    const headers = {
      Host: `${hostname}:${port}`,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      "Sec-WebSocket-Version": "13",
      ...options.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    const { status, rest } = await upgradeAnswer(socket);
    if (status === 101) return new RawWebSocket(socket, rest);
    socket.destroy();
    throw new UpgradeRefused(status);
  }

  get open(): boolean {
    return this.#socket.writable && !this.#socket.destroyed;
  }

  send(payload: Buffer | string, options?: FrameOptions): void {
    this.sendBytes(frame(payload, options));
  }

  /** Bytes that need not be a frame. */
  sendBytes(bytes: Buffer): void {
    if (this.open) this.#socket.write(bytes);
  }

  /** Resolves when what was sent has left, or the connection is gone. */
  async drained(): Promise<void> {
    if (this.#socket.writableLength === 0 || !this.open) return;
    await new Promise<void>((done) => {
      const finish = () => {
        this.#socket.off("drain", finish).off("close", finish);
        done();
      };
      this.#socket.once("drain", finish).once("close", finish);
    });
  }

  /** Reads nothing more until `resume`: what the server writes stays in its buffers. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection without a word. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let offset = 0;
    for (let next = this.#frameAt(offset); next !== undefined; next = this.#frameAt(offset)) {
      this.#frame(next);
      offset = next.end;
    }
    this.#received = this.#received.subarray(offset);
  }

  #frameAt(offset: number): ReceivedFrame | undefined {
    const bytes = this.#received;
    if (bytes.length < offset + 2) return undefined;
    const short = (bytes[offset + 1] ?? 0) & 0x7f;
    const start = offset + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (bytes.length < start) return undefined;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(offset + 2)
          : Number(bytes.readBigUInt64BE(offset + 2));
    if (bytes.length < start + length) return undefined;
    const first = bytes[offset] ?? 0;
    const end = start + length;
    return { fin: first >= 0x80, opcode: first & 0x0f, payload: bytes.subarray(start, end), end };
  }

  #frame({ fin, opcode, payload }: ReceivedFrame): void {
    if (opcode === opcodes.close) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#socket.end(frame(payload.subarray(0, 2), { opcode: opcodes.close }));
    } else if (opcode >= 8) {
      this.onControl(opcode, payload);
    } else if (fin && this.#fragments.length === 0) {
      this.onMessage(payload);
    } else {
      this.#fragments.push(Buffer.from(payload));
      if (!fin) return;
      const whole = Buffer.concat(this.#fragments);
      this.#fragments = [];
      this.onMessage(whole);
    }
  }
}

interface ReceivedFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  readonly end: number;
}

function upgradeAnswer(socket: Socket): Promise<{ readonly status: number; readonly rest: Buffer }> {
  return new Promise((done, fail) => {
    let received = Buffer.alloc(0);
    const finish = () => socket.off("data", read).off("error", failed).off("close", closed);
    const failed = (cause: Error) => {
      finish();
      fail(cause);
    };
    const closed = () => failed(new Error("the connection ended before the upgrade was answered"));
    const read = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      finish();
      const status = Number(/^HTTP\/1\.1 (\d{3})/u.exec(received.toString("latin1", 0, end))?.[1]);
      done({ status, rest: received.subarray(end + 4) });
    };
    socket.on("data", read).once("error", failed).once("close", closed);
  });
}
