import type { RoomEvent, RoomId } from "@parley/protocol";
import { SeededRandom, type SocketIoPeer, testSeed } from "@parley/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { figure, type Person, World } from "./src/world.ts";

const rounds = 30;

describe("a removal", () => {
  const random = new SeededRandom(testSeed());
  let world: World;
  let owner: Person;
  let member: Person;
  let witness: SocketIoPeer;
  beforeAll(async () => {
    figure(`seed ${random.seed}`);
    world = await World.start();
    [owner, member] = (await world.people("Owner", "Member")) as [Person, Person];
    witness = await world.peer(owner);
    return () => world[Symbol.asyncDispose]();
  });

  const eventsOf = (peer: SocketIoPeer, room: RoomId): RoomEvent[] =>
    peer.received.flatMap(({ event, payload }) => {
      if (event !== "events") return [];
      const run = payload as { readonly room: RoomId; readonly events: readonly RoomEvent[] };
      return run.room === room ? run.events : [];
    });

  /** Writes once more, and waits until that has gone to everyone on the node who may have it. */
  async function afterwards(room: RoomId, peer: SocketIoPeer): Promise<void> {
    const { seq } = await owner.rest.post(room, "after the removal");
    await witness.next("events", (run) => run.room === room && run.events.some((event) => event.seq === seq));
    if (peer.socket.open) await peer.ask("rooms", {});
  }

  async function watchedRoom(): Promise<RoomId> {
    const room = await world.room(owner, member);
    await witness.ask("join", { rooms: [{ room }] });
    return room;
  }

  /** Lets others go first, for some turns of the event loop. */
  async function hesitate(turnsMax = 20): Promise<void> {
    for (let turns = random.between(0, turnsMax); turns > 0; turns -= 1) {
      await new Promise<void>((done) => setImmediate(done));
    }
  }

  test.each(["remove", "ban"] as const)(
    "wins or loses against a join, and nothing follows it (%s)",
    async (how) => {
      let joinedFirst = 0;
      for (let round = 0; round < rounds; round += 1) {
        const room = await watchedRoom();
        using peer = await world.peer(member);
        const [joined] = await Promise.all([
          hesitate(400).then(() => peer.ask("join", { rooms: [{ room, cursor: { epoch: 1, seq: 0 } }] })),
          hesitate().then(() => owner.rest[how === "ban" ? "ban" : "removeMember"](room, member.userId)),
        ]);
        await afterwards(room, peer);
        const { events } = await owner.rest.log(room);
        const removal = events.find(
          (event) => event.kind === "member.removed" || event.kind === "member.banned",
        );
        const own = joined.ok ? joined.rooms[0] : undefined;
        if (own?.ok === true) joinedFirst += 1;
        else expect(own?.error.code).toMatch(/^(not_member|banned)$/u);
        const caughtUp = own?.ok === true ? (own.events ?? []) : [];
        const received = [...caughtUp, ...eventsOf(peer, room)].map(({ seq }) => seq);
        expect(Math.max(0, ...received)).toBeLessThanOrEqual(removal?.seq ?? 0);
      }
      figure(`${joinedFirst} of ${rounds} joins came before the ${how === "ban" ? "ban" : "removal"}`);
    },
  );

  test.each(["remove", "ban"] as const)(
    "puts every send before it or refuses it for ever (%s)",
    async (how) => {
      let before = 0;
      let refused = 0;
      for (let round = 0; round < rounds; round += 1) {
        const room = await watchedRoom();
        using peer = await world.peerIn(member, room);
        const keys = Array.from({ length: 6 }, () => crypto.randomUUID());
        const sends = keys.map(async (key, index) => {
          for (let turn = 0; turn < index; turn += 1) await hesitate();
          return peer.ask("send", { room, key, text: key });
        });
        const removing = Promise.all(sends.slice(0, random.between(0, 4)))
          .then(() => hesitate())
          .then(() => owner.rest[how === "ban" ? "ban" : "removeMember"](room, member.userId));
        const answers = await Promise.all(sends);
        await removing;
        await afterwards(room, peer);
        const { events } = await owner.rest.log(room);
        const removal = events.find(
          (event) => event.kind === "member.removed" || event.kind === "member.banned",
        );
        for (const [index, answer] of answers.entries()) {
          const stored = events.find((event) => event.key === keys[index]);
          if (answer.ok) {
            before += 1;
            expect(stored?.seq).toBe(answer.seq);
            expect(answer.seq).toBeLessThan(removal?.seq ?? 0);
          } else {
            refused += 1;
            expect(answer.error.code).toMatch(/^(not_member|banned|not_attempted)$/u);
            expect(stored).toBe(undefined);
          }
        }
        expect(Math.max(0, ...eventsOf(peer, room).map(({ seq }) => seq))).toBeLessThanOrEqual(
          removal?.seq ?? 0,
        );
        const late = await member.rest.request("POST", `/v1/rooms/${room}/messages`, {
          body: { text: "too late" },
          key: crypto.randomUUID(),
        });
        expect(late.status).toBe(403);
      }
      figure(`${before} sends came before, ${refused} were refused`);
      expect(before).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
    },
  );

  test("leaves a send that was stored before a ban its first answer, by socket, by REST and after a restart", async () => {
    const room = await world.room(owner, member);
    const key = crypto.randomUUID();
    const again = { room, key, text: "before the ban" };
    const first = await (await world.peer(member)).ask("send", again);
    expect(first.ok).toBe(true);
    await owner.rest.ban(room, member.userId);
    const retried = await (await world.peer(member)).ask("send", again);
    expect(retried).toMatchObject({ ...first, replayed: true });
    await world.killAndRestart();
    const later = await (await world.peer(member)).ask("send", again);
    expect(later).toMatchObject({ ...first, replayed: true });
    const byRest = await member.rest.request("POST", `/v1/rooms/${room}/messages`, {
      body: { text: "before the ban" },
      key,
    });
    expect([byRest.status, byRest.headers.get("idempotency-replayed")]).toEqual([200, "true"]);
    const other = await (await world.peer(member)).ask("send", { ...again, key: crypto.randomUUID() });
    expect(other).toMatchObject({ ok: false, error: { code: "banned" } });
  });
});
