import { frame, opcodes, SocketIoPeer } from "@parley/testing";
import { describe, expect, it } from "vitest";
import {
  ann,
  bob,
  closing,
  connect,
  gateway,
  key,
  room,
  send,
  stack,
  start,
  token,
} from "./testing/service-fixture.ts";

describe("what a user may ask for in a time", () => {
  const refused = { error: { code: "rate_limited" } };

  it("includes watching: the roster is asked for each user", async () => {
    await start({ userReadsPerTenSeconds: 2 });
    const peer = await connect(ann);
    const watch = () => peer.ask("presence.watch", { users: [bob] });
    expect([await watch(), await watch()]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await watch()).toMatchObject(refused);
  });

  it("counts a join by its rooms", async () => {
    await start({ userReadsPerTenSeconds: 4 });
    const peer = await connect(ann);
    const join = () => peer.ask("join", { rooms: Array.from({ length: 40 }, () => ({ room })) });
    expect(await join()).toMatchObject({ ok: true });
    expect(await join()).toMatchObject(refused);
  });

  it("includes fresh tokens", async () => {
    await start({ userCommandsPerTenSeconds: 1 });
    const peer = await connect(ann);
    const refresh = () => peer.ask("auth.refresh", { token: token(ann) });
    expect(await refresh()).toMatchObject({ ok: true });
    expect(await refresh()).toMatchObject(refused);
  });

  it("passes on so much typing of a user, from however many sessions", async () => {
    await start();
    const typists = await Promise.all(Array.from({ length: 4 }, () => connect(ann)));
    const reader = await connect(bob);
    for (const peer of [...typists, reader]) await peer.ask("join", { rooms: [{ room }] });
    const typing = () => typists.map((peer) => peer.ask("typing", { room, on: true }));
    await Promise.all(Array.from({ length: 30 }, typing).flat());
    await send(typists[0]!, "done");
    await reader.next("events");
    expect(reader.received.filter(({ event }) => event === "typing")).toHaveLength(60);
  });
});

describe("what the protocol does not allow", () => {
  it.each([
    ["an unknown event", "foo", {}],
    ["no payload", "send", undefined],
    ["an unknown field", "send", { room, key: "k", text: "x", admin: true }],
    ["a lone surrogate", "send", { room, key: "k", text: "\ud800" }],
    ["the wrong type", "join", { rooms: "lobby" }],
    ["a name of the language's own", "__proto__", {}],
  ])("is answered bad_request: %s", async (_, event, payload) => {
    await start();
    const peer = await connect(ann);
    expect(await peer.ask(event as "send", payload)).toMatchObject({ error: { code: "bad_request" } });
  });

  it("closes the session when there is too much of it", async () => {
    await start();
    const peer = await connect(ann);
    for (let count = 0; count < 60; count += 1) peer.packet('42["nonsense"]');
    expect(await closing(peer)).toBe("protocol_violation");
    await peer.ended;
  });

  it.each([
    ["an event that is no list", "42{}"],
    ["a reserved event", '42["connect"]'],
    ["an event named error", '42["error"]'],
    ["a name that is an object", '42[{"toString":1}]'],
    ["a name that is a number", "42[1]"],
    ["an event without a name", "42[]"],
    ["a name of the language's own", '42["__proto__"]'],
    ["another one", '42["constructor",{}]'],
    ["a disconnect as an event", '42["disconnect"]'],
    ["an attachment that does not come", '451-["a",{"_placeholder":true,"num":9}]'],
    ["many attachments", '459999-["a"]'],
    ["another namespace", "40/ns"],
    ["a second CONNECT", "40"],
    ["a DISCONNECT", "41"],
    ["a CONNECT_ERROR", "44{}"],
    ["an answer to nothing", '4399999999999999999999["x"]'],
    ["a huge acknowledgement id", '42999999999999999999999999["send",{}]'],
    ["unclosed brackets", "42" + "[".repeat(30_000)],
    ["deep JSON", `42["send",${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}]`],
    ["a heartbeat in the wrong direction", "2"],
    ["an unknown packet", "9"],
    ["an empty packet", ""],
    ["a zero byte", "\u0000"],
  ])("does not bring the node down: %s", async (_, packet) => {
    await start();
    const hostile = await connect(ann);
    hostile.packet(packet);
    hostile.socket.send(Buffer.of(0xff, 0xfe), { opcode: opcodes.binary });
    await hostile.ended;
    expect((await send(await connect(bob), "all is well")).ok).toBe(true);
  });

  it("is a second session on one connection", async () => {
    await start();
    const peer = stack.use(await SocketIoPeer.open(gateway.url));
    for (const user of [ann, bob]) peer.packet(`40${JSON.stringify({ token: token(user) })}`);
    await expect(peer.ended).resolves.toBeDefined();
  });

  it("is a connection without a session: leaving the namespace ends it", async () => {
    await start();
    const peer = await connect(ann);
    peer.packet("41");
    await expect(peer.ended).resolves.toBeDefined();
  });

  it("is asking for anything after that", async () => {
    await start();
    const peer = await connect(ann);
    const goodbye = [
      frame("41"),
      frame(`420${JSON.stringify(["send", { room, key: key(), text: "late" }])}`),
    ];
    peer.socket.sendBytes(Buffer.concat(goodbye));
    await peer.ended;
    const other = await connect(bob);
    expect(await send(other, "the first")).toMatchObject({ ok: true, n: 1 });
  });

  it("bounds who asks to connect again and again on one connection", async () => {
    await start();
    const peer = stack.use(await SocketIoPeer.open(gateway.url));
    for (let count = 0; count < 100; count += 1) peer.packet('40{"token":"nonsense"}');
    await expect(peer.ended).resolves.toBeDefined();
  });
});
