import { createServer, IncomingMessage, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { queryObjects } from "node:v8";
import { defaultLimits } from "@parley/protocol";
import { opcodes, RawWebSocket, SocketIoPeer } from "@parley/testing";
import { Server, type Socket } from "socket.io";
import { afterEach, describe, expect, it, vi } from "vitest";
import { freeHandshake, freeUpgradeRequest } from "./connection-memory.ts";
import { engineConnection } from "./engine-connection.ts";
import { engineOptions, refuseTransportChange } from "./engine-options.ts";
import { encodeEventsFrame } from "./frame.ts";
import type { Peer, PeerFault } from "./peer.ts";
import { Peers } from "./peers.ts";

interface Bench extends AsyncDisposable {
  readonly url: string;
  readonly http: HttpServer;
  readonly io: Server;
  readonly peers: Peers;
  /** Resolves with the next session. */
  connected(): Promise<{ readonly socket: Socket; readonly peer: Peer }>;
  clockMs: number;
}

async function openBench(limits: Partial<typeof defaultLimits> = {}): Promise<Bench> {
  const http = createServer();
  const io = new Server(
    http,
    engineOptions({ ...defaultLimits, ...limits }, () => true),
  );
  const bench = { clockMs: 0 };
  const peers = new Peers({ limits: { ...defaultLimits, ...limits }, now: () => bench.clockMs });
  io.engine.use(refuseTransportChange);
  io.engine.on("connection", (conn: object) => {
    peers.of(conn);
    freeUpgradeRequest(conn);
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  return Object.assign(bench, {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    http,
    io,
    peers,
    connected: () =>
      new Promise<{ socket: Socket; peer: Peer }>((done) => {
        io.once("connection", (socket) => done({ socket, peer: peers.of(socket.conn) }));
      }),
    [Symbol.asyncDispose]: async () => {
      peers[Symbol.dispose]();
      await io.close();
    },
  });
}

const payload = (first: number, text = ""): Buffer => Buffer.from(JSON.stringify({ first, text }));
let bench: Bench;
afterEach(async () => bench[Symbol.asyncDispose]());

async function open(limits: Partial<typeof defaultLimits> = {}) {
  bench = await openBench(limits);
  const next = bench.connected();
  const client = await SocketIoPeer.connect(bench.url, "token");
  return { client, ...(await next) };
}

const firsts = (client: SocketIoPeer) =>
  client.received.map(({ payload: one }) => (one as { readonly first: number }).first);

describe("what is written to a connection", () => {
  it("arrives in the order of writing, frames and emitted events alike", async () => {
    const { client, socket, peer } = await open();
    const emit = (first: number) => socket.emit("head", { first });
    peer.writeFrame(encodeEventsFrame(payload(1)));
    emit(2);
    peer.writeFrame(encodeEventsFrame(payload(3)));
    peer.writeFrame(encodeEventsFrame(payload(4)));
    emit(5);
    emit(6);
    peer.writeFrame(encodeEventsFrame(payload(7)));
    await new Promise((done) => setImmediate(done));
    emit(8);
    peer.writeFrame(encodeEventsFrame(payload(9)));
    await client.next("events", (one) => one.first === 9);
    expect(firsts(client)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("of one turn of the event loop leaves in one write", async () => {
    const { client, peer } = await open();
    await new Promise((done) => setImmediate(done));
    const write = vi.spyOn(peer.netSocket, "_writev" as never);
    for (let first = 1; first <= 5; first += 1) peer.writeFrame(encodeEventsFrame(payload(first)));
    await client.next("events", (one) => one.first === 5);
    expect(write).toHaveBeenCalledOnce();
  });

  it("is refused when the connection is gone", async () => {
    const { client, socket, peer } = await open();
    const closed = new Promise((done) => socket.once("disconnect", done));
    client[Symbol.dispose]();
    await closed;
    expect(peer.writeFrame(encodeEventsFrame(payload(1)))).toBe(false);
  });
});

describe("a peer that does not read", () => {
  const limits = { sessionLaggingBytes: 64 * 1024, sessionDeadBytes: 256 * 1024, sessionLaggingMs: 1_000 };
  const large = encodeEventsFrame(payload(1, "x".repeat(32 * 1024)));

  function watched(peer: Peer) {
    const events = { drained: vi.fn(), lagging: vi.fn(), cutOff: vi.fn<(fault: PeerFault) => void>() };
    peer.events = events;
    return events;
  }

  /** Writes until it lags; the kernel takes the first few megabytes. */
  async function fill(peer: Peer): Promise<void> {
    for (let round = 0; round < 10_000 && !peer.lagging; round += 1) {
      peer.writeFrame(large);
      await new Promise((done) => setImmediate(done));
    }
  }

  it("lags, and gets no further frames", async () => {
    const { client, peer } = await open(limits);
    const events = watched(peer);
    client.socket.pause();
    await fill(peer);
    expect(events.lagging).toHaveBeenCalledOnce();
    const queuedBytes = peer.queuedBytes;
    expect(peer.writeFrame(large)).toBe(false);
    expect(peer.queuedBytes).toBe(queuedBytes);
    expect(queuedBytes).toBeLessThan(limits.sessionDeadBytes);
    client[Symbol.dispose]();
  });

  it("is told so when it has drained", async () => {
    const { client, peer } = await open(limits);
    const events = watched(peer);
    client.socket.pause();
    await fill(peer);
    client.socket.resume();
    await vi.waitFor(() => expect(events.drained).toHaveBeenCalledOnce());
    expect(peer.lagging).toBe(false);
    expect(bench.peers.laggingCount).toBe(0);
  });

  it("is cut off when it lags for too long", async () => {
    const { client, peer } = await open(limits);
    const events = watched(peer);
    client.socket.pause();
    await fill(peer);
    bench.clockMs += limits.sessionLaggingMs;
    bench.peers.review();
    expect(events.cutOff).toHaveBeenCalledWith("slow_consumer");
    expect(peer.netSocket.destroyed).toBe(true);
  });

  it("is cut off when answers pile up, however small each is", async () => {
    const { client, socket, peer } = await open(limits);
    const events = watched(peer);
    client.socket.pause();
    await fill(peer);
    let written = 0;
    while (peer.open && written < 10_000) {
      socket.emit("head", { text: "y".repeat(1_000) });
      written += 1;
    }
    expect(events.cutOff).toHaveBeenCalledWith("slow_consumer");
    expect(written).toBeLessThan(400);
  });

  it("is not cut off by one large answer while it reads", async () => {
    const { client, socket, peer } = await open(limits);
    const events = watched(peer);
    const received = client.next("head");
    socket.emit("head", { text: "z".repeat(20 * limits.sessionDeadBytes) });
    await received;
    expect(events.cutOff).not.toHaveBeenCalled();
    expect(peer.open).toBe(true);
  });
});

describe("a hostile peer", () => {
  it("is cut off when it floods with frames", async () => {
    const { client, peer } = await open({ sessionFramesPerTenSeconds: 50 });
    const cutOff = vi.fn<(fault: PeerFault) => void>();
    peer.events = { ...peer.events, cutOff };
    for (let count = 0; count < 100; count += 1) client.packet("3");
    await client.ended;
    expect(cutOff).toHaveBeenCalledWith("protocol_violation");
  });

  it("is cut off when it floods with pings, though it reads the answers", async () => {
    const { client } = await open();
    for (let count = 0; count < 300; count += 1) client.socket.send("", { opcode: opcodes.ping });
    await client.ended;
    expect(bench.io.engine.clientsCount).toBe(0);
  });

  it("is cut off when it sends anything binary", async () => {
    const { client } = await open();
    client.packet('451-["send",{"_placeholder":true,"num":0}]');
    client.socket.send(Buffer.of(1, 2, 3), { opcode: opcodes.binary });
    await client.ended;
    expect(bench.io.engine.clientsCount).toBe(0);
  });

  it.each([
    ["a frame over the limit", (socket: RawWebSocket) => socket.send("4".repeat(70_000))],
    [
      "more fragments than any client needs",
      (socket: RawWebSocket) => {
        socket.send("4", { fin: false });
        for (let count = 0; count < 100; count += 1) socket.send("x", { fin: false, opcode: 0 });
      },
    ],
  ])("is closed for %s", async (_, misbehave) => {
    bench = await openBench();
    const socket = await RawWebSocket.connect(bench.url);
    misbehave(socket);
    await expect(socket.ended).resolves.toBeDefined();
  });
});

describe("a request that names a connection there is already", () => {
  it("is refused, whether it is an upgrade or not", async () => {
    const { socket } = await open();
    const { id } = engineConnection(socket.conn);
    const path = `/socket.io/?EIO=4&transport=websocket&sid=${id}`;
    await expect(RawWebSocket.connect(bench.url, { path })).rejects.toMatchObject({ status: 400 });
    expect((await fetch(new URL(path, bench.url))).status).toBe(400);
    expect(socket.connected).toBe(true);
  });
});

describe("an idle connection", () => {
  it("keeps neither its upgrade request nor its handshake", async () => {
    bench = await openBench();
    bench.io.on("connection", (socket) => freeHandshake(socket));
    const before = queryObjects(IncomingMessage, { format: "count" });
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => SocketIoPeer.connect(bench.url, "token")),
    );
    await new Promise((done) => setImmediate(done));
    expect(queryObjects(IncomingMessage, { format: "count" }) - before).toBeLessThan(5);
    expect([...bench.io.sockets.sockets.values()][0]?.handshake.auth).toEqual({});
    for (const client of clients) client[Symbol.dispose]();
  });
});

describe("Engine.IO's insides", () => {
  it("are where this package looks for them", async () => {
    const { socket } = await open();
    const conn = engineConnection(socket.conn);
    expect(conn.readyState).toBe("open");
    expect(Array.isArray(conn.writeBuffer)).toBe(true);
    expect(conn.transport.name).toBe("websocket");
    expect(typeof conn.transport.writable).toBe("boolean");
    expect(typeof conn.transport.socket._socket.cork).toBe("function");
    expect((conn.transport as { perMessageDeflate?: unknown }).perMessageDeflate).toBe(false);
  });
});
