import { newBotToken } from "@parley/auth";
import { revocationRoom } from "@parley/protocol";
import { RawWebSocket, SocketIoPeer } from "@parley/testing";
import { describe, expect, it, vi } from "vitest";
import {
  accounts,
  ann,
  bob,
  closing,
  connect,
  gateway,
  history,
  key,
  refusal,
  room,
  send,
  stack,
  start,
  token,
} from "./testing/service-fixture.ts";

describe("getting in", () => {
  it("is greeted with who one is and what the limits are", async () => {
    await start();
    const peer = await connect(ann);
    expect(await peer.next("hello")).toMatchObject({ userId: ann, protocol: 1, node: gateway.node });
  });

  it.each([
    ["no token", {}],
    ["a token that is none", { token: "nonsense" }],
    ["fields that nobody knows", { token: "nonsense", admin: true }],
  ])("is refused with %s", async (_, auth) => {
    await start();
    const peer = stack.use(await SocketIoPeer.open(gateway.url));
    expect(await refusal(peer.authenticate(auth))).toBe("unauthorized");
  });

  it("is refused to pages of other origins, before the upgrade", async () => {
    await start();
    const headers = { Origin: "https://evil.example" };
    await expect(RawWebSocket.connect(gateway.url, { headers })).rejects.toMatchObject({ status: 403 });
  });

  it("is refused with Retry-After when the node has all the sockets it may have", async () => {
    await start({ connectionsMax: 1 });
    await connect(ann);
    await expect(RawWebSocket.connect(gateway.url)).rejects.toMatchObject({ status: 503 });
  });

  it("is refused when too many are in the handshake, until one is through or gone", async () => {
    await start({ handshakesMax: 1 });
    const first = stack.use(await SocketIoPeer.open(gateway.url));
    await expect(RawWebSocket.connect(gateway.url)).rejects.toMatchObject({ status: 503 });
    await first.authenticate({ token: token(ann) });
    await connect(bob);
  });

  it("ends when nobody says who they are", async () => {
    await start({ handshakeMs: 50 });
    const peer = stack.use(await SocketIoPeer.open(gateway.url));
    await expect(peer.ended).resolves.toBeDefined();
  });

  it("is refused to one who has all the sessions one may have", async () => {
    await start({ userSessionsMax: 1 });
    await connect(ann);
    expect(await refusal(connect(ann))).toBe("too_many_sessions");
  });
});

describe("a session", () => {
  it("that comes back takes the place of its former socket", async () => {
    await start({ userSessionsMax: 1 });
    const former = await connect(ann);
    const { sessionId } = await former.next("hello");
    const now = await connect(ann, { session: sessionId });
    expect(await closing(former)).toBe("session_replaced");
    expect((await now.next("hello")).sessionId).toBe(sessionId);
  });

  it("cannot be taken by somebody else", async () => {
    await start();
    const { sessionId } = await (await connect(ann)).next("hello");
    const other = await connect(bob, { session: sessionId });
    expect((await other.next("hello")).sessionId).not.toBe(sessionId);
  });

  it("is not taken by somebody else who asks for its id in the same moment", async () => {
    await start();
    const bots = [ann, bob].map((userId) => ({ userId, ...newBotToken() }));
    const { promise, resolve } = Promise.withResolvers<void>();
    vi.spyOn(accounts, "botTokenByHash").mockImplementation(async (hash) => {
      await promise;
      const { userId, tokenId } = bots.find((bot) => bot.hash === hash)!;
      return { userId, tokenId, scopes: [], createdAt: new Date().toISOString(), revoked: false } as never;
    });
    const asking = bots.map(({ userId, token: bearer }) =>
      connect(userId, { token: bearer, session: "one" }),
    );
    await vi.waitFor(() => expect(accounts.botTokenByHash).toHaveBeenCalledTimes(2));
    resolve();
    const peers = await Promise.all(asking);
    const codes = await Promise.all(
      peers.map((peer) => Promise.race([closing(peer), peer.ask("leave", { room })])),
    );
    expect(codes).toContain("server_busy");
    expect(codes).not.toContain("session_replaced");
  });

  it("does not come back after its id was revoked", async () => {
    await start();
    const { sessionId } = await (await connect(ann)).next("hello");
    await revoke("session", sessionId);
    expect(await refusal(connect(ann, { session: sessionId }))).toBe("token_revoked");
  });

  it("ends with its token, unless it brings a fresh one", async () => {
    await start();
    const short = token(ann, 1_500);
    const [left, stayed] = await Promise.all([
      connect(ann, { token: short }),
      connect(ann, { token: short }),
    ]);
    expect(await stayed.ask("auth.refresh", { token: token(ann) })).toMatchObject({ ok: true });
    expect(await left.next("revoked")).toEqual({ reason: "token_expired" });
    expect(await closing(left)).toBe("token_expired");
    expect(await stayed.ask("typing", { room, on: true })).toMatchObject({ error: { code: "not_joined" } });
  });

  it("cannot go on as somebody else", async () => {
    await start();
    const peer = await connect(ann);
    expect(await peer.ask("auth.refresh", { token: token(bob) })).toMatchObject({
      error: { code: "forbidden" },
    });
  });

  it("is closed when its user's access is revoked, and does not come back with that token", async () => {
    await start();
    const bearer = token(bob);
    const [gone, stays] = await Promise.all([connect(bob, { token: bearer }), connect(ann)]);
    await revoke("user", bob);
    expect(await gone.next("revoked")).toEqual({ reason: "token_revoked" });
    await gone.ended;
    expect(await refusal(connect(bob, { token: bearer }))).toBe("token_revoked");
    expect((await send(stays, "still here")).ok).toBe(true);
  });
});

/** As another node would: by the reserved room alone. */
async function revoke(subject: "user" | "session", id: string): Promise<void> {
  const action = { kind: "access.revoke", subject, id, until: "2099-01-01T00:00:00.000Z" } as const;
  const command = { room: revocationRoom, author: ann, bot: false, key: key(), action };
  await history.handle({ op: "command", ask: { command: command as never } });
}

describe("a room", () => {
  it("reaches everybody who has it open, and nobody who has left it", async () => {
    await start();
    const [one, two] = await Promise.all([connect(ann), connect(bob)]);
    for (const peer of [one, two]) await peer.ask("join", { rooms: [{ room }] });
    await send(one, "first");
    await two.next("events", ({ first }) => first === 1);
    await two.ask("leave", { room });
    await send(one, "second");
    await one.next("events", ({ first }) => first === 2);
    expect(two.received.filter(({ event }) => event === "events")).toHaveLength(1);
  });

  it("tells others of typing, and not oneself", async () => {
    await start();
    const [one, two] = await Promise.all([connect(ann), connect(bob)]);
    for (const peer of [one, two]) await peer.ask("join", { rooms: [{ room }] });
    await one.ask("typing", { room, on: true });
    expect(await two.next("typing")).toEqual({ room, user: ann, on: true });
    expect(one.received.some(({ event }) => event === "typing")).toBe(false);
  });

  it("shows each read mark once: to the others in it, and to all devices of who has read", async () => {
    await start();
    const [reader, device, other] = await Promise.all([connect(ann), connect(ann), connect(bob)]);
    for (const peer of [reader, device, other]) await peer.ask("join", { rooms: [{ room }] });
    expect(await reader.ask("read", { room, seq: 0 })).toMatchObject({ ok: true });
    const peers = [reader, device, other];
    for (const peer of peers) await peer.next("marks");
    for (const peer of peers) await peer.ask("leave", { room });
    const counts = peers.map(({ received }) => received.filter(({ event }) => event === "marks").length);
    expect(counts).toEqual([1, 1, 1]);
  });

  it("of the service's own does not exist for clients", async () => {
    await start();
    const peer = await connect(ann);
    const answer = await peer.ask("join", { rooms: [{ room: revocationRoom }] });
    expect(answer).toMatchObject({ ok: true, rooms: [{ ok: false, error: { code: "no_such_room" } }] });
  });

  it("named twice in one join is opened once", async () => {
    await start();
    const peer = await connect(ann);
    const answer = await peer.ask("join", { rooms: [{ room }, { room: "other" }, { room }] });
    expect(answer).toMatchObject({
      rooms: [{ ok: true }, { ok: true }, { room, error: { code: "bad_request" } }],
    });
    await send(peer, "hello");
    expect((await peer.next("events")).first).toBe(1);
  });

  it("is one too many above the limit of open rooms", async () => {
    await start({ sessionRoomsMax: 2 });
    const peer = await connect(ann);
    const rooms = ["a", "b", "c"].map((name) => ({ room: name }));
    const answer = await peer.ask("join", { rooms });
    expect(answer).toMatchObject({
      rooms: [{ ok: true }, { ok: true }, { error: { code: "too_many_rooms" } }],
    });
  });
});

describe("a session that does not read", () => {
  const large = "x".repeat(50_000);
  const limits = { sessionLaggingBytes: 65_536, sessionDeadBytes: 262_144 };

  /** Fills what the system buffers for a socket that is not read. */
  async function flood(entries: number): Promise<void> {
    for (let count = 0; count < entries; count += 1) {
      history.say(room, ann, large);
      if (count % 10 === 0) await new Promise((done) => setImmediate(done));
    }
  }

  it("is shown the head of what it missed when it reads again, and holds nobody up", async () => {
    await start(limits);
    const [slow, quick] = await Promise.all([connect(ann), connect(bob)]);
    for (const peer of [slow, quick]) await peer.ask("join", { rooms: [{ room }] });
    slow.socket.pause();
    await flood(400);
    await quick.next("events", ({ first }) => first === 400);
    expect(quick.received.some(({ event }) => event === "head")).toBe(false);
    slow.socket.resume();
    expect(await slow.next("head")).toEqual({ room, epoch: 1, seq: 400, n: 400 });
    history.say(room, ann, "small");
    expect((await slow.next("events", ({ first }) => first === 401)).events).toHaveLength(1);
  });

  it("is closed when it lags for too long", async () => {
    await start({ ...limits, sessionLaggingMs: 50 });
    const slow = await connect(ann);
    await slow.ask("join", { rooms: [{ room }] });
    slow.socket.pause();
    await flood(400);
    await vi.waitFor(
      async () =>
        expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(
          /parley_gateway_sessions_ended_total\{reason="slow_consumer"\} 1/u,
        ),
      { timeout: 5_000 },
    );
  });
});

describe("commands of a session", () => {
  it("sent at once are decided in the order sent", async () => {
    await start();
    const peer = await connect(ann);
    const acks = await Promise.all(["a", "b", "c", "d"].map((text) => send(peer, text)));
    expect(acks.map((ack) => ack.ok && ack.seq)).toEqual([1, 2, 3, 4]);
  });

  it("that follow one to be retried are not attempted before it", async () => {
    await start();
    history.failures = ["unknown"];
    const peer = await connect(ann);
    const [first, second] = [key(), key()];
    const acks = await Promise.all([send(peer, "a", first), send(peer, "b", second)]);
    expect(acks).toMatchObject([{ error: { code: "unknown" } }, { error: { code: "not_attempted" } }]);
    expect(await send(peer, "b", second)).toMatchObject({
      error: { code: "not_attempted", detail: { key: first } },
    });
    expect(await send(peer, "a", first)).toMatchObject({ ok: true, seq: 1 });
    expect(await send(peer, "b", second)).toMatchObject({ ok: true, seq: 2 });
  });

  it("over the bound are refused as busy", async () => {
    await start({ sessionCommandsMax: 2 });
    const { promise, resolve } = Promise.withResolvers<void>();
    history.gate = promise;
    const peer = await connect(ann);
    const acks = ["a", "b", "c", "d"].map((text) => send(peer, text));
    expect(await acks[3]).toMatchObject({ error: { code: "busy" } });
    resolve();
    expect((await Promise.all(acks.slice(0, 3))).every((ack) => ack.ok)).toBe(true);
  });
});

describe("a drain", () => {
  it("tells everybody when to go, lets nobody in, finishes what is in flight, and closes who stays", async () => {
    await start({ drainMs: 400 });
    const [goes, stays] = await Promise.all([connect(ann), connect(bob)]);
    const { promise, resolve } = Promise.withResolvers<void>();
    history.gate = promise;
    const inFlight = send(stays, "last words");
    const drained = gateway.drain();
    expect((await goes.next("drain")).afterMs).toBeLessThan((await stays.next("drain")).afterMs + 400);
    await expect(RawWebSocket.connect(gateway.url)).rejects.toMatchObject({ status: 503 });
    goes[Symbol.dispose]();
    resolve();
    expect((await inFlight).ok).toBe(true);
    expect(await closing(stays)).toBe("drain");
    await drained;
    await stays.ended;
  });
});
