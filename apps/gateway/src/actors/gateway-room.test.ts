import { defaultLimits } from "@parley/protocol";
import { FakeClock, settle } from "@parley/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { noFaults, type PlantedFault } from "../domain/faults.ts";
import { GatewayRoom } from "./gateway-room.ts";
import type { Seat } from "./listener.ts";
import { roomParts } from "./testing/room-parts.ts";
import { ann, bob, FakeListener, message, room, ScriptedRoom } from "./testing/scripted-room.ts";

const { repairMs } = defaultLimits;

let world: ScriptedRoom;
let clock: FakeClock;
let gatewayRoom: GatewayRoom;

function open(faults: ReadonlySet<PlantedFault> = noFaults, sliceSize = 1_000): void {
  world = new ScriptedRoom();
  clock = new FakeClock();
  gatewayRoom = new GatewayRoom(room, roomParts(world, clock, { faults, sliceSize }));
}

const wish = { cursor: undefined, bytesMax: 1_000 };

/** Joins and has its answer out. */
async function seated(listener: FakeListener): Promise<Seat> {
  const { seat } = await gatewayRoom.join(listener, wish);
  gatewayRoom.acknowledged(seat!);
  return seat!;
}

/** Lets `join` wait for its answer until the returned function is called. */
function holdAnswers(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  world.answers = promise;
  return resolve;
}

beforeEach(() => open());

describe("a session that joins", () => {
  it("gets what comes after the head that its answer names, and nothing before", async () => {
    world.say(3);
    const listener = new FakeListener(ann);
    const { answer, seat } = await gatewayRoom.join(listener, wish);
    expect(answer).toMatchObject({ ok: true, head: 3 });
    gatewayRoom.acknowledged(seat!);
    world.say(2);
    expect(listener.got).toEqual([4, 5]);
  });

  it("gets entries that pass while its answer is on the way after the answer, in order", async () => {
    const first = new FakeListener(bob);
    await seated(first);
    const release = holdAnswers();
    const listener = new FakeListener(ann);
    const joining = gatewayRoom.join(listener, wish);
    await settle();
    world.say(2);
    release();
    const { answer, seat } = await joining;
    world.say(1);
    expect(answer).toMatchObject({ head: 0 });
    expect(listener.got).toEqual([]);
    gatewayRoom.acknowledged(seat!);
    expect(listener.got).toEqual([1, 2, 3]);
    expect(first.got).toEqual([1, 2, 3]);
  });

  it("is refused as its owner says", async () => {
    world.members.delete(ann);
    const { answer, seat } = await gatewayRoom.join(new FakeListener(ann), wish);
    expect(answer).toMatchObject({ ok: false, error: { code: "not_member" } });
    expect(seat).toBeUndefined();
    expect(gatewayRoom.idle).toBe(true);
  });

  it("gets no seat when it has ended meanwhile", async () => {
    const listener = new FakeListener(ann);
    const joining = gatewayRoom.join(listener, wish);
    listener.open = false;
    await joining;
    expect(gatewayRoom.idle).toBe(true);
  });

  it("with a prefix gets live entries only once it has pulled the rest", async () => {
    world.say(5);
    const listener = new FakeListener(ann);
    const { answer, seat } = await gatewayRoom.join(listener, { cursor: { epoch: 1, seq: 0 }, bytesMax: 2 });
    expect(answer).toMatchObject({ more: true });
    gatewayRoom.acknowledged(seat!);
    world.say(1);
    gatewayRoom.pulled(seat!, { epoch: 1, last: 4, head: 6 });
    expect(listener.got).toEqual([]);
    world.say(1);
    gatewayRoom.pulled(seat!, { epoch: 1, last: 6, head: 6 });
    expect(listener.got).toEqual([7]);
  });

  it("with a prefix and pulled past what is known here gets nothing twice", async () => {
    world.say(3);
    const listener = new FakeListener(ann);
    const { seat } = await gatewayRoom.join(listener, { cursor: { epoch: 1, seq: 0 }, bytesMax: 2 });
    gatewayRoom.acknowledged(seat!);
    world.say(2, { lost: true });
    world.ownerAway = true;
    gatewayRoom.pulled(seat!, { epoch: 1, last: 5, head: 5 });
    world.say(1, { lost: true });
    world.ownerAway = false;
    world.pulse();
    await clock.advance(200);
    expect(listener.got).toEqual([6]);
  });

  it("with a prefix is told the head when it does not pull", async () => {
    world.say(5);
    const listener = new FakeListener(ann);
    const { seat } = await gatewayRoom.join(listener, { cursor: { epoch: 1, seq: 0 }, bytesMax: 2 });
    gatewayRoom.acknowledged(seat!);
    world.say(1);
    await clock.advance(30_000);
    expect(listener.got).toEqual(["head 6 n 6"]);
  });
});

describe("a removal", () => {
  it("is the last that the removed one gets, in all their sessions", async () => {
    const [one, two, other] = [new FakeListener(bob), new FakeListener(bob), new FakeListener(ann)];
    for (const listener of [one, two, other]) await seated(listener);
    world.say(1);
    world.ban(bob);
    world.say(1);
    expect([one.got, two.got, other.got]).toEqual([
      [1, 2, "unseated"],
      [1, 2, "unseated"],
      [1, 2, 3],
    ]);
  });

  it("beats an answer that was computed before it", async () => {
    await seated(new FakeListener(ann));
    const release = holdAnswers();
    const listener = new FakeListener(bob);
    const joining = gatewayRoom.join(listener, wish);
    await settle();
    world.ban(bob);
    release();
    expect((await joining).answer).toMatchObject({ ok: false, error: { code: "not_member" } });
    world.say(1);
    expect(listener.got).toEqual([]);
  });

  it("that passes before the answer is out is shown right after it", async () => {
    const listener = new FakeListener(bob);
    const { seat } = await gatewayRoom.join(listener, wish);
    world.say(1);
    world.ban(bob);
    world.say(1);
    expect(listener.got).toEqual([]);
    gatewayRoom.acknowledged(seat!);
    expect(listener.got).toEqual([1, 2, "unseated"]);
  });

  it("takes no seat from one who is a member again by the time it is written everywhere", async () => {
    open(noFaults, 1);
    const listeners = [new FakeListener(ann), new FakeListener(bob)];
    for (const listener of listeners) await seated(listener);
    world.ban(bob);
    world.members.add(bob);
    const again = new FakeListener(bob);
    const joining = gatewayRoom.join(again, wish);
    await joining.then(({ seat }) => gatewayRoom.acknowledged(seat!));
    await settle();
    await settle();
    world.say(1);
    await settle();
    await settle();
    await settle();
    expect(again.got).toEqual([2]);
    expect(listeners[1]!.got).toEqual([1, "unseated"]);
  });

  it("from before the answer, of which the room here learns only now, takes no seat", async () => {
    await seated(new FakeListener(ann));
    world.ban(bob, { lost: true });
    world.members.add(bob);
    world.say(1, { lost: true });
    const listener = new FakeListener(bob);
    await seated(listener);
    await settle();
    world.say(1);
    expect(listener.got).toEqual([3]);
  });

  it("takes no seat that was given up for a newer one before it was written everywhere", async () => {
    open(noFaults, 1);
    await seated(new FakeListener(ann));
    const listener = new FakeListener(bob);
    const former = await seated(listener);
    world.ban(bob);
    world.members.add(bob);
    const { seat } = await gatewayRoom.join(listener, wish);
    gatewayRoom.leave(former);
    gatewayRoom.acknowledged(seat!);
    for (let turns = 0; turns < 5; turns += 1) await settle();
    world.say(1);
    for (let turns = 0; turns < 5; turns += 1) await settle();
    expect(listener.got).toEqual([2]);
  });

  it("that was lost is not passed over: nothing goes out until it is known", async () => {
    const listener = new FakeListener(bob);
    await seated(listener);
    const release = holdAnswers();
    world.ban(bob, { lost: true });
    world.say(2);
    expect(listener.got).toEqual([]);
    release();
    await settle();
    expect(listener.got).toEqual([1, "unseated"]);
  });

  it("is ignored under the planted fault, so that a check must find it", async () => {
    open(new Set(["deliver-after-removal"]));
    const listener = new FakeListener(bob);
    await seated(listener);
    world.ban(bob);
    world.say(1);
    expect(listener.got).toEqual([1, 2]);
  });
});

describe("a hole", () => {
  it("is closed by one question, whoever sits in the room", async () => {
    const listeners = [new FakeListener(ann), new FakeListener(bob)];
    for (const listener of listeners) await seated(listener);
    world.say(2, { lost: true });
    world.say(3);
    await settle();
    expect(listeners.map(({ got }) => got)).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
    expect(world.asked.filter((op) => op === "run")).toHaveLength(1);
  });

  it("is closed for one who came meanwhile from where their answer ended", async () => {
    const first = new FakeListener(bob);
    await seated(first);
    world.say(2, { lost: true });
    const release = holdAnswers();
    const listener = new FakeListener(ann);
    const joining = gatewayRoom.join(listener, wish);
    await settle();
    world.ownerAway = true;
    release();
    gatewayRoom.acknowledged((await joining).seat!);
    world.say(2, { lost: true });
    world.ownerAway = false;
    await clock.advance(200);
    expect(first.got).toEqual([1, 2, 3, 4]);
    expect(listener.got).toEqual([3, 4]);
  });

  it("at the end of the room is shown by the pulse", async () => {
    const listener = new FakeListener(ann);
    await seated(listener);
    world.say(1, { lost: true });
    world.pulse();
    await settle();
    expect(listener.got).toEqual([1]);
  });

  it("is asked about again while the owner is away, and in time", async () => {
    const listener = new FakeListener(ann);
    await seated(listener);
    world.ownerAway = true;
    world.say(1, { lost: true });
    world.say(1);
    await clock.advance(1_000);
    world.ownerAway = false;
    await clock.advance(200);
    expect(listener.got).toEqual([1, 2]);
  });

  it("that cannot be closed in time ends the room here: everybody joins again", async () => {
    const listener = new FakeListener(ann);
    await seated(listener);
    world.ownerAway = true;
    world.say(1, { lost: true });
    world.say(1);
    await clock.advance(repairMs);
    expect(listener.got).toEqual(["unseated", "resync"]);
    expect(gatewayRoom.idle).toBe(true);
    world.ownerAway = false;
    const again = new FakeListener(ann);
    await seated(again);
    world.say(1);
    expect(again.got).toEqual([3]);
  });

  it("that is pretended away under the planted fault shows to the client", async () => {
    open(new Set(["skip-repair"]));
    const listener = new FakeListener(ann);
    await seated(listener);
    world.say(1, { lost: true });
    world.say(1);
    expect(listener.got).toEqual([2]);
  });
});

describe("an entry that comes twice or late", () => {
  it("is delivered once", async () => {
    const listener = new FakeListener(ann);
    await seated(listener);
    const entry = world.append([message(1)]);
    world.say(1);
    world.deliver(entry);
    expect(listener.got).toEqual([1, 2]);
  });
});

describe("another epoch", () => {
  it("is told before any of its events", async () => {
    const listener = new FakeListener(ann);
    await seated(listener);
    world.epoch = 2;
    world.say(1);
    expect(listener.got).toEqual(["unseated", "resync"]);
  });

  it("that comes before a join's answer is out is told after it", async () => {
    const listener = new FakeListener(ann);
    const { seat } = await gatewayRoom.join(listener, wish);
    world.epoch = 2;
    world.say(1);
    expect(listener.got).toEqual([]);
    expect(gatewayRoom.idle).toBe(false);
    gatewayRoom.acknowledged(seat!);
    expect(listener.got).toEqual(["unseated", "resync"]);
    expect(gatewayRoom.idle).toBe(true);
  });
});

describe("a session that lags", () => {
  it("gets the head of what it missed when it has drained", async () => {
    const listener = new FakeListener(ann);
    const seat = await seated(listener);
    listener.lagging = true;
    world.say(3);
    listener.lagging = false;
    gatewayRoom.drained(seat);
    expect(listener.got).toEqual(["head 3 n 3"]);
    world.say(1);
    expect(listener.got).toEqual(["head 3 n 3", 4]);
  });
});
