import type { Problem } from "@parley/protocol";
import { ConnectRefused, RestClient, SocketIoPeer } from "@parley/testing";
import { describe, expect, test } from "vitest";
import { secondsFromNow, signedToken } from "./src/signed-token.ts";
import { figure, type Person, World } from "./src/world.ts";

const promisedMs = 1_000;
/** Machines are noisy: three times what is promised fails. */
const toleratedMs = 3 * promisedMs;

/** Revokes, and says after how many ms the socket that lived by it was told and closed. */
async function revokedAfter(peer: SocketIoPeer, revoke: () => Promise<unknown>): Promise<number> {
  const told = peer.next("revoked");
  const startedMs = performance.now();
  await revoke();
  expect(await told).toEqual({ reason: "token_revoked" });
  await peer.ended;
  return performance.now() - startedMs;
}

async function expectDead(world: World, person: Pick<Person, "token">): Promise<void> {
  const refused = await SocketIoPeer.connect(world.url, person.token).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConnectRefused);
  expect((refused as ConnectRefused).refusal.code).toBe("token_revoked");
  const answer = await new RestClient(world.url, person.token).request<Problem>("GET", "/v1/me/rooms");
  expect([answer.status, answer.body.code]).toEqual([401, "token_revoked"]);
}

describe("a revoked access", () => {
  test("of a user ends all their sockets within a second, and stays dead after a restart", async () => {
    await using world = await World.start();
    const [ada, bob] = await world.people("Ada", "Bob");
    const room = await world.room(ada!, bob!);
    using phone = await world.peerIn(ada!, room);
    using laptop = await world.peerIn(ada!, room);
    const laptopEnded = laptop.ended;
    const tookMs = await revokedAfter(phone, () =>
      ada!.rest.call("POST", "/v1/revocations", { body: { user: ada!.userId } }),
    );
    await laptopEnded;
    figure(`closed after ${tookMs.toFixed(0)} ms`);
    expect(tookMs).toBeLessThan(toleratedMs);
    await bob!.rest.post(room, "without Ada");
    await expectDead(world, ada!);
    await world.killAndRestart();
    await expectDead(world, ada!);
    expect(await bob!.rest.myRooms()).toHaveLength(1);
  });

  test("of a bot's token ends its socket, not the bot", async () => {
    await using world = await World.start();
    const owner = await world.person("Owner");
    const bot = await owner.rest.bot("Bot", ["rooms:read", "messages:write"]);
    const second = await owner.rest.call<{ readonly token: string }>(
      "POST",
      `/v1/bots/${bot.userId}/tokens`,
      {
        body: {},
        key: crypto.randomUUID(),
      },
    );
    using peer = await SocketIoPeer.connect(world.url, bot.token);
    const tookMs = await revokedAfter(peer, () =>
      owner.rest.call("DELETE", `/v1/bots/${bot.userId}/tokens/${bot.tokenId}`),
    );
    figure(`closed after ${tookMs.toFixed(0)} ms`);
    expect(tookMs).toBeLessThan(toleratedMs);
    await expectDead(world, bot);
    await world.killAndRestart();
    await expectDead(world, bot);
    expect(await new RestClient(world.url, second.token).call("GET", "/v1/me/rooms")).toEqual({ items: [] });
  });

  test("of one session ends that one only; it takes an administrator", async () => {
    const secret = "a secret of at least thirty-two bytes";
    await using world = await World.start({ env: { PARLEY_AUTH_SECRET: secret } });
    const ada = await world.person("Ada");
    using phone = await world.peer(ada);
    using laptop = await world.peer(ada);
    const { sessionId } = await phone.next("hello");
    const revoke = { body: { session: sessionId } };
    const own = await ada.rest.request<Problem>("POST", "/v1/revocations", revoke);
    expect([own.status, own.body.code]).toEqual([403, "scope_missing"]);
    const claims = { sub: "admin", name: "Admin", scope: "admin", exp: secondsFromNow(600) };
    const admin = new RestClient(world.url, signedToken(claims, secret));
    const tookMs = await revokedAfter(phone, () => admin.call("POST", "/v1/revocations", revoke));
    expect(tookMs).toBeLessThan(toleratedMs);
    expect(await laptop.ask("rooms", {})).toMatchObject({ ok: true });
    using again = await world.peer(ada);
    expect(await again.ask("rooms", {})).toMatchObject({ ok: true });
  });

  test("races with connecting: no socket outlives it", async () => {
    await using world = await World.start();
    let refused = 0;
    for (let round = 0; round < 20; round += 1) {
      const ada = await world.person("Ada");
      const connecting = Array.from({ length: 4 }, () =>
        SocketIoPeer.connect(world.url, ada.token).catch((error: unknown) => error),
      );
      await ada.rest.call("POST", "/v1/revocations", { body: { user: ada.userId } });
      for (const peer of await Promise.all(connecting)) {
        if (peer instanceof SocketIoPeer) await peer.ended;
        else refused += 1;
      }
      await expectDead(world, ada);
    }
    figure(`${refused} of 80 were refused, the others closed`);
  });
});
