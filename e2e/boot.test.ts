import { beforeAll, describe, expect, test } from "vitest";
import { RestClient, ServerProcess, temporaryFolder } from "@parley/testing";
import { figure, World } from "./src/world.ts";

describe("a server on an empty folder", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
    return () => world[Symbol.asyncDispose]();
  });

  test("says `ready` with the address at which it serves", async () => {
    figure(`ready after ${world.server.readyAfterMs.toFixed(0)} ms`);
    const rest = new RestClient(world.server.url);
    expect((await rest.request("GET", "/healthz")).status).toBe(200);
    expect((await rest.request("GET", "/readyz")).status).toBe(200);
  });

  test("takes a guest's message and delivers it live to another member", async () => {
    const [ada, bob] = await world.people("Ada", "Bob");
    const room = await world.room(ada!, bob!);
    using adas = await world.peerIn(ada!, room);
    using bobs = await world.peerIn(bob!, room);
    const startedMs = performance.now();
    const ack = await adas.ask("send", { room, key: crypto.randomUUID(), text: "hello" });
    expect(ack).toMatchObject({ ok: true, n: 1 });
    const seq = ack.ok ? ack.seq : 0;
    const { events } = await bobs.next("events", (payload) =>
      payload.events.some((event) => event.seq === seq),
    );
    figure(`acknowledged and delivered after ${(performance.now() - startedMs).toFixed(1)} ms`);
    expect(events.find((event) => event.seq === seq)).toMatchObject({
      kind: "message.created",
      author: ada!.userId,
      text: "hello",
    });
  });

  test("keeps its folder to itself: a second server refuses to start on it", async () => {
    const second = ServerProcess.start({ dataDir: world.dataDir }).then((server) => server.kill());
    await expect(second).rejects.toThrow("two may not share it");
    expect(world.server.running).toBe(true);
  });
});

test.each(["stopped", "killed"] as const)(
  "everything is still there after the server was %s",
  async (how) => {
    await using world = await World.start();
    const [ada, bob] = await world.people("Ada", "Bob");
    const room = await world.room(ada!, bob!);
    for (const text of ["one", "two", "three"]) await ada!.rest.post(room, text);
    await bob!.rest.call("POST", `/v1/rooms/${room}/read`, { body: { seq: 3 } });
    const before = {
      log: await bob!.rest.log(room),
      messages: await bob!.rest.messages(room),
      rooms: await bob!.rest.myRooms(),
    };
    if (how === "stopped") expect(await world.stopAndRestart()).toBe(0);
    else figure(`killed, and served again after ${(await world.killAndRestart()).toFixed(0)} ms`);
    const after = {
      log: await bob!.rest.log(room),
      messages: await bob!.rest.messages(room),
      rooms: await bob!.rest.myRooms(),
    };
    expect(after).toEqual(before);
    expect(after.messages.map(({ text }) => text)).toEqual(["one", "two", "three"]);
    expect(after.rooms).toMatchObject([{ room, mark: 3, unread: 1 }]);
  },
);

test("production refuses planted faults", async () => {
  await using folder = await temporaryFolder();
  const start = ServerProcess.start({
    dataDir: folder.path,
    faults: ["drop-live"],
    env: { PARLEY_ENV: "production" },
  });
  await expect(start).rejects.toThrow(/planted faults in production/u);
});
