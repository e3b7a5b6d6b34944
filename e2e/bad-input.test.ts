import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { closeCodes, errorCodes, limitVariable, type Problem, type RoomId } from "@parley/protocol";
import {
  ConnectRefused,
  frame,
  opcodes,
  RawWebSocket,
  RestClient,
  SocketIoPeer,
  UpgradeRefused,
} from "@parley/testing";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { hostileInputs } from "./src/hostile-frames.ts";
import { claimsOf, secondsFromNow, signedToken } from "./src/signed-token.ts";
import { figure, type Person, World } from "./src/world.ts";

const closeDeadlineMs = 20_000;
const handshakeMs = 1_000;
const laggingMs = 2_000;
const catalogue: readonly string[] = [...errorCodes, ...closeCodes];

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("bad input", () => {
  let world: World;
  let ada: Person;
  let room: RoomId;
  beforeAll(async () => {
    world = await World.start({
      env: {
        [limitVariable("handshakeMs")]: String(handshakeMs),
        [limitVariable("sessionLaggingMs")]: String(laggingMs),
      },
    });
    ada = await world.person("Ada");
    room = await world.room(ada);
    return () => world[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    expect(world.server.running).toBe(true);
    using peer = await world.peer(ada);
    expect(await peer.ask("send", { room, key: crypto.randomUUID(), text: "still here" })).toMatchObject({
      ok: true,
    });
  });

  /** Whether the connection ends in time. */
  const ends = (socket: { readonly ended: Promise<unknown> }) =>
    Promise.race([socket.ended.then(() => true), pause(closeDeadlineMs, false, { ref: false })]);

  test.each(hostileInputs)("over a socket: $name ($outcome)", async ({ send, outcome }) => {
    using peer = await world.peer(ada);
    send(peer.socket);
    if (outcome === "closes") {
      expect(await ends(peer)).toBe(true);
      return;
    }
    const answered = peer.ask("rooms", {}).then(
      (answer) => answer.ok,
      () => "closed",
    );
    expect([true, "closed"]).toContain(await Promise.race([answered, ends(peer).then(() => "closed")]));
  });

  test.each([
    ["a room that is no id", "join", { rooms: [{ room: "no id" }] }],
    ["no rooms", "join", { rooms: [] }],
    ["too many rooms", "join", { rooms: Array.from({ length: 501 }, (_, index) => ({ room: `r${index}` })) }],
    ["a cursor below zero", "join", { rooms: [{ room: "r", cursor: { epoch: 1, seq: -1 } }] }],
    ["a room nobody knows", "send", { room: "r_nowhere", key: "k", text: "t" }],
    ["the reserved room", "send", { room: "s_revocations", key: "k", text: "t" }],
    ["an empty text", "send", { room: "r", key: "k", text: "" }],
    ["a text too long", "send", { room: "r", key: "k", text: "x".repeat(8_001) }],
    ["a key that is no id", "send", { room: "r", key: "no id", text: "t" }],
    ["an unknown field", "send", { room: "r", key: "k", text: "t", colour: "red" }],
    ["a payload that is null", "send", null],
    ["a payload that is a list", "rooms", [[]]],
    ["a limit too large", "history", { room: "r", limit: 201 }],
    ["a command without a kind", "command", { room: "r", key: "k" }],
    ["a command of the service's own", "command", { room: "r", key: "k", kind: "access.revoke" }],
    ["a status nobody knows", "presence.set", { status: "asleep" }],
    [
      "too many users to watch",
      "presence.watch",
      { users: Array.from({ length: 2_001 }, (_, n) => `u${n}`) },
    ],
    ["a token that is none", "auth.refresh", { token: "none" }],
  ] as const)("in a payload: %s gets an error of the catalogue", async (_, event, payload) => {
    using peer = await world.peer(ada);
    const answer = await peer.ask(event, payload);
    if (event === "join" && answer.ok && "rooms" in answer) {
      expect(answer.rooms.map((one) => one.ok)).not.toContain(true);
    } else {
      expect(answer.ok ? "accepted" : errorCodes).toContain(answer.ok ? "an error" : answer.error.code);
    }
  });

  const forged = (token: string): readonly (readonly [string, string])[] => {
    const [header = "", claims = "", signature = ""] = token.split(".");
    return [
      ["empty", "x"],
      ["random", randomBytes(40).toString("base64url")],
      ["a bot token nobody was given", `pb_${randomBytes(24).toString("base64url")}`],
      ["another signature", `${header}.${claims}.${Buffer.from(signature).toReversed().toString()}`],
      ["no signature", `${header}.${claims}.`],
      ["algorithm none", `${base64({ alg: "none", typ: "JWT" })}.${claims}.`],
      ["another subject", `${header}.${base64({ ...claimsOf(token), sub: "somebody" })}.${signature}`],
      ["signed with a guess", signedToken({ ...claimsOf(token), exp: secondsFromNow(600) }, "secret")],
      ["eight kilobytes", "x".repeat(8_192)],
    ];
  };

  test("in a token: every forgery is refused, by socket and by REST", async () => {
    for (const [name, token] of forged(ada.token)) {
      const refused = await SocketIoPeer.connect(world.url, token).catch((error: unknown) => error);
      expect(refused, name).toBeInstanceOf(ConnectRefused);
      expect(catalogue, name).toContain((refused as ConnectRefused).refusal.code);
      const answer = await new RestClient(world.url, token).request<Problem>("GET", "/v1/me/rooms");
      expect([answer.status, answer.body.code], name).toEqual([401, "unauthorized"]);
    }
  });

  test("in a token: none at all is refused, and a query string is no place for one", async () => {
    using peer = await SocketIoPeer.open(world.url, {
      path: `/socket.io/?EIO=4&transport=websocket&token=${ada.token}`,
    });
    await expect(peer.authenticate({})).rejects.toBeInstanceOf(Error);
    const answer = await new RestClient(world.url).request<Problem>("GET", `/v1/me/rooms?token=${ada.token}`);
    expect(answer.status).toBe(401);
  });

  test("in CONNECT: an `auth` that is no object, or a megabyte of it, is refused", async () => {
    for (const auth of [7, "text", [], { token: 7 }, { token: ada.token, extra: true }]) {
      using peer = await SocketIoPeer.open(world.url);
      await expect(peer.authenticate(auth)).rejects.toBeInstanceOf(Error);
    }
    using peer = await SocketIoPeer.open(world.url);
    await expect(peer.authenticate({ token: "x".repeat(1_000_000) })).rejects.toBeInstanceOf(Error);
  });

  test("in the handshake: a foreign origin is refused before the upgrade, none is let in", async () => {
    const foreign = RawWebSocket.connect(world.url, { headers: { Origin: "https://evil.example" } });
    await expect(foreign).rejects.toBeInstanceOf(UpgradeRefused);
    using none = await RawWebSocket.connect(world.url);
    expect(none.open).toBe(true);
  });

  test("in the handshake: who says nothing is closed", async () => {
    const startedMs = performance.now();
    using silent = await SocketIoPeer.open(world.url);
    expect(await ends(silent)).toBe(true);
    figure(`a silent peer is closed after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  });

  test("in the handshake: long polling is not served", async () => {
    const answer = await new RestClient(world.url).request("GET", "/socket.io/?EIO=4&transport=polling");
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test("from a peer that floods pings: the server does not keep the answers", async () => {
    using peer = await world.peer(ada);
    peer.socket.pause();
    const before = await world.server.residentBytes();
    const pings = Buffer.concat(
      Array.from({ length: 1_000 }, () => frame("x".repeat(125), { opcode: opcodes.ping })),
    );
    let sent = 0;
    for (; sent < 300 && peer.socket.open; sent += 1) {
      peer.socket.sendBytes(pings);
      await Promise.race([peer.socket.drained(), pause(200, undefined, { ref: false })]);
    }
    const grown = ((await world.server.residentBytes()) - before) / 2 ** 20;
    figure(
      `${sent},000 pings unread: ${grown.toFixed(0)} MiB more memory, ${peer.socket.open ? "open" : "closed"}`,
    );
    expect(grown).toBeLessThan(100);
  });

  test("from a peer that never reads: it is closed, others are served, nothing is kept without a bound", async () => {
    const [bob] = await world.people("Bob");
    const crowd = await world.room(ada, bob!);
    using deaf = await world.peerIn(bob!, crowd);
    using adas = await world.peerIn(ada, crowd);
    deaf.socket.pause();
    const before = await world.server.residentBytes();
    const text = "x".repeat(8_000);
    let sent = 0;
    const startedMs = performance.now();
    while (deaf.socket.open && performance.now() - startedMs < closeDeadlineMs) {
      const answer = await adas.ask("send", { room: crowd, key: crypto.randomUUID(), text });
      expect(answer.ok).toBe(true);
      // Who reads nothing learns of the end by writing.
      deaf.socket.send("", { opcode: opcodes.pong });
      sent += 1;
    }
    const grown = ((await world.server.residentBytes()) - before) / 2 ** 20;
    figure(`closed after ${sent} messages of 8 kB, ${grown.toFixed(0)} MiB more memory`);
    expect(deaf.socket.open).toBe(false);
    expect(grown).toBeLessThan(200);
  });
});

test("an expired token is refused, and its open socket is closed", async () => {
  const secret = "a secret of at least thirty-two bytes";
  await using world = await World.start({
    env: { PARLEY_AUTH_SECRET: secret, PARLEY_AUTH_CLOCK_TOLERANCE_S: "0" },
  });
  const token = signedToken({ sub: "ada", name: "Ada", exp: secondsFromNow(3) }, secret);
  using peer = await SocketIoPeer.connect(world.url, token);
  expect(await peer.next("revoked")).toEqual({ reason: "token_expired" });
  await peer.ended;
  const late = await SocketIoPeer.connect(world.url, token).catch((error: unknown) => error);
  expect((late as ConnectRefused).refusal.code).toBe("token_expired");
  const answer = await new RestClient(world.url, token).request<Problem>("GET", "/v1/me/rooms");
  expect([answer.status, answer.body.code]).toEqual([401, "token_expired"]);
  const endless = signedToken({ sub: "ada", name: "Ada" }, secret);
  const refused = await new RestClient(world.url, endless).request<Problem>("GET", "/v1/me/rooms");
  expect([refused.status, refused.body.code]).toEqual([401, "unauthorized"]);
});
