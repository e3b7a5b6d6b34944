import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ConnectRefusal,
  defaultLimits,
  mustParse,
  parseUserId,
  type RoomEvent,
  type ServerEventName,
  type ServerPayloads,
  wireError,
} from "@parley/protocol";
import { Server, type Socket } from "socket.io";
import { describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import { StoppedError } from "./client-errors.ts";
import { type ClientOptions, createClient } from "./create-client.ts";
import { MemoryStorage } from "./storage.ts";
import { ann, lobby } from "./testing/room-log-model.ts";

/**
 * A server with one room, over a real Socket.IO: it stores what is sent, answers a repeated key as replayed, and drops
 * or delays what a test tells it to.
 */
class OneRoomServer implements AsyncDisposable {
  readonly log: RoomEvent[] = [];
  readonly tokens: string[] = [];
  readonly sockets: Socket[] = [];
  readonly joins: unknown[] = [];
  /** How many of the next live events are lost on their way. */
  loseLive = 0;
  /** How many of the next sends are stored but never answered. */
  loseAcks = 0;
  refuse: ConnectRefusal | undefined;
  onStored: () => void = () => undefined;
  epoch = 1;
  readonly #http = createServer();
  readonly #io = new Server(this.#http, { transports: ["websocket"], serveClient: false });

  constructor() {
    this.#io.use((socket, next) => {
      const { token } = socket.handshake.auth as { token: string };
      this.tokens.push(token);
      const refused = this.refuse;
      next(refused === undefined ? undefined : Object.assign(new Error(refused.code), { data: refused }));
    });
    this.#io.on("connection", (socket) => {
      this.#serve(socket);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  emit<Name extends ServerEventName>(name: Name, payload: ServerPayloads[Name]): void {
    this.#io.emit(name, payload);
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const socket of this.sockets.splice(0)) socket.conn.close(true);
  }

  append(text: string, author = mustParse(parseUserId, "u_bob"), key?: string): RoomEvent {
    const seq = this.log.length + 1;
    const ts = new Date().toISOString();
    const event = { kind: "message.created", seq, n: seq, ts, author, text } as const;
    const stored = (key === undefined ? event : { ...event, key }) as RoomEvent;
    this.log.push(stored);
    this.onStored();
    if (this.loseLive > 0) this.loseLive -= 1;
    else this.#io.emit("events", { room: lobby, epoch: this.epoch, first: seq, events: [stored] });
    return stored;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#io.close();
  }

  #serve(socket: Socket): void {
    this.sockets.push(socket);
    socket.on(
      "join",
      ({ rooms }: { rooms: { room: string; cursor?: { epoch: number; seq: number } }[] }, ack) => {
        this.joins.push(...rooms);
        (ack as (answer: unknown) => void)({ ok: true, rooms: rooms.map((one) => this.#joined(one)) });
      },
    );
    socket.on("events", ({ after, limit }: { after: number; limit: number }, ack) => {
      const events = this.log.slice(after, after + limit);
      const answer = { ok: true, epoch: this.epoch, first: after + 1, events, head: this.log.length };
      (ack as (answer: unknown) => void)(answer);
    });
    socket.on("send", ({ key, text }: { key: string; text: string }, ack) => {
      const known = this.log.find((event) => event.key === key);
      const { seq, n, ts } = known ?? this.append(text, ann, key);
      if (this.loseAcks > 0) this.loseAcks -= 1;
      else (ack as (answer: unknown) => void)({ ok: true, seq, n, ts, ...(known ? { replayed: true } : {}) });
    });
    socket.on("leave", (_, ack: (answer: unknown) => void) => {
      ack({ ok: true });
    });
    const serverTime = new Date(Date.now() + 30_000).toISOString();
    const who = { node: "n_1", protocol: 1, sessionId: socket.id.replaceAll("-", "_"), userId: ann };
    socket.emit("hello", { ...who, limits: defaultLimits, serverTime });
  }

  #joined({ room, cursor }: { room: string; cursor?: { epoch: number; seq: number } }): unknown {
    const head = this.log.length;
    const common = { room, epoch: this.epoch, head, n: head, mark: 0, role: "member" };
    if (room !== lobby) return { room, ok: false, error: wireError("not_member") };
    if (cursor === undefined) return { ...common, ok: true };
    if (cursor.epoch !== this.epoch) {
      const settings = { slowModeMs: 0, archived: false, history: "all" };
      const state = {
        settings,
        kind: "group",
        role: "member",
        mark: 0,
        n: head,
        memberCount: 2,
        messages: [],
      };
      return { ...common, ok: true, reset: { reason: "epoch", state } };
    }
    const events = this.log.slice(cursor.seq, cursor.seq + 3);
    return { ...common, ok: true, events, ...(cursor.seq + 3 < head ? { more: true } : {}) };
  }
}

const seqs = (events: readonly RoomEvent[]) => events.map(({ seq }) => seq);

/** Short pauses, so that a test over real sockets is quick. */
const limits = { backOffBaseMs: 20, backOffMaxMs: 50, requestMs: 300, connectMs: 2_000 };

function clientOf(url: string, options: Partial<ClientOptions> = {}): Client {
  return createClient({ url, getToken: async () => "pb_token", limits, ...options });
}

/** Resolves when `done` holds; asked again at every state and event of the client's room. */
async function until(client: Client, done: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = () => {
      if (done()) resolve();
    };
    const room = client.room(lobby);
    client.on("state", check);
    client.outbox.events.on("change", check);
    for (const name of ["event", "state", "joined"] as const) room.on(name, check);
    check();
  });
}

function recorded(client: Client): RoomEvent[] {
  const events: RoomEvent[] = [];
  client.room(lobby).on("event", (event) => events.push(event));
  return events;
}

describe("a client over Socket.IO", () => {
  test("joins, sends, and applies its own message and others' in order", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const events = recorded(client);
    await client.room(lobby).join();
    const sent = client.room(lobby).send({ text: "hello" });
    expect(await sent.acked).toMatchObject({ seq: 1 });
    server.append("hi");
    await until(client, () => events.length === 2);
    expect(events.map(({ key }) => key)).toEqual([sent.key, undefined]);
    expect(client.stats()).toMatchObject({ connects: 1, outboxItems: 0, lastSeq: { [lobby]: 2 } });
  });

  test("closes a hole by asking for what it missed", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const events = recorded(client);
    await client.room(lobby).join();
    server.loseLive = 3;
    for (const text of ["1", "2", "3", "4", "5"]) server.append(text);
    await until(client, () => events.length === 5);
    expect(events).toEqual(server.log);
    expect(client.stats().gapsRepaired).toBe(1);
  });

  test("closes a hole at the end of a room as soon as it hears of it", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const events = recorded(client);
    await client.room(lobby).join();
    server.loseLive = 1;
    server.append("the last");
    server.emit("head", { room: lobby, epoch: 1, seq: 1, n: 1 });
    await until(client, () => events.length === 1);
    expect(events).toEqual(server.log);
  });

  test("resumes with its cursor over a lost connection, pulling what the join did not hold", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const events = recorded(client);
    await client.room(lobby).join();
    server.append("before");
    await until(client, () => events.length === 1);
    server.cut();
    for (let index = 0; index < 8; index += 1) server.append("while away");
    await until(client, () => events.length === 9);
    expect(seqs(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(server.joins[1]).toEqual({ room: lobby, cursor: { epoch: 1, seq: 1 } });
    expect(client.stats()).toMatchObject({ reconnects: 1, duplicatesDropped: 0 });
  });

  test("a send whose answer is lost is sent again under its key and applied once", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    server.loseAcks = 2;
    const [first, second] = ["1", "2"].map((text) => client.room(lobby).send({ text }));
    expect(await first!.acked).toMatchObject({ seq: 1, replayed: true });
    expect(await second!.acked).toMatchObject({ seq: 2 });
    expect(server.log).toHaveLength(2);
    expect(client.stats().commandsRetried).toBe(2);
  });

  test("what a client had not sent when it ended is sent by the next one, which goes on at its cursor", async () => {
    await using server = new OneRoomServer();
    const url = await server.listen();
    const storage = new MemoryStorage();
    const first = clientOf(url, { storage });
    await first.connect();
    await first.room(lobby).join();
    const events = recorded(first);
    server.append("seen");
    await until(first, () => events.length === 1);
    server.loseAcks = 1;
    server.loseLive = 1;
    const stored = new Promise<void>((resolve) => {
      server.onStored = resolve;
    });
    const sent = first.room(lobby).send({ text: "unanswered" });
    await stored;
    await first.close();
    await expect(sent.acked).rejects.toThrow("closed");

    await using second = clientOf(url, { storage });
    const seen = recorded(second);
    await second.connect();
    await second.room(lobby).join();
    expect(await second.flush({ timeoutMs: 5_000 })).toBe(true);
    await until(second, () => seen.length > 0);
    expect([server.log.length, seqs(seen), seen[0]!.key]).toEqual([2, [2], sent.key]);
  });

  test("announces a new epoch by a reset before its events", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const said: (string | number)[] = [];
    const room = client.room(lobby);
    room.on("event", ({ seq }) => said.push(seq));
    room.on("reset", ({ reason, cursor }) => said.push(`${reason} ${cursor.epoch}/${cursor.seq}`));
    await room.join();
    server.append("old");
    await until(client, () => said.length === 1);
    server.log.length = 0;
    server.epoch = 2;
    server.append("new");
    await until(client, () => room.state.kind === "live" && room.cursor?.epoch === 2);
    server.append("newer");
    await until(client, () => said.at(-1) === 2);
    expect(said).toEqual([1, "epoch 2/1", 2]);
  });

  test("a room is an async iterable that ends when it is left", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const room = client.room(lobby);
    await room.join();
    const read: number[] = [];
    const reading = (async () => {
      for await (const { seq } of room) {
        read.push(seq);
        if (seq === 2) await room.leave();
      }
    })();
    server.append("1");
    server.append("2");
    await reading;
    expect([read, room.state.kind]).toEqual([[1, 2], "closed"]);
  });

  test("comes back at its drain slot with nothing lost", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const events = recorded(client);
    await client.room(lobby).join();
    const states: string[] = [];
    client.on("state", ({ kind }) => states.push(kind));
    server.emit("drain", { afterMs: 30, reason: "deploy" });
    server.append("during the drain");
    await until(client, () => client.stats().reconnects === 1 && events.length === 1);
    await until(client, () => client.room(lobby).state.kind === "live");
    expect(states).toEqual(["draining", "connecting", "online"]);
  });

  test("stops when it is revoked, and a connect says so", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const stopped = new Promise((resolve) => {
      client.on("state", (state) => {
        if (state.kind === "stopped") resolve(state.reason);
      });
    });
    server.emit("revoked", { reason: "token_revoked" });
    server.cut();
    expect(await stopped).toBe("token_revoked");
    server.refuse = { code: "token_revoked" };
    await expect(client.connect()).rejects.toThrow(StoppedError);
  });

  test("connects with a fresh token when the first has expired", async () => {
    await using server = new OneRoomServer();
    server.refuse = { code: "token_expired" };
    let issued = 0;
    const getToken = async () => {
      issued += 1;
      if (issued === 2) server.refuse = undefined;
      return `pb_${issued}`;
    };
    await using client = clientOf(await server.listen(), { getToken });
    await client.connect();
    expect(server.tokens).toEqual(["pb_1", "pb_2"]);
  });

  test("waits out a refusal of the server that will pass", async () => {
    await using server = new OneRoomServer();
    server.refuse = { code: "server_busy", retryAfterMs: 20 };
    await using client = clientOf(await server.listen());
    client.on("state", (state) => {
      if (state.kind === "waiting") server.refuse = undefined;
    });
    await client.connect();
    expect(client.state.kind).toBe("online");
  });

  test("says that it may not join a room it is no member of", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const attic = client.room("r_attic");
    await expect(attic.join()).rejects.toMatchObject({ code: "not_member" });
    expect(attic.state).toMatchObject({ kind: "refused" });
  });

  test("makes keys of the server's time", async () => {
    await using server = new OneRoomServer();
    await using client = clientOf(await server.listen());
    await client.connect();
    const { key } = client.room(lobby).send({ text: "hello" });
    const keyMs = Number.parseInt(key.replaceAll("-", "").slice(0, 12), 16);
    expect(Math.abs(keyMs - Date.now() - 30_000)).toBeLessThan(5_000);
  });
});
