import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * An address that stays while the server behind it is killed and started again elsewhere, and that loses connections on
 * request. Without a target, and while the target refuses, every connection is reset.
 */
export class TcpProxy implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #links = new Set<Socket>();
  #target: URL | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (inbound) => this.#link(inbound));
  }

  static async start(): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new TcpProxy(server);
  }

  set target(url: string | undefined) {
    this.#target = url === undefined ? undefined : new URL(url);
  }

  /** Resets the connections that `chosen` picks: all of them unless told. Says how many. */
  cut(chosen: () => boolean = () => true): number {
    const victims = [...this.#links].filter(() => chosen());
    for (const victim of victims) victim.resetAndDestroy();
    return victims.length;
  }

  #link(inbound: Socket): void {
    inbound.on("error", () => inbound.destroy());
    if (this.#target === undefined) {
      inbound.resetAndDestroy();
      return;
    }
    const outbound = connect({
      host: this.#target.hostname,
      port: Number(this.#target.port),
      noDelay: true,
    });
    outbound.on("error", () => outbound.destroy());
    outbound.on("close", () => inbound.destroy());
    inbound.on("close", () => {
      this.#links.delete(inbound);
      outbound.destroy();
    });
    this.#links.add(inbound);
    inbound.pipe(outbound).pipe(inbound);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#target = undefined;
    this.cut();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
